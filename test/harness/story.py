"""What the integration tests are made of: start an upstream, start a proxy with this
configuration, let a client do something, expect what it sees and what was counted."""

import os
import pathlib
import tempfile
import time
import unittest
import xml.etree.ElementTree as xml

from harness.control_plane import ControlPlane
from harness.proxy import Proxy
from harness.upstream import Upstream


class Story(unittest.TestCase):
    """Everything that a story starts ends with it, in reverse; a bad end of a process fails it."""

    maxDiff = None

    def upstream(self, *acts, **more):
        upstream = Upstream(*acts, **more)
        self.addCleanup(upstream.stop)
        return upstream

    def proxy(self, bootstrap, *flags, **more):
        proxy = Proxy(bootstrap, *flags, **more)
        self.addCleanup(proxy.process.kill)
        self.addCleanup(proxy.stop)
        return proxy

    def control_plane(self, files, **more):
        control = ControlPlane(files, **more)
        self.addCleanup(lambda: control.process.kill())
        self.addCleanup(lambda: control.stop() if control.process.is_running() else None)
        return control

    def directory(self):
        """A new directory, for this story."""
        directory = tempfile.TemporaryDirectory(prefix="outrigger-test-")
        self.addCleanup(directory.cleanup)
        return pathlib.Path(directory.name)

    def connect(self, proxy, listener="front"):
        connection = proxy.connect(listener)
        self.addCleanup(connection.close)
        return connection

    def assert_status(self, response, status, text=None):
        self.assertEqual(response.status, status, response)
        if text is not None:
            self.assertEqual(response.text, text)


class _Result(unittest.TextTestResult):
    """Also notes how each case ended, for Bazel."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.cases = []

    def startTest(self, test):
        super().startTest(test)
        self._began = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        # A sub-test counts as its case.
        failed = {getattr(t, "test_case", t).id(): text for t, text in self.failures + self.errors}
        skipped = {getattr(t, "test_case", t).id(): reason for t, reason in self.skipped}
        self.cases.append((test, time.monotonic() - self._began, failed.get(test.id()), skipped.get(test.id())))


def write_xml(path, cases):
    suite = xml.Element("testsuite", name="integration", tests=str(len(cases)))
    for test, seconds, failure, skipped in cases:
        case = xml.SubElement(suite, "testcase", classname=type(test).__name__,
                              name=test.id().rpartition(".")[2], time=f"{seconds:.3f}")
        if failure is not None:
            xml.SubElement(case, "failure", message="failed").text = failure
        elif skipped is not None:
            xml.SubElement(case, "skipped", message=skipped)
    xml.ElementTree(suite).write(path)


def main():
    """Runs the cases of the calling file, and tells Bazel of each."""
    runner = unittest.TextTestRunner(resultclass=_Result, verbosity=2)
    program = unittest.main(module="__main__", testRunner=runner, exit=False)
    if "XML_OUTPUT_FILE" in os.environ:
        write_xml(os.environ["XML_OUTPUT_FILE"], program.result.cases)
    raise SystemExit(0 if program.result.wasSuccessful() else 1)
