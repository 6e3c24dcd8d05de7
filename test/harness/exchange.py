"""One exchange at a time, step by step, in HTTP/1 and HTTP/2 with the same words: what a matrix of
protocols is made of. HTTP/1 is spoken here, HTTP/2 by the library h2.

A client begins an exchange, a server is handed one. Both then send(), finish(), reset(), and read
what comes: next_head(), read(), rest().
"""

import queue
import socket
import sys
import threading

from harness.upstream import shut
from harness.waiting import PATIENCE_SECONDS

sys.path.append("/usr/lib/python3/dist-packages")  # Debian's python3-h2, whichever Python runs this
import h2.config  # noqa: E402
import h2.connection  # noqa: E402
import h2.errors  # noqa: E402
import h2.events  # noqa: E402
import h2.exceptions  # noqa: E402


class Broken(Exception):
    """The other side ended the exchange before its end."""


class Head:
    """Of a request or a response; names in lower case, in HTTP/1 too."""

    def __init__(self, first, headers):
        self.method, self.path, self.authority, self.status = first
        self.headers = [(name.lower(), value) for name, value in headers]

    def get(self, name):
        """The first value, or None."""
        return next((value for its_name, value in self.headers if its_name == name), None)

    def all(self, name):
        return [value for its_name, value in self.headers if its_name == name]

    def __repr__(self):
        return f"{self.status or self.method} {self.path or ''} {self.headers}"


# -- HTTP/1 ----------------------------------------------------------------------------------------

