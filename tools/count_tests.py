#!/usr/bin/env python3
"""count_tests.py EVENTS [SKIPPED]: prints "PASSED FAILED" in test cases, from a Bazel run's JSON event file.

The file SKIPPED gets a line for each case that did not run, with its reason.
"""

import json
import sys
import urllib.parse
import xml.etree.ElementTree as xml


def cases(path):
    """(passed, failed, skipped) of one test.xml; skipped: a line for each case."""
    passed = failed = 0
    skipped = []
    for case in xml.parse(path).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None:
            name = ".".join(filter(None, (case.get("classname"), case.get("name"))))
            skipped.append(f"{name}: {case.find('skipped').get('message') or 'no reason given'}")
        elif case.get("status") != "notrun":
            passed += 1
    return passed, failed, skipped


def count(events, skipped=None):
    """(passed, failed) of a run; a line for each case that did not run goes to `skipped`. A target
    that failed without a failing case counts as one."""
    files, status = {}, {}
    for event in events:
        for kind, value in event["id"].items():
            if kind == "testResult" and "testResult" in event:
                for output in event["testResult"].get("testActionOutput", []):
                    if output["name"] == "test.xml":
                        files.setdefault(value["label"], set()).add(output["uri"])
            elif kind == "testSummary" and "testSummary" in event:
                status[value["label"]] = event["testSummary"]["overallStatus"]
            elif kind == "targetCompleted" and not event.get("completed", {}).get("success"):
                status.setdefault(value["label"], "FAILED_TO_BUILD")
    passed = failed = 0
    for label, outcome in status.items():
        good = bad = 0
        idle = []
        for uri in files.get(label, ()):
            try:
                more_good, more_bad, more_skipped = cases(urllib.parse.unquote(urllib.parse.urlparse(uri).path))
            except (OSError, xml.ParseError):
                continue
            good, bad, idle = good + more_good, bad + more_bad, idle + more_skipped
        if skipped is not None:
            skipped.extend(f"{label} {line}" for line in idle)
        if outcome in ("PASSED", "FLAKY"):
            passed += good if idle else max(good, 1)
        else:
            passed, failed = passed + good, failed + max(bad, 1)
    return passed, failed


if __name__ == "__main__":
    with open(sys.argv[1]) as lines:
        not_run = []
        print(*count((json.loads(line) for line in lines), not_run))
    if sys.argv[2:]:
        with open(sys.argv[2], "w") as file:
            file.writelines(f"  {line}\n" for line in sorted(not_run))
