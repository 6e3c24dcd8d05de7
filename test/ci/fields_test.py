#!/usr/bin/env python3
import sys
import unittest

from scripts import ROOT, load

sys.path.insert(0, str(ROOT / "test/api"))
from descriptors import Field, Message, Schema  # noqa: E402

fields = load("fields")

CLUSTER = "envoy.config.cluster.v3.Cluster"


def schema(**messages):
    """A schema of {message: its fields}; CLUSTER is the resource `cluster`."""
    names = {"cluster": CLUSTER}
    result = Schema()
    for short, parts in messages.items():
        name = names.get(short, f"x.{short}")
        result.messages[name] = Message(name, "x.proto", parts, is_enum=short.endswith("enum"))
    return result


def unread(code, allowed=(), **messages):
    return fields.unread(schema(**messages), fields.identifiers([code]),
                         {name: "reason" for name in allowed})


class FieldsTest(unittest.TestCase):
    def test_names_a_field_that_no_code_reads(self):
        problems = unread("cluster.other();", cluster=[Field("weight", 1, "uint32")])
        self.assertEqual(len(problems), 1)
        self.assertIn(f"{CLUSTER}.weight: no code reads it", problems[0])

    def test_finds_each_form_of_access(self):
        for code in ("c.weight()", "c.has_weight()", "c.weight_size()"):
            self.assertEqual(unread(code, cluster=[Field("weight", 1, "uint32")]), [], code)

    def test_finds_the_case_of_a_oneof(self):
        part = Field("round_trip", 1, "uint32", oneof="kind")
        self.assertEqual(unread("case Cluster::kRoundTrip:", cluster=[part]), [])

    def test_leaves_out_what_is_refused_and_what_is_below_it(self):
        refused = Field("part", 1, "x.part", is_refused=True)
        self.assertEqual(unread("", cluster=[refused], part=[Field("inner", 1, "bool")]), [])

    def test_follows_messages(self):
        problems = unread("c.part();", cluster=[Field("part", 1, "x.part")],
                          part=[Field("inner", 1, "bool")])
        self.assertIn("x.part.inner", problems[0])

    def test_asks_nothing_where_the_schema_leaves_no_choice(self):
        one = [Field("TCP", 0), Field("UDP", 1, is_refused=True)]
        options = [Field("slow_start", 1, "bool", is_refused=True)]
        self.assertEqual(unread("", cluster=[Field("kind", 1, "x.kindenum"),
                                             Field("options", 2, "x.options")],
                                kindenum=one, options=options), [])

    def test_allows_with_a_reason_and_only_what_is_needed(self):
        self.assertEqual(unread("", allowed=[f"{CLUSTER}.weight"],
                                cluster=[Field("weight", 1, "uint32")]), [])
        problems = unread("c.weight()", allowed=[f"{CLUSTER}.weight"],
                          cluster=[Field("weight", 1, "uint32")])
        self.assertIn("not needed", problems[0])
        with self.assertRaises(ValueError):
            fields.read_allowed("a.b.c:\n")


if __name__ == "__main__":
    unittest.main()
