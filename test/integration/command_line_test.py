#!/usr/bin/env python3
"""What the command line promises."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.config import cluster, site
from harness.process import built, run
from harness.story import Story, main
from harness.upstream import reply

# Bazel links to the README of the checkout.
ROOT = (pathlib.Path(__file__).absolute().parents[2] / "README.md").resolve().parent
TO_A = "- { match: { prefix: / }, route: { cluster: a } }"


class CommandLineTest(Story):
    def outrigger(self, *arguments):
        """Exit code, standard output, standard error."""
        done = run(built("source/main/outrigger"), *arguments)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def file(self, text):
        path = self.directory() / "bootstrap.yaml"
        path.write_text(text)
        return path

    def test_validate_accepts_a_good_bootstrap(self):
        path = self.file(site(TO_A, cluster("a", self.upstream(reply(200)))))
        code, out, _ = self.outrigger("-c", path, "--mode", "validate")
        self.assertEqual((code, out), (0, f"configuration '{path}' OK\n"))

    def test_validate_names_the_place_of_what_is_wrong(self):
        path = self.file("static_resources:\n  clusters:\n  - name: a\n    typ: STATIC\n")
        code, _, err = self.outrigger("-c", path, "--mode", "validate")
        self.assertEqual(code, 1)
        self.assertIn("bootstrap.yaml:4:", err)
        self.assertIn('static_resources.clusters[0]', err)
        self.assertIn('"typ"', err)

    def test_init_only_warms_up_and_ends(self):
        path = self.file(site(TO_A, cluster("a", self.upstream(reply(200)))))
        code, _, err = self.outrigger("-c", path, "--mode", "init_only", "--concurrency", 1)
        self.assertEqual(code, 0, err)
        self.assertIn("all dependencies initialized, exiting", err)

    def test_an_unknown_flag_is_wrong_usage(self):
        code, _, err = self.outrigger("--no-such")
        self.assertEqual((code, err), (2, "outrigger: --no-such: unknown flag; --help lists them\n"))

    def test_help_and_version_need_no_configuration(self):
        self.assertIn("--concurrency", self.outrigger("--help")[1])
        self.assertRegex(self.outrigger("--version")[1], r"^outrigger  version: \d+\.\d+\.\d+")

    def test_the_documents_know_every_flag(self):
        flags = re.findall(r"^  (?:-\w, )?(--[\w-]+)", self.outrigger("--help")[1], re.MULTILINE)
        page = (ROOT / "docs" / "flags.md").read_text()
        self.assertGreater(len(flags), 20)
        self.assertEqual([flag for flag in flags if f"`{flag}" not in page], [])

    def test_the_first_configuration_of_the_readme_is_valid(self):
        yaml = re.search(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL).group(1)
        code, _, err = self.outrigger("-c", self.file(yaml), "--mode", "validate")
        self.assertEqual(code, 0, err)


if __name__ == "__main__":
    main()
