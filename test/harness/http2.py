"""HTTP/2 frame by frame: a client and a server that send exactly what a test says, well or badly."""

import socket
import struct
import sys
import threading
from typing import NamedTuple

from harness.upstream import shut
from harness.waiting import PATIENCE_SECONDS

sys.path.append("/usr/lib/python3/dist-packages")  # Debian's python3-hpack, whichever Python runs this
from hpack import Decoder  # noqa: E402

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM = ACK = 1
END_HEADERS = 4
PADDED = 8

NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR = range(4)
STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL, COMPRESSION_ERROR = 5, 6, 7, 8, 9
ENHANCE_YOUR_CALM = 11

MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE = 3, 4


class Frame(NamedTuple):
    type: int
    flags: int
    stream: int
    payload: bytes

    @property
    def error(self):
        """The code of RST_STREAM or GOAWAY."""
        return struct.unpack(">I", self.payload[4:8] if self.type == GOAWAY else self.payload[:4])[0]

    @property
    def increment(self):
        """Of WINDOW_UPDATE."""
        return struct.unpack(">I", self.payload)[0]


# -- frames as bytes -------------------------------------------------------------------------------

def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def fields(pairs):
    """HPACK without its tables: each field a literal, as it is. Bytes or text."""
    return b"".join(literal(name, value) for name, value in pairs)


def literal(name, value, first=b"\x00"):
    return first + _string(name) + _string(value)


def _string(text):
    data = text.encode("latin-1") if isinstance(text, str) else text
    return integer(len(data), 7) + data


def integer(value, prefix_bits, flags=0):
    """An HPACK integer (RFC 7541 5.1)."""
    limit = (1 << prefix_bits) - 1
    if value < limit:
        return bytes([flags | value])
    out, value = [flags | limit], value - limit
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes(out + [value])


def headers(stream, pairs, flags=END_HEADERS | END_STREAM):
    return frame(HEADERS, flags, stream, fields(pairs))


def get_fields(path="/", method="GET", more=()):
    return [(":method", method), (":scheme", "http"), (":authority", "test"), (":path", path), *more]


def get(stream, path="/", more=()):
    return headers(stream, get_fields(path, more=more))


def post(stream, path="/", more=()):
    """The head of a request whose body follows."""
    return headers(stream, get_fields(path, "POST", more), END_HEADERS)


def data(stream, payload=b"", flags=0):
    return frame(DATA, flags, stream, payload)


def settings(*pairs):
    return frame(SETTINGS, payload=b"".join(struct.pack(">HI", *pair) for pair in pairs))


def window_update(stream, bytes_more):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", bytes_more))


def reset(stream, code=CANCEL):
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def goaway(last_stream, code=NO_ERROR):
    return frame(GOAWAY, 0, 0, struct.pack(">II", last_stream, code))


# -- a connection ----------------------------------------------------------------------------------

class Ended(Exception):
    """The other side closed before what the test waits for; its text tells the last frames."""


