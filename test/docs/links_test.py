#!/usr/bin/env python3
"""Every relative link in every Markdown file leads to a file, and to a heading where it names one."""
import pathlib
import re
import unittest

# Bazel links to the README of the checkout.
ROOT = (pathlib.Path(__file__).absolute().parents[2] / "README.md").resolve().parent
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def pages():
    return [path for path in ROOT.rglob("*.md")
            if not any(part.startswith(("bazel-", ".")) for part in path.relative_to(ROOT).parts)]


def without_code(text):
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(path):
    """As GitHub makes them of headings."""
    titles = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", path.read_text(),
                                             flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def flaw(page, link):
    """What is wrong with a link, or None."""
    if re.match(r"[a-z]+:", link):
        return None
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return "no such file"
    if anchor and target.suffix == ".md" and anchor not in anchors(target):
        return "no such heading"
    return None


class LinksTest(unittest.TestCase):
    def test_every_relative_link_leads_somewhere(self):
        flaws = [f"{page.relative_to(ROOT)}: {link}: {wrong}"
                 for page in pages()
                 for link in LINK.findall(without_code(page.read_text()))
                 if (wrong := flaw(page, link))]
        self.assertEqual(flaws, [])

    def test_finds_the_pages_of_this_repository(self):
        self.assertIn(ROOT / "README.md", pages())
        self.assertIn(ROOT / "docs" / "architecture.md", pages())

    def test_tells_a_good_link_from_a_bad_one(self):
        page = ROOT / "docs" / "README.md"
        self.assertIsNone(flaw(page, "https://example.com/x"))
        self.assertIsNone(flaw(page, "../LICENSE"))
        self.assertEqual(flaw(page, "../LICENCE"), "no such file")
        self.assertEqual(flaw(page, "architecture.md#no-such"), "no such heading")

    def test_every_page_of_docs_is_in_its_index(self):
        docs = ROOT / "docs"
        index = (docs / "README.md").read_text()
        missing = [page.name for page in docs.glob("*.md") if page.name not in index]
        self.assertEqual(missing, [])


unittest.main()
