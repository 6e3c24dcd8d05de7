#!/usr/bin/env python3
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import count_tests  # noqa: E402


class CountTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def ran(self, label, status, cases):
        """The events of one test target with these <testcase> elements."""
        path = self.folder / f"{label.strip('/').replace(':', '_')}.xml"
        path.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
        return [
            {"id": {"testResult": {"label": label}},
             "testResult": {"testActionOutput": [{"name": "test.xml", "uri": path.as_uri()}]}},
            {"id": {"testSummary": {"label": label}}, "testSummary": {"overallStatus": status}},
        ]

    def test_counts_cases_and_leaves_out_skipped_ones(self):
        cases = '<testcase/><testcase/><testcase><skipped/></testcase><testcase status="notrun"/>'
        self.assertEqual(count_tests.count(self.ran("//a:b", "PASSED", cases)), (2, 0))

    def test_names_skipped_cases_with_their_reasons(self):
        cases = '<testcase classname="H2" name="test_it"><skipped message="missing peer h2spec"/></testcase>'
        lines = []
        self.assertEqual(count_tests.count(self.ran("//a:b", "PASSED", cases), lines), (0, 0))
        self.assertEqual(lines, ["//a:b H2.test_it: missing peer h2spec"])

    def test_counts_failed_cases(self):
        cases = "<testcase/><testcase><failure/></testcase><testcase><error/></testcase>"
        self.assertEqual(count_tests.count(self.ran("//a:b", "FAILED", cases)), (1, 2))

    def test_a_target_that_failed_counts_even_when_no_case_did(self):
        self.assertEqual(count_tests.count(self.ran("//a:b", "TIMEOUT", "<testcase/>")), (1, 1))

    def test_a_target_that_did_not_build_counts_as_failed(self):
        events = [{"id": {"targetCompleted": {"label": "//a:c"}}, "completed": {}}]
        self.assertEqual(count_tests.count(events), (0, 1))
        self.assertEqual(count_tests.count(events + self.ran("//a:b", "PASSED", "<testcase/>")), (1, 1))


if __name__ == "__main__":
    unittest.main()
