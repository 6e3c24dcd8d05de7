#!/usr/bin/env python3
import pathlib
import tempfile
import unittest

from scripts import load

sizes = load("sizes")


def function(name, lines):
    """A function of that many lines."""
    return f"void {name}() {{\n" + "  Step();\n" * (lines - 2) + "}\n"


class ScanTest(unittest.TestCase):
    def scan(self, text):
        return {name: size for _, name, size in sizes.scan(text)}

    def test_counts_the_lines_of_a_function_in_namespaces(self):
        text = "namespace outrigger::http {\nnamespace {\n" + function("Parse", 5) + "}\n}\n"
        self.assertEqual(self.scan(text), {"Parse": 5})

    def test_counts_a_signature_of_several_lines_and_a_constructor_with_a_list(self):
        text = "Loop::Loop(int fd,\n           Clock& clock)\n    : fd_(fd), end_{} {\n  Start();\n}\n"
        self.assertEqual(self.scan(text), {"Loop::Loop": 5})

    def test_does_not_stumble_over_braces_in_text(self):
        text = ('void Say() {\n  Log("}}{");\n  Log(R"x(}\n})x");\n  char c = \'{\';\n'
                "  int n = 1'000; // }\n#define OPEN {\n}\n" + function("Next", 3))
        self.assertEqual(self.scan(text), {"Say": 8, "Next": 3})

    def test_a_lambda_and_an_initializer_belong_to_their_function(self):
        text = "void Run() {\n  Post([this] {\n    Go({1, 2});\n  });\n  int a[] = {1};\n}\n"
        self.assertEqual(self.scan(text), {"Run": 6})

    def test_counts_public_methods_but_not_special_or_private_ones(self):
        text = """
        class Loop final : public Clock {
         public:
          Loop();
          ~Loop() override;
          Loop(const Loop&) = delete;
          Loop& operator=(const Loop&) = delete;
          void Run();
          void Run(int times);
          int fd() const { return fd_; }
          absl::Time Now() override;
         private:
          void Poll();
          int fd_ = 0;
        };
        struct Limits { int lines = 1; size_t Total() const { return 1; } };
        """
        methods = {n: s for k, n, s in sizes.scan(text) if k == "methods"}
        self.assertEqual(methods, {"Loop": 2, "Limits": 1})


class RatchetTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "ci").mkdir()
        (self.root / "source/base").mkdir(parents=True)
        self.allow("")

    def allow(self, text):
        (self.root / "ci/sizes_allowed.txt").write_text("# Exceptions.\n" + text)

    def write(self, text):
        (self.root / "source/base/a.cc").write_text(text)

    def test_a_function_of_79_lines_passes_and_one_of_80_does_not(self):
        self.write(function("Fine", 79))
        self.assertEqual(sizes.check(self.root), [])
        self.write(function("Long", 80))
        self.assertEqual(sizes.check(self.root), [
            "source/base/a.cc:Long: function: 80, at most 79; split it by responsibility"])

    def test_a_file_of_500_lines_does_not_pass(self):
        self.write("\n" * 499)
        self.assertEqual(sizes.check(self.root), [])
        self.write("\n" * 500)
        self.assertIn("source/base/a.cc: file: 500, at most 499", sizes.check(self.root)[0])

    def test_a_class_of_13_public_methods_does_not_pass(self):
        members = "".join(f"  void Verb{i}();\n" for i in range(13))
        self.write("class Wide {\n public:\n" + members + "};\n")
        self.assertIn("source/base/a.cc:Wide: methods: 13", sizes.check(self.root)[0])

    def test_an_exception_holds_only_up_to_its_number(self):
        self.allow("function source/base/a.cc:Long 90\n")
        self.write(function("Long", 90))
        self.assertEqual(sizes.check(self.root), [])
        self.write(function("Long", 91))
        self.assertIn("91, at most 90", sizes.check(self.root)[0])

    def test_an_exception_that_is_too_wide_must_be_lowered(self):
        self.allow("function source/base/a.cc:Long 90\nfile source/base/gone.cc 600\n")
        self.write(function("Long", 85))
        self.assertEqual(len(sizes.check(self.root)), 2)
        sizes.lower(self.root)
        self.assertEqual(sizes.check(self.root), [])
        self.assertEqual((self.root / "ci/sizes_allowed.txt").read_text(),
                         "# Exceptions.\nfunction source/base/a.cc:Long 85\n")


if __name__ == "__main__":
    unittest.main()