class Http1Exchange:
    """Bodies are chunked unless the head says content-length."""

    def __init__(self, connected):
        self.socket = connected
        self.socket.settimeout(PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unread = b""
        self._is_chunked = False  # what we send
        self._left = 0            # of the body that comes; None: chunked, -1: until the end
        self._in_chunk = 0
        self.method = "GET"
        self.trailers = []

    def request(self, method="GET", path="/", headers=(), last=True, authority="test"):
        self.method = method
        self._send_head(f"{method} {path} HTTP/1.1", [("host", authority), *headers], last)
        return self

    def respond(self, status=200, headers=(), last=False):
        self._send_head(f"HTTP/1.1 {status} Scripted", headers, last or status in (204, 304) or self.method == "HEAD",
                        says_length=status >= 200 and status not in (204, 304) and self.method != "HEAD")
        return self

    def _send_head(self, line, headers, last, says_length=False):
        headers = list(headers)
        has_length = any(name.lower() == "content-length" for name, _ in headers)
        self._is_chunked = not last and not has_length
        if self._is_chunked and not line.startswith("HTTP/1.1 1"):
            headers.append(("transfer-encoding", "chunked"))
        if last and says_length and not has_length:
            headers.append(("content-length", "0"))
        self._write("\r\n".join([line, *(f"{n}: {v}" for n, v in headers), "", ""]).encode("latin-1"))

    def send(self, data):
        if data:
            self._write(b"%x\r\n%s\r\n" % (len(data), data) if self._is_chunked else data)
        return self

    def finish(self, data=b"", trailers=()):
        self.send(data)
        if self._is_chunked:
            lines = "".join(f"{n}: {v}\r\n" for n, v in trailers)
            self._write(f"0\r\n{lines}\r\n".encode("latin-1"))
        return self

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def close(self):
        self.socket.close()

    def _write(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Broken(str(error)) from None

    def next_head(self):
        lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        words = lines[0].split(" ", 2)
        headers = [tuple(line.split(": ", 1)) if ": " in line else (line.rstrip(":"), "") for line in lines[1:]]
        is_response = words[0].startswith("HTTP/")
        head = Head((None, None, None, int(words[1])) if is_response else (words[0], words[1], None, None), headers)
        if not is_response:
            head.authority, self.method = head.get("host"), head.method
        self._begin_body(head)
        return head

    def _begin_body(self, head):
        self._in_chunk = 0
        has_none = head.status is not None and (head.status < 200 or head.status in (204, 304) or self.method == "HEAD")
        if has_none:
            self._left = 0
        elif head.get("transfer-encoding") == "chunked":
            self._left = None
        elif head.get("content-length") is not None:
            self._left = int(head.get("content-length"))
        else:
            self._left = 0 if head.status is None else -1

    def read(self, count):
        """So many bytes of the body, or less at its end."""
        parts, have = [], 0
        while have < count and (piece := self._piece(count - have)):
            parts.append(piece)
            have += len(piece)
        return b"".join(parts)

    def rest(self):
        """(body, trailers) to the end."""
        parts = []
        while piece := self._piece(1 << 20):
            parts.append(piece)
        return b"".join(parts), self.trailers

    def _piece(self, most):
        if self._left is None:
            if self._in_chunk == 0:
                self._in_chunk = int(self._until(b"\r\n").split(b";")[0], 16)
                if self._in_chunk == 0:
                    while line := self._until(b"\r\n"):
                        self.trailers.append(tuple(line.decode().split(": ", 1)))
                    self._left = 0
                    return b""
            piece = self._some(min(most, self._in_chunk))
            self._in_chunk -= len(piece)
            if self._in_chunk == 0:
                self._until(b"\r\n")
            return piece
        if self._left == -1:
            return self._unread_or_more(most)
        piece = self._some(min(most, self._left)) if self._left else b""
        self._left -= len(piece)
        return piece

    def _unread_or_more(self, most):
        piece = self._unread[:most] or self._receive(most)
        self._unread = self._unread[len(piece):] if self._unread else b""
        return piece

    def _some(self, most):
        piece = self._unread_or_more(most)
        if not piece:
            raise Broken("the connection ended inside a body")
        return piece

    def _until(self, mark):
        while mark not in self._unread:
            piece = self._receive(65536)
            if not piece:
                raise Broken(f"the connection ended after {self._unread!r}")
            self._unread += piece
        found, _, self._unread = self._unread.partition(mark)
        return found

    def _receive(self, most):
        try:
            return self.socket.recv(most)
        except ConnectionResetError as error:
            raise Broken(str(error)) from None

    def wait_for_break(self):
        """Until the other side gives the exchange up."""
        try:
            while self._receive(65536):
                pass
        except Broken:
            pass


# -- HTTP/2 ----------------------------------------------------------------------------------------

class Http2Peer:
    """One side of a connection; a thread reads what comes and hands it to the exchanges."""

    def __init__(self, connected, is_client, on_exchange=None, settings=None):
        self.socket = connected
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.changed = threading.Condition()
        self.exchanges = {}
        self.is_over = False
        self._next_id = 1
        self._on_exchange = on_exchange
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=is_client, header_encoding="latin-1"))
        if settings:
            self.h2.local_settings.update(settings)
        self.h2.initiate_connection()
        self.flush()
        threading.Thread(target=self._read, daemon=True).start()

    def flush(self):
        """With `changed` held, or before there is a second thread."""
        try:
            self.socket.sendall(self.h2.data_to_send())
        except OSError:
            pass  # it is going; reading will tell

    def begin(self):
        with self.changed:
            exchange = self.exchanges[self._next_id] = Http2Exchange(self, self._next_id)
            self._next_id += 2
            return exchange

    def close(self):
        shut(self.socket)
        self.socket.close()

    def _read(self):
        while True:
            try:
                data = self.socket.recv(1 << 18)
            except OSError:
                data = b""
            with self.changed:
                if not data:
                    return self._end()
                try:
                    for event in self.h2.receive_data(data):
                        self._take(event)
                except h2.exceptions.ProtocolError as error:
                    self.flush()
                    return self._end(f"it broke a rule: {error!r}")
                self.flush()
                self.changed.notify_all()

    def _end(self, why="the connection ended"):
        self.is_over = True
        for exchange in self.exchanges.values():
            exchange.why = exchange.why or why
        self.changed.notify_all()

    def _take(self, event):
        kinds = h2.events
        if isinstance(event, kinds.ConnectionTerminated):
            for number, exchange in self.exchanges.items():
                if number > (event.last_stream_id or 0):
                    exchange.why = f"GOAWAY with {event.error_code}"
            return
        exchange = self.exchanges.get(getattr(event, "stream_id", None))
        if isinstance(event, kinds.RequestReceived):
            exchange = self.exchanges[event.stream_id] = Http2Exchange(self, event.stream_id)
            exchange.heads.append(as_head(event.headers))
            self._on_exchange(exchange)
        elif exchange is None:
            return
        elif isinstance(event, (kinds.ResponseReceived, kinds.InformationalResponseReceived)):
            exchange.heads.append(as_head(event.headers))
        elif isinstance(event, kinds.DataReceived):
            exchange.body += event.data
            exchange.held += event.flow_controlled_length
        elif isinstance(event, kinds.TrailersReceived):
            exchange.trailers += list(event.headers)
        elif isinstance(event, kinds.StreamEnded):
            exchange.is_ended = True
        elif isinstance(event, kinds.StreamReset):
            exchange.reset_code = event.error_code
            exchange.why = f"reset with {event.error_code}"


def as_head(pairs):
    pseudo = {name: value for name, value in pairs if name.startswith(":")}
    status = pseudo.get(":status")
    first = (pseudo.get(":method"), pseudo.get(":path"), pseudo.get(":authority"), int(status) if status else None)
    return Head(first, [(name, value) for name, value in pairs if not name.startswith(":")])


