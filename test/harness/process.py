"""Programs that a test runs: ours from the build, others from the machine."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

from harness.waiting import PATIENCE_SECONDS

ROOT = pathlib.Path(__file__).resolve().parents[2]


def built(path):
    """A binary of this project: from the runfiles of the test, else from the last build."""
    places = [ROOT / "bazel-bin" / path]
    if "TEST_SRCDIR" in os.environ:
        places = [pathlib.Path(os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"], path)]
    for place in places:
        if place.exists():
            return str(place)
    raise AssertionError(f"{path} is not built: bazel build //{path.replace('/outrigger', ':outrigger')}")


def installed(program):
    """A program of the machine; tools/setup installs what the tests need."""
    found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/bin:/usr/sbin")
    if found is None:
        raise AssertionError(f"{program} is not installed; tools/setup installs it")
    return found


def run(*command, timeout=PATIENCE_SECONDS, **more):
    """Runs a program to its end: its exit code and what it printed."""
    return subprocess.run([str(word) for word in command], capture_output=True, timeout=timeout, **more)


class Process:
    """A program in the background, with its output in a file. Ended by its pid, in any case."""

    def __init__(self, *command, environment=None):
        self.name = pathlib.Path(str(command[0])).name
        self.log_file = tempfile.NamedTemporaryFile(prefix=f"{self.name}-", suffix=".log")
        self.popen = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                      stdout=self.log_file, stderr=subprocess.STDOUT,
                                      env={**os.environ, **(environment or {})})

    @property
    def pid(self):
        return self.popen.pid

    @property
    def log(self):
        return pathlib.Path(self.log_file.name).read_text(errors="replace")

    def is_running(self):
        return self.popen.poll() is None

    def check_runs(self):
        if not self.is_running():
            raise AssertionError(f"{self.name} ended with {self.popen.returncode}:\n{self.log}")

    def check_grew_less(self, before, limit, peak=True):
        """That it holds (or, by `peak`, ever held) less than `limit` bytes more than `before`."""
        grown = (self.peak_resident_bytes() if peak else self.resident_bytes()) - before
        if os.environ.get("OUTRIGGER_SANITIZER"):  # it keeps what was freed, and shadows what is not
            print(f"memory is not judged under {os.environ['OUTRIGGER_SANITIZER']}: grew by {grown} bytes")
        elif grown >= limit:
            raise AssertionError(f"{self.name} grew by {grown} bytes, not by less than {limit}")

    def resident_bytes(self):
        """What it holds of real memory now."""
        return self._status("VmRSS")

    def peak_resident_bytes(self):
        """The most it held since it started."""
        return self._status("VmHWM")

    def _status(self, name):
        found = re.search(rf"^{name}:\s+(\d+) kB", pathlib.Path(f"/proc/{self.pid}/status").read_text(), re.M)
        return int(found[1]) * 1024

    def signal(self, number):
        self.popen.send_signal(number)

    def wait(self, seconds=PATIENCE_SECONDS):
        """Its exit code, once it has ended by itself."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end within {seconds} s:\n{self.log}") from None

    def terminate(self):
        """Asks it to end; its exit code."""
        if self.is_running():
            self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        """Without asking. Nothing happens to one that has ended."""
        if self.is_running():
            self.popen.kill()
        self.popen.wait()
