"""Where the peers of the tests are: programs of Debian, and those that tools/fetch_peers gets.

A peer that is missing skips the test that needs it, by name; tools/test counts and names those tests.
"""

import hashlib
import os
import pathlib
import pwd
import shutil
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Not by $HOME: Bazel gives a test another one.
PLACE = pathlib.Path(pwd.getpwuid(os.getuid()).pw_dir) / ".cache/outrigger-peers"
# Some programs are needed (tools/packages.txt), some are nice to have.
PROGRAMS = ("curl", "envoy", "gnutls-cli", "h2load", "haproxy", "nghttp", "nghttpd", "nginx", "node", "openssl", "promtool",
            "sslscan", "testssl", "wrk")


class GoPeer:
    """One line of tools/peers.txt: a program in Go, at one version."""

    def __init__(self, name, module, package, *pinned):
        self.name = name
        self.modules = (module, *pinned)
        self.package = package
        self.version = module.partition("@")[2]
        self.place = PLACE / "go" / f"{name}-{self.version}"
        self.file = name

    @property
    def program(self):
        return self.place / self.file


def _lines(kind):
    for line in (ROOT / "tools/peers.txt").read_text().splitlines():
        words = line.partition("#")[0].split()
        if words[:1] == [kind]:
            yield words[1:]


def go_peers():
    """By name, in order of preference."""
    by_name = {}
    for words in _lines("go"):
        by_name.setdefault(words[0], []).append(GoPeer(*words))
    return by_name


def npm_packages():
    """NAME@VERSION each."""
    return [words[0] for words in _lines("npm")]


def pip_packages():
    """NAME@VERSION each."""
    return [words[0] for words in _lines("pip")]


def pip_place(package):
    return PLACE / "pip" / package


def npm_place():
    """One folder for each set of packages."""
    return PLACE / "npm" / hashlib.sha256("\n".join(npm_packages()).encode()).hexdigest()[:16]


def npm_modules():
    return npm_place() / "node_modules"


# -- for tests -------------------------------------------------------------------------------------

def fetched(name):
    """A program that tools/fetch_peers got."""
    for peer in go_peers()[name]:
        if peer.program.exists():
            return str(peer.program)
    raise unittest.SkipTest(f"missing peer {name}: tools/fetch_peers says why")


def python_program(name):
    """A program in Python that tools/fetch_peers got: (command, environment)."""
    for package in pip_packages():
        if package.partition("@")[0] == name and pip_place(package).exists():
            return ["/usr/bin/python3", "-m", name], {"PYTHONPATH": str(pip_place(package))}
    raise unittest.SkipTest(f"missing peer {name}: tools/fetch_peers says why")


def need_npm():
    """The environment in which node finds the packages."""
    if shutil.which("node", path="/usr/local/bin:/usr/bin") is None:
        raise unittest.SkipTest("missing peer node: tools/setup installs it")
    if not npm_modules().exists():
        raise unittest.SkipTest("missing peer npm packages: tools/fetch_peers says why")
    return {"NODE_PATH": str(npm_modules())}


def inventory():
    """(found, missing), for people."""
    found, missing = [], []
    path = os.environ.get("PATH", "") + ":/usr/sbin"
    for program in PROGRAMS:
        (found if shutil.which(program, path=path) else missing).append(program)
    for name, choices in go_peers().items():
        there = next((peer for peer in choices if peer.program.exists()), None)
        found.append(f"{name} {there.version}") if there else missing.append(name)
    for package in pip_packages():
        (found if pip_place(package).exists() else missing).append(package)
    for package in npm_packages():
        (found if npm_modules().exists() else missing).append(package)
    return found, missing
