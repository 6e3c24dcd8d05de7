"""Waiting for a condition, never for a time."""

import time

PATIENCE_SECONDS = 20  # a machine that runs other tests beside this one, under a sanitizer


def until(condition, what, seconds=PATIENCE_SECONDS):
    """Asks again and again until `condition()` is true; returns what it returned."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}; last seen: {result!r}")
        time.sleep(0.005)
