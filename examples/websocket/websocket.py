#!/usr/bin/env python3
"""websocket.py serve PORT: sends every text back in capitals.
websocket.py say PORT TEXT...: sends texts and prints what comes back.

As little of RFC 6455 as that takes, to be read; not for anything else.
"""

import base64
import hashlib
import os
import socket
import socketserver
import sys

MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE = 1, 8


def accept_value(key):
    return base64.b64encode(hashlib.sha1((key + MAGIC).encode()).digest()).decode()


def read_head(stream):
    """The first line, and the fields by name."""
    first, fields = stream.readline().decode().strip(), {}
    while line := stream.readline().decode().strip():
        name, _, value = line.partition(":")
        fields[name.lower()] = value.strip()
    return first, fields


def read_message(stream):
    """(opcode, payload) of one short frame; None at the end."""
    head = stream.read(2)
    if len(head) < 2:
        return None
    length = head[1] & 0x7F
    if length > 125:
        raise SystemExit("websocket.py: only texts of up to 125 bytes")
    mask = stream.read(4) if head[1] & 0x80 else bytes(4)
    return head[0] & 0x0F, bytes(byte ^ mask[i % 4] for i, byte in enumerate(stream.read(length)))


def write_message(stream, opcode, payload, masked):
    """Clients mask what they send, servers do not."""
    mask = os.urandom(4) if masked else bytes(4)
    head = bytes([0x80 | opcode, len(payload) | (0x80 if masked else 0)])
    stream.write(head + (mask if masked else b"") + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)))
    stream.flush()


class Server(socketserver.StreamRequestHandler):
    def handle(self):
        _, fields = read_head(self.rfile)
        if "sec-websocket-key" not in fields:
            self.wfile.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
            return
        self.wfile.write(("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
                          f"sec-websocket-accept: {accept_value(fields['sec-websocket-key'])}\r\n\r\n").encode())
        while (message := read_message(self.rfile)) and message[0] == TEXT:
            write_message(self.wfile, TEXT, message[1].decode().upper().encode(), masked=False)
        write_message(self.wfile, CLOSE, b"", masked=False)


def serve(port):
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    socketserver.ThreadingTCPServer.daemon_threads = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", port), Server) as server:
        server.serve_forever()


def say(port, texts):
    stream = socket.create_connection(("127.0.0.1", port), 10).makefile("rwb")
    key = base64.b64encode(os.urandom(16)).decode()
    stream.write((f"GET /chat HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
                  f"sec-websocket-key: {key}\r\nsec-websocket-version: 13\r\n\r\n").encode())
    stream.flush()
    first, fields = read_head(stream)
    print(first)
    if fields.get("sec-websocket-accept") != accept_value(key):
        raise SystemExit("websocket.py: the server did not switch to WebSocket")
    for text in texts:
        write_message(stream, TEXT, text.encode(), masked=True)
        print(read_message(stream)[1].decode())
    write_message(stream, CLOSE, b"", masked=True)
    print("closed" if read_message(stream) == (CLOSE, b"") else "not closed")


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"] and len(sys.argv) == 3:
        serve(int(sys.argv[2]))
    elif sys.argv[1:2] == ["say"] and len(sys.argv) > 3:
        say(int(sys.argv[2]), sys.argv[3:])
    else:
        raise SystemExit(__doc__)
