#!/usr/bin/env python3
"""The demo: two nginx servers, outrigger-control on a copy of examples/first-light, and outrigger,
under steady load; then one change after the other, each made by saving a file."""

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples/first-light"
PROXY, ADMIN, CONTROL, BLUE, GREEN = 10000, 19000, 18000, 18081, 18082
STEP_SECONDS = 4

# The load: eight connections, about 2,000 requests a second, every answer counted by its status.
WRK_SCRIPT = """
local threads = {}
function setup(thread) table.insert(threads, thread) end
function init() statuses = "" ; seen = {} end
function delay() return 4 end
function response(status)
  seen[status] = (seen[status] or 0) + 1
  local text = ""
  for code, count in pairs(seen) do text = text .. code .. "=" .. count .. " " end
  statuses = text
end
function done(summary)
  io.write("REQUESTS " .. summary.requests .. "\\n")
  local e = summary.errors
  io.write("SOCKET_ERRORS " .. (e.connect + e.read + e.write + e.timeout) .. "\\n")
  for _, thread in ipairs(threads) do io.write("STATUSES " .. thread:get("statuses") .. "\\n") end
end
"""


class DemoError(Exception):
    """One sentence for the person who runs this."""


class Load:
    """One slice of steady load through the proxy."""

    def __init__(self, work):
        script = work / "load.lua"
        script.write_text(WRK_SCRIPT)
        self.process = subprocess.Popen(
            ["wrk", "-t1", "-c8", f"-d{STEP_SECONDS}s", "-s", str(script), f"http://127.0.0.1:{PROXY}/"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def finish(self):
        """(requests, failed)"""
        text, _ = self.process.communicate(timeout=STEP_SECONDS + 15)
        if self.process.returncode != 0 or "REQUESTS" not in text:
            raise DemoError(f"the load generator wrk failed: {text.strip().splitlines()[-1:]}")
        requests = int(re.search(r"REQUESTS (\d+)", text)[1])
        failed = int(re.search(r"SOCKET_ERRORS (\d+)", text)[1])
        for code, count in re.findall(r"(\d+)=(\d+)", text[text.index("STATUSES"):]):
            if code != "200":
                failed += int(count)
        return requests, failed


class Demo:
    def __init__(self):
        self.keeps_logs = False  # after a failure: the message names them
        self.processes = []
        self.rows = []
        self.work = Path(tempfile.mkdtemp(prefix="outrigger-demo-"))
        self.resources = self.work / "resources"

    # -- set-up ----------------------------------------------------------------------------------

    def start(self):
        for tool in ("nginx", "wrk"):
            if not shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin"):
                raise DemoError(f"{tool} is not installed; tools/setup installs it")
        for port in (PROXY, ADMIN, CONTROL, BLUE, GREEN):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    raise DemoError(f"port {port} of 127.0.0.1 is in use; end what listens there and try again")
        shutil.copytree(EXAMPLE / "resources", self.resources)
        for name, port in (("blue", BLUE), ("green", GREEN)):
            self.run(name, ["nginx", "-p", str(self.work), "-e", str(self.work / f"{name}.error.log"),
                            "-c", str(EXAMPLE / f"nginx/{name}.conf"), "-g", "daemon off;"])
            self.wait_for(port, f"nginx ({name})")
        self.run("control", [ROOT / "bazel-bin/source/control/outrigger-control", "--dir", self.resources,
                             "--listen", f"127.0.0.1:{CONTROL}"])
        self.wait_for(CONTROL, "outrigger-control")
        self.run("outrigger", [ROOT / "bazel-bin/source/main/outrigger", "-c", EXAMPLE / "bootstrap.yaml",
                               "--concurrency", "2", "--drain-time-s", "5"])
        self.wait_for(PROXY, "outrigger")

    def run(self, name, command):
        log = open(self.work / f"{name}.log", "w")
        environment = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"}
        self.processes.append((name, subprocess.Popen(
            [str(c) for c in command], stdout=log, stderr=subprocess.STDOUT, env=environment)))

    def wait_for(self, port, what):
        deadline = time.monotonic() + 15
        name, process = self.processes[-1]
        while time.monotonic() < deadline:
            if process.poll() is not None:
                tail = (self.work / f"{name}.log").read_text().strip().splitlines()[-3:]
                raise DemoError(f"{what} ended at once: {' | '.join(tail)}")
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise DemoError(f"{what} did not listen on port {port} within 15 s; see {self.work}/{name}.log")

    def stop(self):
        for _, process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for _, process in reversed(self.processes):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        if not self.keeps_logs:
            shutil.rmtree(self.work, ignore_errors=True)

    # -- steps -----------------------------------------------------------------------------------

    def ask(self, path="/", connection=None):
        own = connection or http.client.HTTPConnection("127.0.0.1", PROXY, timeout=5)
        own.request("GET", path)
        response = own.getresponse()
        text = response.read().decode().strip().splitlines()
        if connection is None:
            own.close()
        return f"{response.status} {text[0] if text else ''}".strip()

    def view(self, path, times=20):
        """What a client sees: "200 blue" x 20."""
        seen = Counter(self.ask(path) for _ in range(times))
        return ", ".join(f"{answer} x{count}" for answer, count in seen.most_common())

    def save(self, name, text):
        """As an editor does it: the whole file at once."""
        target = self.resources / name
        fresh = target.with_name("." + name + ".new")
        fresh.write_text(text)
        fresh.rename(target)

    def step(self, title, path, change, is_effect, look=None, in_a_row=1):
        print(f"\n== {title}")
        load = Load(self.work)
        time.sleep(0.5)
        print(f"   before  GET {path}: {self.view(path)}")
        changed_at = time.monotonic()
        change()
        took = self.wait_for_effect(path, is_effect, changed_at, in_a_row)
        print(f"   after   GET {path}: {self.view(path)}")
        if look:
            print("   " + look())
        requests, failed = load.finish()
        self.rows.append((title, took, requests, failed))

    def wait_for_effect(self, path, is_effect, changed_at, in_a_row):
        """Seconds until the first of so many answers in a row that show the change."""
        if is_effect is None:
            return None
        connection = http.client.HTTPConnection("127.0.0.1", PROXY, timeout=5)
        row = []
        while time.monotonic() - changed_at < 10:
            shows_it = is_effect(self.ask(path, connection))
            row = row + [time.monotonic() - changed_at] if shows_it else []
            if len(row) == in_a_row:
                connection.close()
                return row[0]
        raise DemoError(f"the change did not show within 10 s; see the logs in {self.work}")

    def edit(self, name, old, new):
        text = (self.resources / name).read_text()
        if old not in text:
            raise DemoError(f"the demo no longer fits {name}: it has no {old!r}")
        self.save(name, text.replace(old, new))

    def remove_endpoint(self):
        """Takes the last endpoint of the file, green's place in "both"."""
        text = (self.resources / "endpoints.yaml").read_text()
        self.save("endpoints.yaml", text[:text.rindex("    - endpoint:")])

    def refusal(self):
        """What the control plane was told about the broken resource."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            for line in (self.work / "control.log").read_text().splitlines():
                if "event=nack" in line:
                    return "refused: " + line[line.index("event=nack"):]
            time.sleep(0.05)
        raise DemoError(f"the broken resource was not refused within 5 s; see the logs in {self.work}")

    def run_steps(self):
        self.step("traffic moves from blue to green by a route change", "/",
                  lambda: self.edit("routes.yaml", "route: { cluster: blue }", "route: { cluster: green }"),
                  lambda answer: answer == "200 green")
        self.step("a split: 90 % blue, 10 % green", "/",
                  lambda: self.edit("routes.yaml", "route: { cluster: green }", SPLIT),
                  lambda answer: answer == "200 blue")
        self.step("a policy denies /private", "/private",
                  lambda: self.edit("routes.yaml", "    - match: { prefix: /pool }", DENY + "    - match: { prefix: /pool }"),
                  lambda answer: answer.startswith("403"))
        self.step("a rate limit on /limited: 5 requests, then 1 a second", "/limited",
                  lambda: self.edit("routes.yaml", "    - match: { prefix: /pool }", LIMIT + "    - match: { prefix: /pool }"),
                  lambda answer: answer.startswith("429"))
        self.step("an endpoint of \"both\" is removed: /pool is blue only", "/pool",
                  self.remove_endpoint, lambda answer: answer == "200 blue", in_a_row=20)
        self.step("a broken cluster is refused; all else serves on", "/",
                  lambda: self.save("broken.yaml", BROKEN), None, look=self.refusal)

    def table(self):
        print("\n" + "-" * 100)
        print(f"{'step':<58} {'took effect':>12} {'requests':>10} {'failed':>8}")
        for title, took, requests, failed in self.rows:
            effect = f"{took * 1000:.0f} ms" if took is not None else "-"
            print(f"{title:<58} {effect:>12} {requests:>10} {failed:>8}")
        print("-" * 100)
        total, failed = sum(r[2] for r in self.rows), sum(r[3] for r in self.rows)
        print(f"{total} requests of the steady load, {failed} failed; "
              "the 403s and 429s above were asked for, by other requests.")
        print(f"admin endpoint: http://127.0.0.1:{ADMIN}/")
        return failed


SPLIT = """route:
        weighted_clusters:
          clusters:
          - { name: blue, weight: 90 }
          - { name: green, weight: 10 }"""

DENY = """    - match: { prefix: /private }
      route: { cluster: blue }
      typed_per_filter_config:
        envoy.filters.http.rbac:
          "@type": type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBACPerRoute
          rbac:
            rules:
              action: DENY
              policies:
                nobody: { permissions: [{ any: true }], principals: [{ any: true }] }
"""

LIMIT = """    - match: { prefix: /limited }
      route: { cluster: blue }
      typed_per_filter_config:
        envoy.filters.http.local_ratelimit:
          "@type": type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit
          stat_prefix: limited
          token_bucket: { max_tokens: 5, tokens_per_fill: 1, fill_interval: 1s }
          filter_enabled: { default_value: { numerator: 100 } }
          filter_enforced: { default_value: { numerator: 100 } }
"""

BROKEN = """resources:
- "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster
  name: broken
  type: STRICT_DNS
  connect_timeout: -5s
"""


def main():
    demo = Demo()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        print("== starting two nginx servers, outrigger-control and outrigger")
        demo.start()
        demo.run_steps()
        failed = demo.table()
        if "--keep" in sys.argv[1:]:
            print(f"everything is left running; resources are in {demo.resources}; Ctrl-C ends it")
            signal.pause()
        return 1 if failed else 0
    except DemoError as error:
        demo.keeps_logs = True
        print(f"tools/demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        demo.stop()


if __name__ == "__main__":
    sys.exit(main())
