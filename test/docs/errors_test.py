#!/usr/bin/env python3
"""docs/errors.md knows every token that the source answers with."""
import pathlib
import re
import unittest

# Bazel links to the README of the checkout.
ROOT = (pathlib.Path(__file__).absolute().parents[2] / "README.md").resolve().parent
PAGE = (ROOT / "docs" / "errors.md").read_text()
TOKEN = re.compile(r'\.detail = "([a-z0-9_]+)"')


class ErrorsTest(unittest.TestCase):
    def test_knows_the_refusals_of_http1_with_their_status(self):
        text = (ROOT / "source/http/http1/refusal.h").read_text()
        refusals = re.findall(r'X\(\w+, (\d+), \w+, "(\w+)"\)', text)
        self.assertGreater(len(refusals), 30)
        self.assertEqual([token for status, token in refusals
                          if f"| `{token}` | {status} |" not in PAGE], [])

    def test_knows_every_detail(self):
        # Of the connection with the control plane, which no client sees.
        sources = [path for path in (ROOT / "source").rglob("*.cc") if path.parent.name != "http2"]
        tokens = {token for path in sources for token in TOKEN.findall(path.read_text())}
        self.assertGreater(len(tokens), 10)
        self.assertEqual([token for token in sorted(tokens) if f"| `{token}` |" not in PAGE], [])

    def test_knows_every_response_flag(self):
        text = (ROOT / "source/http/stream_summary.h").read_text()
        flags = re.findall(r"^  k\w+, +// ([A-Z]+)$", text, re.MULTILINE)
        self.assertGreater(len(flags), 20)
        section = PAGE[PAGE.index("## Response flags"):]
        self.assertEqual([flag for flag in flags if not re.search(rf"\b{flag}\b", section)], [])


unittest.main()