class Http2Connection:
    """One side of a connection. It reads only when the test waits for something; while it does, it
    acknowledges SETTINGS, keeps heads and bodies by stream, and gives back windows if told so."""

    def __init__(self, connected, gives_windows=True):
        self.socket = connected
        self.socket.settimeout(PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.gives_windows = gives_windows
        self.heads = {}     # stream: [pairs, ...], trailers too
        self.bodies = {}    # stream: bytearray
        self.ended = set()  # streams that the other side has ended
        self.resets = {}    # stream: error
        self.settings = {}
        self.goaway = None  # the last GOAWAY frame
        self.window = 65535  # bytes of bodies that the other side will still take
        self.windows = {}    # the same by stream, without what its SETTINGS say
        self.seen = []      # types of the last frames, for messages
        self._decoder = Decoder()
        self._unread = b""

    def send(self, *frames):
        self.socket.sendall(b"".join(frames))
        return self

    def send_body(self, stream, count, last=True):
        """As many bytes as that, as fast as the other side takes them: unlike the rest here, well behaved."""
        while count > 0:
            self.until(lambda: self.window > 0 and self._stream_window(stream) > 0, "a window")
            piece = min(count, self.window, self._stream_window(stream), 16384)
            self.window -= piece
            self.windows[stream] = self.windows.get(stream, 0) - piece
            count -= piece
            self.send(data(stream, b"x" * piece, END_STREAM if last and count == 0 else 0))
        return self

    def _stream_window(self, stream):
        return self.settings.get(INITIAL_WINDOW_SIZE, 65535) + self.windows.get(stream, 0)

    def flood(self, piece, times):
        """Sends a piece again and again; an early end by the other side is part of the story."""
        try:
            for _ in range(times):
                self.socket.sendall(piece)
        except OSError:
            pass
        return self

    def close(self):
        self.socket.close()

    # -- reading ---------------------------------------------------------------------------------

    def read_frame(self):
        """The next frame, or None at the end of the connection."""
        head = self._read(9)
        if head is None:
            return None
        length = int.from_bytes(head[:3], "big")
        kind, flags, stream = struct.unpack(">BBI", head[3:])
        payload = self._read(length)
        return None if payload is None else self._note(Frame(kind, flags, stream & 0x7FFFFFFF, payload))

    def until(self, condition, what):
        """Reads frames until the condition is true."""
        while not condition():
            if self.read_frame() is None:
                raise Ended(f"the connection ended before {what}; goaway: {self.goaway}; last frames: {self.seen[-10:]}")
        return self

    def wait_for_end(self, stream):
        """Until the other side has ended or reset this stream."""
        return self.until(lambda: stream in self.ended or stream in self.resets, f"stream {stream} is over")

    def read_to_end(self):
        """Until the other side closes; its GOAWAY."""
        while self.read_frame() is not None:
            pass
        return self.goaway

    def status(self, stream):
        """The status of its last head that has one."""
        return int(next(dict(head)[":status"] for head in reversed(self.heads[stream]) if ":status" in dict(head)))

    def _read(self, count):
        while len(self._unread) < count:
            try:
                piece = self.socket.recv(1 << 18)
            except ConnectionResetError:
                return None
            if not piece:
                return None
            self._unread += piece
        taken, self._unread = self._unread[:count], self._unread[count:]
        return taken

    def _note(self, seen):
        self.seen = self.seen[-50:] + [(seen.type, seen.stream)]
        if seen.type == SETTINGS and not seen.flags & ACK:
            for at in range(0, len(seen.payload), 6):
                key, value = struct.unpack(">HI", seen.payload[at:at + 6])
                self.settings[key] = value
            self._answer(frame(SETTINGS, ACK))
        elif seen.type == PING and not seen.flags & ACK:
            self._answer(frame(PING, ACK, 0, seen.payload))
        elif seen.type == HEADERS:
            self.heads.setdefault(seen.stream, []).append(self._decode(seen))
        elif seen.type == DATA:
            self.bodies.setdefault(seen.stream, bytearray()).extend(seen.payload)
            if self.gives_windows and seen.payload:
                self._answer(window_update(0, len(seen.payload)) + window_update(seen.stream, len(seen.payload)))
        elif seen.type == WINDOW_UPDATE and seen.stream == 0:
            self.window += seen.increment
        elif seen.type == WINDOW_UPDATE:
            self.windows[seen.stream] = self.windows.get(seen.stream, 0) + seen.increment
        elif seen.type == RST_STREAM:
            self.resets[seen.stream] = seen.error
        elif seen.type == GOAWAY:
            self.goaway = seen
        if seen.type in (HEADERS, DATA) and seen.flags & END_STREAM:
            self.ended.add(seen.stream)
        return seen

    def _answer(self, data_out):
        try:
            self.socket.sendall(data_out)
        except OSError:
            pass  # it is going; reading will tell

    def _decode(self, seen):
        block, flags = seen.payload, seen.flags
        if flags & 0x20:
            block = block[5:]
        while not flags & END_HEADERS:
            head = self._read(9)
            flags = head[4]
            block += self._read(int.from_bytes(head[:3], "big"))
        return [(_text(name), _text(value)) for name, value in self._decoder.decode(block, raw=True)]


def _text(value):
    return value.decode("latin-1") if isinstance(value, bytes) else value


class Http2Client(Http2Connection):
    """A client that has sent its preface and these settings."""

    def __init__(self, port, *pairs, gives_windows=True):
        super().__init__(socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS), gives_windows)
        self.send(PREFACE, settings(*pairs))
        self._next_stream = 1

    def get(self, path="/"):
        """The status and body of one request."""
        stream, self._next_stream = self._next_stream, self._next_stream + 2
        self.send(get(stream, path)).wait_for_end(stream)
        if stream in self.resets:
            raise Ended(f"stream {stream} was reset with {self.resets[stream]}")
        return self.status(stream), bytes(self.bodies.get(stream, b""))


class Http2Upstream:
    """A server whose every connection is served by `act(Http2Connection)`, in a thread of its own; the
    client's preface is read already, and our SETTINGS are sent unless told otherwise."""

    def __init__(self, act, *pairs, greets=True):
        self._act = act
        self._greeting = settings(*pairs) if greets else b""
        self.connections = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        shut(self._listener)
        self._listener.close()
        for each in self.connections:
            shut(each.socket)

    def _accept(self):
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return  # stopped
            self.connections.append(Http2Connection(accepted))
            threading.Thread(target=self._serve, args=(self.connections[-1],), daemon=True).start()

    def _serve(self, connection):
        try:
            if connection._read(len(PREFACE)) == PREFACE:
                connection.send(self._greeting)
                self._act(connection)
        except (OSError, Ended):
            pass  # the proxy closed, or the test did
        finally:
            connection.close()


def answering(body=b"hello", status="200"):
    """An act: answers each request whole."""
    def act(connection):
        done = 0
        while True:
            connection.until(lambda: len(connection.ended) > done, "another request")
            for stream in sorted(connection.ended)[done:]:
                connection.send(headers(stream, [(":status", status)], END_HEADERS), data(stream, body, END_STREAM))
                done += 1
    return act
