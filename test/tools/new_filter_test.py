#!/usr/bin/env python3
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPIED = ["tools/new_filter", "api/BUILD.bazel", "source/main/BUILD.bazel",
          "source/main/register_extensions.cc"]


class NewFilterTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for path in COPIED:
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, self.root / path)

    def run_with(self, *arguments):
        return subprocess.run([self.root / "tools/new_filter", *arguments], capture_output=True,
                              text=True, check=False)

    def make(self, name):
        done = self.run_with(name)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def text(self, path):
        return (self.root / path).read_text()

    def files(self):
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()}

    def test_writes_the_api_the_source_and_the_test(self):
        before = self.files()
        self.make("trial_limit")
        self.assertEqual(self.files() - before, {
            "api/outrigger/extensions/filters/http/trial_limit/v1/trial_limit.proto",
            "api/outrigger/extensions/filters/http/trial_limit/v1/BUILD.bazel",
            "source/extensions/http_filters/trial_limit/trial_limit.h",
            "source/extensions/http_filters/trial_limit/trial_limit.cc",
            "source/extensions/http_filters/trial_limit/BUILD.bazel",
            "test/extensions/http_filters/trial_limit/trial_limit_test.cc",
            "test/extensions/http_filters/trial_limit/BUILD.bazel",
        })

    def test_leaves_no_placeholder_behind(self):
        self.make("trial_limit")
        for path in self.files() - {"tools/new_filter"}:
            self.assertNotIn("$(name)", self.text(path), path)
            self.assertNotIn("$(Class)", self.text(path), path)

    def test_names_the_class_and_the_message(self):
        self.make("trial_limit_2x")
        folder = "source/extensions/http_filters/trial_limit_2x/trial_limit_2x"
        self.assertIn("class TrialLimit2x final : public http::HttpFilter", self.text(folder + ".cc"))
        self.assertIn("message TrialLimit2x {", self.text(
            "api/outrigger/extensions/filters/http/trial_limit_2x/v1/trial_limit_2x.proto"))

    def test_enters_the_filter_in_each_list_once_and_changes_nothing_else(self):
        before = {path: self.text(path).splitlines() for path in COPIED[1:]}
        self.make("trial_limit")
        added = {path: [line for line in self.text(path).splitlines() if line not in lines]
                 for path, lines in before.items()}
        self.assertEqual(added, {
            "api/BUILD.bazel": ['    "outrigger/extensions/filters/http/trial_limit/v1",'],
            "source/main/BUILD.bazel": ['        "//source/extensions/http_filters/trial_limit",'],
            "source/main/register_extensions.cc": [
                '#include "source/extensions/http_filters/trial_limit/trial_limit.h"',
                '  registry.AddHttpFilter<trial_limit::Config>("trial_limit", &trial_limit::Create);',
            ],
        })
        for path, lines in before.items():
            self.assertEqual([line for line in self.text(path).splitlines() if line in lines], lines)

    def test_keeps_the_lists_sorted(self):
        for name in ("zebra", "aardvark", "trial_limit"):
            self.make(name)
        for path, start in (("source/main/BUILD.bazel", '        "//source/extensions/http_filters/'),
                            ("api/BUILD.bazel", '    "outrigger/extensions/filters/http/'),
                            ("source/main/register_extensions.cc",
                             '#include "source/extensions/http_filters/')):
            members = [line for line in self.text(path).splitlines() if line.startswith(start)]
            self.assertGreater(len(members), 2, path)
            self.assertEqual(members, sorted(members), path)

    def test_refuses_what_is_there_already_and_touches_nothing(self):
        self.make("trial_limit")
        before = {path: self.text(path) for path in self.files()}
        again = self.run_with("trial_limit")
        self.assertEqual(again.returncode, 1)
        self.assertIn("trial_limit.proto is there already; choose another name", again.stderr)
        self.assertEqual({path: self.text(path) for path in self.files()}, before)

    def test_refuses_names_that_are_not_in_snake_case(self):
        for name in ("PathLimit", "path-limit", "2fast", "a__b", "../x", ""):
            refused = self.run_with(name)
            self.assertEqual(refused.returncode, 1, name)
            self.assertIn("must be in snake_case", refused.stderr)

    def test_says_which_list_it_did_not_find(self):
        (self.root / "source/main/register_extensions.cc").write_text("int main() {}\n")
        before = self.files()
        lost = self.run_with("trial_limit")
        self.assertEqual(lost.returncode, 1)
        self.assertIn("source/main/register_extensions.cc: found no line like", lost.stderr)
        self.assertEqual(self.files(), before)


unittest.main()
