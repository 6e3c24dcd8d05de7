"""A client that never stops asking while the configuration changes around it."""

import threading
from collections import Counter

from harness.client import Connection


class SteadyClient:
    """Threads that each keep a connection and send request after request.

    Strict: an answer that is not expected, a connection that ends without `connection: close`
    before it, and a connection that is refused are all failures.
    """

    def __init__(self, port, path="/", threads=2):
        self._port = port
        self._path = path
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.answers = Counter()  # (status, text)
        self.failures = []
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def statuses(self):
        with self._lock:
            return {status for status, _ in self.answers}

    def count(self):
        with self._lock:
            return sum(self.answers.values())

    def finish(self):
        """Ends it; the failures."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        return self.failures

    def _run(self):
        connection = None
        while not self._stop.is_set():
            try:
                connection = connection or Connection(self._port)
                response = connection.request(self._path)
            except OSError as failure:
                with self._lock:
                    self.failures.append(repr(failure))
                connection = None
                continue
            with self._lock:
                self.answers[response.status, response.text] += 1
            if response.header("connection") == "close":
                connection.close()
                connection = None
            self._stop.wait(0.001)  # a thousand requests a second and thread, and some CPU for others
        if connection is not None:
            connection.close()
