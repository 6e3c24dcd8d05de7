"""TLS as far as its first messages, by hand: what no library would send.

Records and handshake messages are bytes; RFC 8446 4 and 5 say what belongs into them.
"""

import os
import socket
import struct

from harness.waiting import PATIENCE_SECONDS

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
CLIENT_HELLO, SERVER_HELLO, FINISHED = 1, 2, 20

ALERTS = {0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow",
          40: "handshake_failure", 42: "bad_certificate", 47: "illegal_parameter", 48: "unknown_ca",
          50: "decode_error", 51: "decrypt_error", 70: "protocol_version", 80: "internal_error",
          109: "missing_extension", 110: "unsupported_extension", 112: "unrecognized_name",
          116: "certificate_required", 120: "no_application_protocol"}

TLS_AES_128_GCM_SHA256 = 0x1301
TLS_ECDHE_ECDSA_AES128_GCM_SHA256 = 0xC02B
TLS_RSA_WITH_3DES_EDE_CBC_SHA = 0x000A


def record(kind, payload, version=0x0301):
    return struct.pack("!BHH", kind, version, len(payload)) + payload


def message(kind, body):
    return struct.pack("!B", kind) + len(body).to_bytes(3, "big") + body


def _list(payload, width):
    return len(payload).to_bytes(width, "big") + payload


def _numbers(numbers):
    return b"".join(struct.pack("!H", number) for number in numbers)


def extension(kind, payload):
    return struct.pack("!H", kind) + _list(payload, 2)


def server_name(name):
    return extension(0, _list(b"\0" + _list(name, 2), 2))


def groups(*ids):
    return extension(10, _list(_numbers(ids), 2))


def signature_algorithms(*ids):
    return extension(13, _list(_numbers(ids), 2))


def alpn(*names):
    return extension(16, _list(b"".join(_list(name, 1) for name in names), 2))


def supported_versions(*versions):
    return extension(43, _list(_numbers(versions), 1))


def key_share(group=0x001D, key=None):
    return extension(51, _list(struct.pack("!H", group) + _list(os.urandom(32) if key is None else key, 2), 2))


X25519, SECP256R1 = 0x001D, 0x0017
ECDSA_P256, RSA_PSS = 0x0403, 0x0804


def extensions(**changes):
    """Those of a good TLS 1.3 client; a change to None leaves one out."""
    all_of_them = {"groups": groups(X25519, SECP256R1), "algorithms": signature_algorithms(ECDSA_P256, RSA_PSS),
                   "versions": supported_versions(0x0304), "share": key_share(), **changes}
    return [each for each in all_of_them.values() if each is not None]


def client_hello(extensions_of_it=None, suites=(TLS_AES_128_GCM_SHA256,), compressions=b"\0", version=0x0303, tail=b""):
    """A ClientHello message; `tail` follows where nothing should."""
    said = extensions() if extensions_of_it is None else extensions_of_it
    return message(CLIENT_HELLO, struct.pack("!H", version) + os.urandom(32) + _list(os.urandom(32), 1)
                   + _list(_numbers(suites), 2) + _list(compressions, 1) + _list(b"".join(said), 2) + tail)


class RawTls:
    """A connection that sends what it is told and reads records."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self):
        self.socket.close()

    def send(self, data, piece=None):
        """All at once, or in pieces of so many bytes."""
        try:
            for at in range(0, len(data), piece or max(len(data), 1)):
                self.socket.sendall(data[at:at + (piece or len(data))])
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before the end: what it said about that is still to be read
        return self

    def read(self):
        """Everything up to the end."""
        seen = b""
        while True:
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError:
                return seen
            if not piece:
                return seen
            seen += piece

    def next_record(self):
        """(kind, payload), or None at the end."""
        head = self._exactly(5)
        if head is None:
            return None
        return head[0], self._exactly(struct.unpack("!H", head[3:])[0])

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            try:
                piece = self.socket.recv(size - len(data))
            except ConnectionResetError:
                return None
            if not piece:
                return None
            data += piece
        return data

    def alert(self):
        """The name of the first plain alert; "closed" if the end comes without one."""
        while (found := self.next_record()) is not None:
            kind, payload = found
            if kind == ALERT and payload is not None and len(payload) == 2:
                return ALERTS.get(payload[1], str(payload[1]))
        return "closed"
