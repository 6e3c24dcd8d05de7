"""An HTTP/1 client that sends exactly the bytes it is given and shows exactly what came back."""

import json
import socket

from harness.waiting import PATIENCE_SECONDS


class Response:
    """One response as it was on the wire."""

    def __init__(self, head):
        lines = head.decode("latin-1").split("\r\n")
        self.status_line = lines[0]
        self.status = int(lines[0].split(" ")[1])
        self.headers = [tuple(line.split(": ", 1)) if ": " in line else (line.rstrip(":"), "")
                        for line in lines[1:]]
        self.body = b""
        self.trailers = []

    def header(self, name):
        """The first value, or None."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:80]!r}"


class Connection:
    """A client's connection: what a test sends goes out as it is, one send call for each."""

    def __init__(self, port, address="127.0.0.1"):
        self.socket = socket.create_connection((address, port), PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = b""

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)
        return self

    def request(self, path="/", method="GET", headers=(), body=None, host="test"):
        """Sends a plain request and reads its response."""
        self.send(request_text(path, method, headers, body, host))
        return self.read_response(to=method)

    def finish_sending(self):
        """Half-closes: the end of the stream for the other side, which may still answer."""
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def reset(self):
        """Ends the connection with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def close(self):
        self.socket.close()

    # -- reading ---------------------------------------------------------------------------------

    def read_head(self):
        """The next head, 1xx included, without its body."""
        return Response(self._read_until(b"\r\n\r\n"))

    def read_response(self, to="GET"):
        """The next final response. `to`: the method it answers."""
        response = self.read_head()
        while response.status < 200:
            response = self.read_head()
        if to == "HEAD" or response.status in (204, 304):
            return response
        if (response.header("transfer-encoding") or "").lower() == "chunked":
            self._read_chunks(response)
        elif response.header("content-length") is not None:
            response.body = self._read_exactly(int(response.header("content-length")))
        else:
            response.body = self.read_to_end()
        return response

    def read_to_end(self):
        """Everything up to the end of the stream."""
        while self._read_more():
            pass
        data, self.unread = self.unread, b""
        return data

    def is_closed_by_peer(self):
        """Waits for the end of the stream; bytes before it mean no."""
        try:
            return self.read_to_end() == b""
        except ConnectionResetError:
            return True

    def _read_more(self):
        data = self.socket.recv(65536)
        self.unread += data
        return data

    def _read_until(self, mark):
        while mark not in self.unread:
            if not self._read_more():
                raise ConnectionError(f"the peer closed after {self.unread!r}")
        found, _, self.unread = self.unread.partition(mark)
        return found

    def _read_exactly(self, count):
        parts, missing = [self.unread[:count]], count - len(self.unread)
        self.unread = self.unread[count:]
        while missing > 0:
            data = self.socket.recv(min(missing, 1 << 20))
            if not data:
                raise ConnectionError(f"the peer closed {missing} bytes before the end of the body")
            parts.append(data)
            missing -= len(data)
        return b"".join(parts)

    def _read_chunks(self, response):
        parts = []
        while size := int(self._read_until(b"\r\n").split(b";")[0], 16):
            parts.append(self._read_exactly(size))
            self._read_exactly(2)
        while line := self._read_until(b"\r\n"):
            response.trailers.append(tuple(line.decode().split(": ", 1)))
        response.body = b"".join(parts)


def request_text(path="/", method="GET", headers=(), body=None, host="test"):
    """The bytes of a request; `headers`: a dict or pairs."""
    pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
    body = body.encode() if isinstance(body, str) else body
    if body is not None:
        pairs.append(("Content-Length", str(len(body))))
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"] + [f"{n}: {v}" for n, v in pairs]
    return "\r\n".join(lines + ["", ""]).encode("latin-1") + (body or b"")


def fetch(port, path="/", method="GET", headers=(), body=None, host="test"):
    """One request on a connection of its own."""
    connection = Connection(port)
    try:
        return connection.request(path, method, headers, body, host)
    finally:
        connection.close()
