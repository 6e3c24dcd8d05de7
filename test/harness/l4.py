"""Listeners that carry plain bytes, and servers behind them."""

import socket
import threading

from harness.config import TYPE, address, indented
from harness.waiting import PATIENCE_SECONDS, until


# -- configuration ---------------------------------------------------------------------------------

def network_filter(message, fields="{}"):
    """One entry of a chain's filters; `message` below extensions.filters.network."""
    return (f'- name: end\n  typed_config:\n    "@type": {TYPE}extensions.filters.network.{message}\n'
            + (indented(fields, 4) + "\n" if fields != "{}" else ""))


def tcp_proxy(cluster="a", more=""):
    return network_filter("tcp_proxy.v3.TcpProxy", f"stat_prefix: tcp\ncluster: {cluster}\n{more}")


def says(text):
    """A filter that tells every client the same."""
    return network_filter("direct_response.v3.Config", f"response: {{ inline_string: {text} }}")


ECHO = network_filter("echo.v3.Echo")


def chain(filters, match="", name=""):
    return ((f"name: {name}\n" if name else "") + (f"filter_chain_match: {{ {match} }}\n" if match else "")
            + f"filters:\n{filters}")


def l4_listener(*chains, name="front", port=0, more=""):
    entries = "".join("-\n" + indented(text, 2) + "\n" for text in chains)
    return f"name: {name}\n{address(port)}\n{more}\nfilter_chains:\n{entries}"


def listener_filter(message, fields="{}", more=""):
    """One entry of listener_filters; `message` below extensions.filters.listener."""
    return (f'- name: look\n{more}  typed_config:\n    "@type": {TYPE}extensions.filters.listener.{message}\n'
            + (indented(fields, 4) + "\n" if fields != "{}" else ""))


ORIGINAL_DST = listener_filter("original_dst.v3.OriginalDst")
TLS_INSPECTOR = listener_filter("tls_inspector.v3.TlsInspector")
HTTP_INSPECTOR = listener_filter("http_inspector.v3.HttpInspector")


def looked_at_by(*filters, more=""):
    """For `more` of a listener."""
    return f"listener_filters:\n{''.join(filters)}{more}"


# -- peers -----------------------------------------------------------------------------------------

class TcpServer:
    """Runs `act(socket)` for each connection, on a thread of its own."""

    def __init__(self, act, address="127.0.0.1", port=0):
        self._act = act
        self.connections = 0
        self._sockets = []
        self._listener = socket.create_server((address, port), backlog=256)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._sockets.append(accepted)
            accepted.settimeout(PATIENCE_SECONDS)
            threading.Thread(target=self._serve, args=(accepted,), daemon=True).start()

    def _serve(self, accepted):
        try:
            self._act(accepted)
        except OSError:
            pass
        finally:
            accepted.close()

    def stop(self):
        # A close alone would leave the thread in accept.
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        for accepted in self._sockets:
            accepted.close()


def read_all(connection):
    """Everything until the other side's end."""
    data = bytearray()
    while piece := connection.recv(1 << 16):
        data += piece
    return bytes(data)


def read_exactly(connection, count):
    data = bytearray()
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise AssertionError(f"ended after {len(data)} of {count} bytes")
        data += piece
    return bytes(data)


def echo_bytes(connection):
    """Sends back what comes, and ends when the client does."""
    while piece := connection.recv(1 << 16):
        connection.sendall(piece)


def dial(port, address="127.0.0.1"):
    connection = socket.create_connection((address, port), PATIENCE_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def is_closed(connection):
    """Whether the other side ends without a word."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def lines_of(path, count):
    """The lines of a file, once there are as many."""
    return until(lambda: (text := path.read_text().splitlines() if path.exists() else []) and
                 len(text) >= count and text, f"{count} lines in {path.name}")
