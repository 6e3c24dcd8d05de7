#!/usr/bin/env python3
"""count_tests.py EVENTS: prints "PASSED FAILED" in test cases, from a Bazel run's JSON event file."""

import json
import sys
import urllib.parse
import xml.etree.ElementTree as xml


def cases(path):
    """(passed, failed) of one test.xml; skipped cases are neither."""
    passed = failed = 0
    for case in xml.parse(path).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is None and case.get("status") != "notrun":
            passed += 1
    return passed, failed


def count(events):
    """(passed, failed) of a run. A target that failed without a failing case counts as one."""
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
        for uri in files.get(label, ()):
            try:
                more_good, more_bad = cases(urllib.parse.unquote(urllib.parse.urlparse(uri).path))
            except (OSError, xml.ParseError):
                continue
            good, bad = good + more_good, bad + more_bad
        if outcome in ("PASSED", "FLAKY"):
            passed += max(good, 1)
        else:
            passed, failed = passed + good, failed + max(bad, 1)
    return passed, failed


if __name__ == "__main__":
    with open(sys.argv[1]) as lines:
        print(*count(json.loads(line) for line in lines))
