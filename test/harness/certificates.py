"""Throwaway certificates of a test, made by tools/certs."""

import pathlib
import sys
import tempfile

from harness.process import ROOT, run


class Certificate:
    """Paths of one certificate: its chain, its key."""

    def __init__(self, directory, name):
        self.name = name
        self.chain = directory / f"{name}.pem"
        self.key = directory / f"{name}.key"
        self.p12 = directory / f"{name}.p12"


class Certificates:
    """An authority "ca", and what it signs on demand."""

    def __init__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="outrigger-certificates-")
        self.directory = pathlib.Path(self._directory.name)
        self.directory.chmod(0o755)
        self.make("ca", "ca")
        self.authority = self.directory / "ca.pem"

    def remove(self):
        self._directory.cleanup()

    def make(self, command, name, *flags):
        """`tools/certs COMMAND DIR NAME FLAGS...`, whose --help says what there is."""
        done = run(sys.executable, ROOT / "tools/certs", command, self.directory, name, *flags)
        if done.returncode != 0:
            raise AssertionError(done.stderr.decode() or done.stdout.decode())
        return Certificate(self.directory, name)

    def server(self, name, *flags):
        """For the DNS name `name` and for 127.0.0.1."""
        return self.make("leaf", name, "--by", "ca", "--dns", name, "--ip", "127.0.0.1", *flags)

    def client(self, name, *flags):
        return self.make("leaf", name, "--by", "ca", "--dns", name, "--usage", "client", *flags)

    def workload(self, name, *flags):
        """Of spiffe://example.org/NAME, for both sides."""
        return self.make("leaf", name, "--by", "ca", "--uri", f"spiffe://example.org/{name}", "--usage", "both", *flags)

    def self_signed(self, name, *flags):
        return self.make("leaf", name, "--by", "self", "--dns", name, *flags)
