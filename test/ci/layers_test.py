#!/usr/bin/env python3
import pathlib
import tempfile
import unittest

from scripts import load

layers = load("layers")

PICTURE = """
level 1 base
level 2 event stats
level 3 net
level 8 extensions   # leaves
leaves extensions
level 7 config
beside control: base config/loading
library openssl/ net/tls
library absl/ *
"""


class LayersTest(unittest.TestCase):
    def check(self, files, picture=PICTURE):
        """Checks a tree of {path below source/: its one include}."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "ci").mkdir()
            (root / "ci/layers.txt").write_text(picture)
            for path, include in files.items():
                file = root / "source" / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(f"// First line.\n#include {include}\n")
            return layers.check(root)

    def allows(self, path, include):
        self.assertEqual(self.check({path: include}), [])

    def refuses(self, path, include, reason):
        found = self.check({path: include})
        self.assertEqual(len(found), 1, found)
        self.assertIn(f"source/{path}:2: ", found[0])
        self.assertIn(reason, found[0])

    def test_allows_includes_that_go_down_or_stay(self):
        self.allows("net/socket.cc", '"source/event/loop.h"')
        self.allows("net/socket.cc", '"source/net/tls/stream.h"')
        self.allows("net/tls/stream.cc", '"source/net/socket.h"')
        self.allows("base/buffer.cc", "<vector>")

    def test_refuses_an_include_that_goes_up(self):
        self.refuses("base/buffer.h", '"source/net/socket.h"', "strictly down")

    def test_refuses_an_include_of_the_same_level(self):
        self.refuses("event/loop.cc", '"source/stats/counter.h"', "strictly down")

    def test_refuses_a_leaf_that_includes_another(self):
        self.refuses("extensions/http_filters/rbac/rbac.cc",
                     '"source/extensions/http_filters/cors/cors.h"', "both leaves")
        self.allows("extensions/http_filters/rbac/rbac.cc",
                    '"source/extensions/http_filters/rbac/rbac.h"')

    def test_refuses_a_library_outside_its_owner(self):
        self.refuses("net/socket.cc", "<openssl/ssl.h>", "net/tls alone")
        self.refuses("net/tls_socket.cc", '"openssl/ssl.h"', "net/tls alone")
        self.allows("net/tls/stream.cc", "<openssl/ssl.h>")
        self.allows("base/buffer.cc", '"absl/types/span.h"')

    def test_refuses_what_a_process_beside_the_proxy_may_not_share(self):
        self.allows("control/main.cc", '"source/base/buffer.h"')
        self.allows("control/main.cc", '"source/config/loading/document.h"')
        self.refuses("control/main.cc", '"source/config/registry.h"', "may include only")
        self.refuses("control/main.cc", '"source/net/socket.h"', "may include only")
        self.refuses("net/socket.cc", '"source/control/server.h"', "process of its own")

    def test_refuses_a_folder_that_the_picture_does_not_have(self):
        self.refuses("util/misc.cc", '"source/base/buffer.h"', "not in ci/layers.txt")

    def test_names_the_line_of_the_picture_that_it_cannot_read(self):
        with self.assertRaisesRegex(ValueError, "layers.txt:2"):
            self.check({}, "level 1 base\nlevle 2 event\n")


if __name__ == "__main__":
    unittest.main()
