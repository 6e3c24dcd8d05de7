"""Servers behind the proxy that do what the test says, well or badly."""

import socket
import threading

from harness.waiting import PATIENCE_SECONDS, until


class Request:
    """A request as it arrived."""

    def __init__(self, head, connection_number):
        lines = head.decode("latin-1").split("\r\n")
        self.head = head
        self.method, self.target, self.version = lines[0].split(" ")
        self.headers = [tuple(line.split(": ", 1)) if ": " in line else (line.rstrip(":"), "")
                        for line in lines[1:]]
        self.body = b""
        self.trailers = []
        self.connection_number = connection_number

    def header(self, name):
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)


# -- what an upstream can do with a request --------------------------------------------------------

def reply(status=200, body="", headers=()):
    """Answers, and keeps the connection."""
    body = body if isinstance(body, bytes) else body.encode()
    lines = [f"HTTP/1.1 {status} Scripted"] + [f"{n}: {v}" for n, v in headers]
    lines.append(f"content-length: {len(body)}")
    return raw("\r\n".join(lines + ["", ""]).encode() + body)


def raw(data):
    """Sends these bytes, and keeps the connection."""
    return lambda stream: stream.socket.sendall(data)


def raw_then_close(data):
    """Sends these bytes and closes."""
    def act(stream):
        stream.socket.sendall(data)
        stream.close()
    return act


def echo(stream):
    """Answers with the body of the request."""
    reply(200, stream.request.body)(stream)


def close(stream):
    """Closes without a word."""
    stream.close()


def reset(stream):
    """Sends RST."""
    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    stream.close()


def silence(stream):
    """Never answers; waits for the other side to go."""
    stream.socket.settimeout(None)
    try:
        while stream.socket.recv(65536):
            pass
    except OSError:
        pass
    stream.close()


class Gate:
    """Answers only when the test says so: upstream(gate.then(reply())), ..., gate.open()."""

    def __init__(self):
        self._open = threading.Event()

    def open(self):
        self._open.set()

    def then(self, act):
        def wait(stream):
            self._open.wait(PATIENCE_SECONDS)
            act(stream)
        return wait


# -- the server ----------------------------------------------------------------------------------

class Upstream:
    """Answers its n-th request with the n-th act, and all that follow with the last.

    An act is one of the functions above, or any other of a Stream.
    """

    def __init__(self, *acts, address="127.0.0.1"):
        self.acts = acts or (reply(200, "hello"),)
        self.requests = []
        self.connections = 0
        self._lock = threading.Lock()
        self._sockets = set()
        self._listener = socket.create_server((address, 0), backlog=1024)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def last(self):
        """The latest request."""
        return self.requests[-1]

    def wait_for_requests(self, count):
        until(lambda: len(self.requests) >= count, f"{count} requests at the upstream")

    def close_connections(self):
        """Closes every connection from the proxy, whatever happens on it."""
        with self._lock:
            for each in self._sockets:
                shut(each)

    def stop(self):
        shut(self._listener)
        self._listener.close()
        self.close_connections()

    def _accept(self):
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return  # stopped
            with self._lock:
                self.connections += 1
                self._sockets.add(accepted)
                number = self.connections
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(accepted, number), daemon=True).start()

    def _serve(self, accepted, number):
        stream = Stream(accepted, number)
        try:
            while stream.is_open and stream.read_request():
                with self._lock:
                    act = self.acts[min(len(self.requests), len(self.acts) - 1)]
                    self.requests.append(stream.request)
                act(stream)
        except OSError:
            pass  # the proxy closed, or the test did
        with self._lock:
            self._sockets.discard(accepted)
            accepted.close()


class Stream:
    """The upstream's end of a connection, at one request."""

    def __init__(self, accepted, number):
        self.socket = accepted
        self.request = None
        self.is_open = True
        self._number = number
        self._unread = b""

    def close(self):
        self.is_open = False
        self.socket.close()

    def read_request(self):
        """False: the other side has closed."""
        head = self._read_until(b"\r\n\r\n")
        if head is None:
            return False
        self.request = Request(head, self._number)
        if (self.request.header("transfer-encoding") or "").lower() == "chunked":
            self._read_chunks()
        else:
            self.request.body = self._read_exactly(int(self.request.header("content-length") or 0))
        return True

    def _read_more(self):
        data = self.socket.recv(1 << 18)
        self._unread += data
        return bool(data)

    def _read_until(self, mark):
        while mark not in self._unread:
            if not self._read_more():
                return None
        found, _, self._unread = self._unread.partition(mark)
        return found

    def _read_exactly(self, count):
        parts, missing = [self._unread[:count]], count - len(self._unread)
        self._unread = self._unread[count:]
        while missing > 0:
            data = self.socket.recv(min(missing, 1 << 20))
            if not data:
                raise ConnectionError("the proxy closed inside a body")
            parts.append(data)
            missing -= len(data)
        return b"".join(parts)

    def _read_chunks(self):
        parts = []
        while size := int((self._read_until(b"\r\n") or b"0").split(b";")[0], 16):
            parts.append(self._read_exactly(size))
            self._read_exactly(2)
        while line := self._read_until(b"\r\n"):
            self.request.trailers.append(tuple(line.decode().split(": ", 1)))
        self.request.body = b"".join(parts)


def shut(each):
    """Wakes whoever waits on this socket."""
    try:
        each.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # not connected, or closed already