class Http2Exchange:
    def __init__(self, peer, number):
        self.peer = peer
        self.id = number
        self.heads = []
        self.body = b""
        self.held = 0  # of the windows, until it is read
        self.trailers = []
        self.is_ended = False
        self.reset_code = None
        self.why = None  # it is broken
        self.method = "GET"

    def request(self, method="GET", path="/", headers=(), last=True, authority="test"):
        pseudo = [(":method", method), (":scheme", "http"), (":authority", authority), (":path", path)]
        return self._send_head(pseudo, headers, last)

    def respond(self, status=200, headers=(), last=False):
        return self._send_head([(":status", str(status))], headers, last)

    def _send_head(self, pseudo, headers, last):
        with self.peer.changed:
            self._act(lambda h: h.send_headers(self.id, [*pseudo, *headers], end_stream=last))
        return self

    def send(self, data):
        while data:
            with self.peer.changed:
                self._wait(lambda: self.why or self._room(), "window")
                if self.why:
                    raise Broken(self.why)
                room = self._room()
                self._act(lambda h: h.send_data(self.id, data[:room]))
                data = data[room:]
        return self

    def _room(self):
        return min(self.peer.h2.local_flow_control_window(self.id), self.peer.h2.max_outbound_frame_size)

    def finish(self, data=b"", trailers=()):
        self.send(data)
        with self.peer.changed:
            if trailers:
                self._act(lambda h: h.send_headers(self.id, list(trailers), end_stream=True))
            else:
                self._act(lambda h: h.end_stream(self.id))
        return self

    def reset(self):
        with self.peer.changed:
            self._act(lambda h: h.reset_stream(self.id, h2.errors.ErrorCodes.INTERNAL_ERROR))

    def close(self):
        pass  # the connection is its upstream's or its client's

    def _act(self, step):
        try:
            step(self.peer.h2)
        except h2.exceptions.ProtocolError as error:
            raise Broken(self.why or repr(error)) from None
        self.peer.flush()

    def _wait(self, condition, what):
        if not self.peer.changed.wait_for(condition, PATIENCE_SECONDS):
            raise AssertionError(f"waited in vain for {what}")

    def next_head(self):
        with self.peer.changed:
            self._wait(lambda: self.heads or self.why, "a head")
            if not self.heads:
                raise Broken(self.why)
            return self.heads.pop(0)

    def read(self, count):
        taken = b""
        with self.peer.changed:
            while len(taken) < count:
                self._wait(lambda: self.body or self.is_ended or self.why, f"{count} bytes of body")
                if not self.body and not self.is_ended:
                    raise Broken(self.why)
                if not self.body:
                    break
                taken, self.body = taken + self.body[:count - len(taken)], self.body[count - len(taken):]
                self._give_windows()
        return taken

    def rest(self):
        parts = []
        with self.peer.changed:
            while True:
                self._wait(lambda: self.body or self.is_ended or self.why, "the end of the body")
                parts.append(self.body)
                self.body = b""
                self._give_windows()
                if self.is_ended:
                    return b"".join(parts), self.trailers
                if self.why:
                    raise Broken(self.why)

    def _give_windows(self):
        if self.held and not self.peer.is_over:
            held, self.held = self.held, 0
            try:
                self.peer.h2.acknowledge_received_data(held, self.id)
            except h2.exceptions.ProtocolError:
                return  # the stream is gone
            self.peer.flush()

    def wait_for_break(self):
        with self.peer.changed:
            self._wait(lambda: self.why, "the end of the exchange")


# -- both ------------------------------------------------------------------------------------------

class ExchangeClient:
    """Begins exchanges with the proxy: HTTP/1 on a connection for each, HTTP/2 on one."""

    def __init__(self, protocol, port):
        self._protocol = protocol
        self._port = port
        self._open = []
        self._http2 = Http2Peer(self._connect(), is_client=True) if protocol == "h2" else None

    def begin(self):
        if self._http2:
            return self._http2.begin()
        self._open.append(Http1Exchange(self._connect()))
        return self._open[-1]

    def _connect(self):
        return socket.create_connection(("127.0.0.1", self._port), PATIENCE_SECONDS)

    def close(self):
        for each in [self._http2, *self._open]:
            if each:
                each.close()


class ExchangeUpstream:
    """A server whose exchanges a test takes with next(), head and all, in the order in which they
    begin."""

    def __init__(self, protocol, settings=None):
        self._protocol = protocol
        self._settings = settings
        self._begun = queue.Queue()
        self._connections = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def connections(self):
        return len(self._connections)

    def next(self):
        """(exchange, head) of the next request; HTTP/1: the first on its connection."""
        exchange = self._begun.get(timeout=PATIENCE_SECONDS)
        return exchange, exchange.next_head()

    def stop(self):
        shut(self._listener)
        self._listener.close()
        for each in self._connections:
            each.close()

    def _accept(self):
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return  # stopped
            if self._protocol == "h2":
                self._connections.append(Http2Peer(accepted, is_client=False, on_exchange=self._begun.put,
                                                   settings=self._settings))
            else:
                self._connections.append(Http1Exchange(accepted))
                self._begun.put(self._connections[-1])
