#!/usr/bin/env python3
"""Tests of the schema comparison: each kind of difference is found, and named by its path."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from descriptors import Schema, read_descriptor_set, read_go_module  # noqa: E402
from schema_comparison import compare, split_by_age, uncommented  # noqa: E402

UPSTREAM = """
syntax = "proto3";
package envoy.a.v3;
// A cluster.
message Cluster {
  // Its kind.
  enum Kind { STATIC = 0; EDS = 3; }
  // Its name.
  string name = 1;
  // Its kind.
  Kind kind = 2;
  // Its ports.
  repeated uint32 ports = 3;
  // Its labels.
  map<string, string> labels = 4;
  // Where it is.
  oneof place {
    // By address.
    string address = 5;
    // By path.
    string pipe = 6;
  }
}
// Tells about clusters.
service Discovery {
  // All of them.
  rpc Stream(stream Cluster) returns (stream Cluster);
}
"""


def schema(text: str) -> Schema:
    return read_descriptor_set(descriptor_set(text))


def descriptor_set(text: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "envoy/a/v3/a.proto")
        path.parent.mkdir(parents=True)
        path.write_text(text)
        return subprocess.run(
            ["protoc", f"-I{folder}", "--include_source_info", "--descriptor_set_out=/dev/stdout",
             "envoy/a/v3/a.proto"], stdout=subprocess.PIPE, check=True).stdout


def differences(old: str, new: str) -> list:
    """What differs when our copy of the upstream text says `new` where upstream says `old`."""
    assert UPSTREAM.count(old) == 1, old
    return compare(schema(UPSTREAM.replace(old, new)), {"upstream": schema(UPSTREAM)})


class SchemaComparison(unittest.TestCase):

    def test_finds_nothing_in_a_copy(self):
        self.assertEqual(differences("string name", "string name"), [])

    def test_allows_holding_less(self):
        self.assertEqual(differences("string name = 1;", ""), [])

    def test_finds_another_number(self):
        self.assertEqual(differences("name = 1", "name = 9"),
                         ["envoy.a.v3.Cluster.name: ours is `string name = 9`, "
                          "upstream has `string name = 1`"])

    def test_finds_another_name_for_a_number(self):
        self.assertIn("`string title = 1`", differences("string name", "string title")[0])

    def test_finds_another_type(self):
        self.assertIn("`bytes name = 1`", differences("string name", "bytes name")[0])

    def test_finds_a_missing_repeated(self):
        self.assertIn("`uint32 ports = 3`", differences("repeated uint32", "uint32")[0])

    def test_finds_another_type_of_map_value(self):
        self.assertIn("LabelsEntry.value",
                      differences("map<string, string>", "map<string, bytes>")[0])

    def test_finds_another_oneof(self):
        self.assertIn("in oneof spot", differences("oneof place", "oneof spot")[0])

    def test_finds_another_enum_number(self):
        self.assertIn("`EDS = 4`", differences("EDS = 3", "EDS = 4")[0])

    def test_finds_what_upstream_lacks(self):
        self.assertEqual(differences("string name = 1;", "string name = 1; bool mine = 99;"),
                         ["envoy.a.v3.Cluster.mine: not in upstream"])
        self.assertEqual(differences("// Tells", "message Mine {}\n// Tells"),
                         ["envoy.a.v3.Mine: not in upstream"])

    def test_finds_another_shape_of_a_method(self):
        self.assertIn("server_streams", differences("(stream Cluster);", "(Cluster);")[0])

    def test_takes_a_field_that_only_the_newer_peer_has(self):
        ours = schema(UPSTREAM)
        older = schema(UPSTREAM.replace("string name = 1;", ""))
        self.assertEqual(compare(ours, {"older": older, "newer": ours}), [])

    def test_lists_what_is_newer_than_a_peer(self):
        ours = schema(UPSTREAM)
        older = schema(UPSTREAM.replace("string name = 1;", "").replace("EDS = 3;", ""))
        known, newer = split_by_age(ours, older)
        self.assertEqual(newer, ["envoy.a.v3.Cluster.Kind: EDS = 3",
                                 "envoy.a.v3.Cluster: string name = 1"])
        self.assertEqual(compare(known, {"older": older}), [])

    def test_does_not_take_a_changed_field_for_a_newer_one(self):
        known, newer = split_by_age(schema(UPSTREAM.replace("name = 1", "name = 9")),
                                    schema(UPSTREAM))
        self.assertEqual(newer, [])
        self.assertEqual(len(compare(known, {"older": schema(UPSTREAM)})), 1)

    def test_finds_what_has_no_comment(self):
        bare = UPSTREAM.replace("// Its name.", "").replace("// A cluster.", "")
        self.assertEqual(uncommented(schema(bare)), ["envoy.a.v3.Cluster: no comment",
                                                     "envoy.a.v3.Cluster.name: no comment"])
        self.assertEqual(uncommented(schema(UPSTREAM)), [])


class GoDescriptors(unittest.TestCase):

    def test_reads_what_go_wrote(self):
        # The set's first field is the file: a tag, a length of two bytes, the descriptor.
        descriptor = descriptor_set(UPSTREAM)[3:]
        plain = set(range(32, 127)) - {ord('"'), ord("\\")}
        literal = "".join(chr(byte) if byte in plain else f"\\x{byte:02x}" for byte in descriptor)
        constant = f'const file_envoy_a_v3_a_proto_rawDesc = "" +\n\t"{literal}"\n'
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "a/v3/a.pb.go")
            path.parent.mkdir(parents=True)
            path.write_text("package v3\n\n" + constant)
            read = read_go_module(pathlib.Path(folder),
                                  ["envoy/a/v3/a.proto", "envoy/b/v3/b.proto"])
        self.assertEqual(read.files, ["envoy/a/v3/a.proto"])
        self.assertEqual(compare(schema(UPSTREAM), {"go": read}), [])


if __name__ == "__main__":
    unittest.main()
