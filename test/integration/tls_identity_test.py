#!/usr/bin/env python3
"""Who the two sides of a TLS connection are, as requests, policies, routes and logs tell it; and what
ALPN and SNI decide."""

import json
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import tls
from harness.client import Connection
from harness.config import bootstrap, cluster, json_log, listener, protocol_options, rbac
from harness.l4 import ECHO, TcpServer, chain, echo_bytes, l4_listener, lines_of, says, tcp_proxy
from harness.story import Story, main
from harness.upstream import raw_then_close, reply
from harness.waiting import PATIENCE_SECONDS

CERTS = pathlib.Path(__file__).resolve().parents[2] / "tools" / "certs"
TO_A = '- match: { prefix: "/" }\n  route: { cluster: a }'
MANY_MODES = ("SANITIZE", "FORWARD_ONLY", "APPEND_FORWARD", "SANITIZE_SET", "ALWAYS_FORWARD_ONLY")


class Certificate:
    def __init__(self, directory, name):
        self.chain, self.key = directory / f"{name}.pem", directory / f"{name}.key"


class IdentityStory(Story):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory(prefix="outrigger-test-")
        cls.certs = pathlib.Path(cls.place.name)
        for line in ("ca ca", "leaf server --dns a.example --dns b.example --ip 127.0.0.1"
                     " --uri spiffe://example.org/proxy --usage both",
                     "leaf web --uri spiffe://example.org/web --dns web.example --usage both"):
            command, name, *flags = line.split()
            subprocess.run([sys.executable, CERTS, command, cls.certs, name, *flags], check=True)
        cls.ca = cls.certs / "ca.pem"

    @classmethod
    def tearDownClass(cls):
        cls.place.cleanup()

    def certificate(self, name):
        return Certificate(self.certs, name)

    def tls_listener(self, routes=TO_A, alpn=("h2", "http/1.1"), required=False, **more):
        """Asks clients for a certificate of the CA."""
        text = tls.common(self.certificate("server"), trusted=self.ca, alpn=alpn)
        return tls.tls_listener(
            routes, tls.downstream(text, f"require_client_certificate: {str(required).lower()}\n"), **more)

    def dial(self, proxy, certificate=None, name="a.example", listener="front"):
        """An HTTP/1 connection over TLS."""
        context = ssl.create_default_context(cafile=self.ca)
        if certificate:
            mine = self.certificate(certificate)
            context.load_cert_chain(mine.chain, mine.key)
        connection = Connection(proxy.port(listener))
        connection.socket = context.wrap_socket(connection.socket, server_hostname=name)
        self.addCleanup(connection.close)
        return connection


class ClientTest(IdentityStory):
    def test_forwards_the_clients_certificate_in_five_modes(self):
        server = self.upstream(*[reply(200)] * 15)
        listeners = [self.tls_listener(
            name=mode.lower(), http=f"forward_client_cert_details: {mode}\n"
            "set_current_client_cert_details: { subject: true, uri: true, dns: true }") for mode in MANY_MODES]
        proxy = self.proxy(bootstrap(listeners, [cluster("a", server)]))
        hash_of_web = subprocess.run(["openssl", "x509", "-in", self.certs / "web.pem", "-noout", "-fingerprint",
                                      "-sha256"], capture_output=True, text=True, check=True)
        digest = hash_of_web.stdout.strip().split("=")[1].replace(":", "").lower()
        ours = (f'By=spiffe://example.org/proxy;Hash={digest};Subject="CN=web";'
                "URI=spiffe://example.org/web;DNS=web.example")
        told = {"SANITIZE": None, "FORWARD_ONLY": "from=before", "APPEND_FORWARD": f"from=before,{ours}",
                "SANITIZE_SET": ours, "ALWAYS_FORWARD_ONLY": "from=before"}
        for mode in MANY_MODES:
            with self.subTest(mode=mode):
                client = self.dial(proxy, "web", listener=mode.lower())
                self.assert_status(client.request(headers=[("x-forwarded-client-cert", "from=before")]), 200)
                self.assertEqual(server.requests[-1].header("x-forwarded-client-cert"), told[mode])
                stranger = self.dial(proxy, listener=mode.lower())
                self.assert_status(stranger.request(headers=[("x-forwarded-client-cert", "from=before")]), 200)
                self.assertEqual(server.requests[-1].header("x-forwarded-client-cert"),
                                 "from=before" if mode == "ALWAYS_FORWARD_ONLY" else None)

    def test_says_that_the_connection_is_secure(self):
        server = self.upstream(reply(200))
        proxy = self.proxy(bootstrap([self.tls_listener()], [cluster("a", server)]))
        self.assert_status(self.dial(proxy).request(), 200)
        self.assertEqual(server.requests[0].header("x-forwarded-proto"), "https")

    def test_policies_know_the_client_by_its_name(self):
        server = self.upstream(reply(200), reply(200))
        rules = rbac("""\
            rules:
              policies:
                web:
                  permissions: [{ requested_server_name: { exact: a.example } }]
                  principals: [{ authenticated: { principal_name: { prefix: "spiffe://example.org/w" } } }]""")
        proxy = self.proxy(bootstrap([self.tls_listener(filters=rules)], [cluster("a", server)]))
        self.assert_status(self.dial(proxy, "web").request(), 200)
        self.assert_status(self.dial(proxy).request(), 403)
        self.assert_status(self.dial(proxy, "server").request(), 403)
        self.assert_status(self.dial(proxy, "web", name="b.example").request(), 403)
        self.assertEqual(proxy.counter("http.front.rbac.denied"), 3)

    def test_routes_know_whether_there_is_a_certificate(self):
        routes = """\
            - match: { prefix: "/", tls_context: { presented: true, validated: true } }
              direct_response: { status: 200, body: { inline_string: known } }
            - match: { prefix: "/" }
              direct_response: { status: 200, body: { inline_string: unknown } }"""
        proxy = self.proxy(bootstrap([self.tls_listener(routes)]))
        self.assert_status(self.dial(proxy, "web").request(), 200, "known")
        self.assert_status(self.dial(proxy).request(), 200, "unknown")

    def test_logs_tell_who_the_client_is(self):
        log = self.directory() / "log"
        operators = dict(version="%DOWNSTREAM_TLS_VERSION%", name="%REQUESTED_SERVER_NAME%",
                         subject="%DOWNSTREAM_PEER_SUBJECT%", issuer="%DOWNSTREAM_PEER_ISSUER%",
                         uri="%DOWNSTREAM_PEER_URI_SAN%", dns="%DOWNSTREAM_PEER_DNS_SAN%",
                         ours="%DOWNSTREAM_LOCAL_URI_SAN%", up="%UPSTREAM_TLS_VERSION%")
        routes = '- match: { prefix: "/" }\n  direct_response: { status: 200 }'
        proxy = self.proxy(bootstrap([self.tls_listener(routes, http=json_log(log, **operators))]))
        self.assert_status(self.dial(proxy, "web").request(), 200)
        self.assertEqual(json.loads(lines_of(log, 1)[0]), {
            "version": "TLSv1.3", "name": "a.example", "subject": "CN=web", "issuer": "CN=ca",
            "uri": "spiffe://example.org/web", "dns": "web.example", "ours": "spiffe://example.org/proxy",
            "up": None})

    def test_alpn_decides_between_the_versions_of_http(self):
        server = self.upstream(reply(200), reply(200))
        proxy = self.proxy(bootstrap([self.tls_listener()], [cluster("a", server)]))
        for flag, version in (("--http2", "2"), ("--http1.1", "1.1")):
            done = subprocess.run(
                ["curl", "-sS", "--max-time", str(PATIENCE_SECONDS), flag, "--cacert", self.ca, "-o", "/dev/null",
                 "-w", "%{http_version} %{http_code}", "--resolve", f"a.example:{proxy.port()}:127.0.0.1",
                 f"https://a.example:{proxy.port()}/"], capture_output=True, text=True)
            self.assertEqual((done.stdout, done.stderr), (f"{version} 200", ""))

    def test_closes_with_a_word_about_the_end(self):
        server = self.upstream(raw_then_close(b"HTTP/1.1 200 OK\r\n\r\nuntil the end"))
        proxy = self.proxy(bootstrap([self.tls_listener()], [cluster("a", server)]))
        client = self.dial(proxy)
        # Without close_notify reading to the end is an error.
        client.socket.suppress_ragged_eofs = False
        response = client.request(headers=[("connection", "close")])
        self.assertTrue(response.body.endswith(b"until the end"), response.body)


class SessionTest(IdentityStory):
    """Network filters that know nothing of TLS, behind it and in front of it."""

    def secured(self, filters):
        """A listener of this chain."""
        socket_text = tls.downstream(tls.common(self.certificate("server"), trusted=self.ca))
        return l4_listener(chain(filters) + socket_text, name="secured")

    def talks(self, connection):
        """64 KiB there and back, then the end of one side and of the other."""
        data = bytes(range(256)) * 256
        connection.sendall(data)
        seen = b""
        while len(seen) < len(data):
            seen += connection.recv(65536)
        self.assertEqual(seen, data)

    def test_echo_and_direct_response_speak_through_it(self):
        proxy = self.proxy(bootstrap([self.secured(ECHO)]))
        self.talks(self.dial(proxy, listener="secured").socket)
        proxy = self.proxy(bootstrap([self.secured(says("hello"))]))
        self.assertEqual(self.dial(proxy, listener="secured").read_to_end(), b"hello")

    def test_tcp_proxy_ends_it_and_begins_it(self):
        """Plain to the first, TLS to the second, plain to the server."""
        log = self.directory() / "log"
        server = TcpServer(echo_bytes)
        self.addCleanup(server.stop)
        behind = self.proxy(bootstrap([self.secured(tcp_proxy("a", json_log(
            log, peer="%DOWNSTREAM_PEER_URI_SAN%", name="%REQUESTED_SERVER_NAME%")))], [cluster("a", server)]))
        to_behind = tls.upstream(tls.common(self.certificate("web"), trusted=self.ca), "sni: a.example\n")
        proxy = self.proxy(bootstrap([l4_listener(chain(tcp_proxy("a")))],
                                     [cluster("a", Port(behind.port("secured")), more=to_behind)]))
        client = self.connect(proxy)
        self.talks(client.socket)
        client.finish_sending()
        self.assertEqual(client.read_to_end(), b"")
        self.assertEqual(json.loads(lines_of(log, 1)[0]), {"peer": "spiffe://example.org/web", "name": "a.example"})


class ListenerLogTest(IdentityStory):
    def test_tells_of_connections_that_never_became_requests(self):
        log = self.directory() / "log"
        more = json_log(log, detail="%RESPONSE_CODE_DETAILS%", failure="%DOWNSTREAM_TRANSPORT_FAILURE_REASON%",
                        subject="%DOWNSTREAM_PEER_SUBJECT%")
        routes = '- match: { prefix: "/" }\n  direct_response: { status: 200 }'
        proxy = self.proxy(bootstrap([self.tls_listener(routes, required=True, more=more)]))
        stranger = self.dial(proxy)
        with self.assertRaises(OSError):  # TLS 1.3 tells it after the client's side is done
            stranger.request()
        refused = json.loads(lines_of(log, 1)[0])
        self.assertEqual(refused["detail"], "handshake_failed")
        self.assertIn("certificate", refused["failure"])
        known = self.dial(proxy, "web")
        self.assert_status(known.request(), 200)
        known.close()
        self.assertEqual(json.loads(lines_of(log, 2)[1]), {"detail": None, "failure": None, "subject": "CN=web"})


class UpstreamTest(IdentityStory):
    """A plain proxy whose cluster "inner" speaks TLS with the listener "inner" of another."""

    HTTP1 = "explicit_http_config: { http_protocol_options: {} }"

    def two_hops(self, socket_text, protocol=HTTP1, inner=None, **more):
        """The one in front, the one behind it, and the server behind that."""
        server = self.upstream(*[reply(200)] * 4)
        behind = self.proxy(bootstrap([self.tls_listener(name="inner", required=True, **(inner or {}))],
                                      [cluster("a", server)]))
        to_inner = cluster("inner", Port(behind.port("inner")), more=socket_text + protocol_options(protocol))
        return self.proxy(bootstrap([front(**more)], [to_inner])), behind, server

    def mutual(self, more="", **fields):
        return tls.upstream(tls.common(self.certificate("web"), trusted=self.ca, **fields), more)

    def test_shows_its_certificate_and_checks_the_endpoints(self):
        log = self.directory() / "log"
        operators = dict(version="%UPSTREAM_TLS_VERSION%", ours="%UPSTREAM_LOCAL_URI_SAN%",
                         theirs="%UPSTREAM_PEER_URI_SAN%", failure="%UPSTREAM_TRANSPORT_FAILURE_REASON%")
        proxy, _, server = self.two_hops(
            self.mutual("sni: a.example\n"), http=json_log(log, **operators),
            inner=dict(http="forward_client_cert_details: SANITIZE_SET\n"
                            "set_current_client_cert_details: { uri: true }"))
        self.assert_status(self.connect(proxy).request(), 200)
        self.assertIn("URI=spiffe://example.org/web", server.requests[0].header("x-forwarded-client-cert"))
        self.assertEqual(json.loads(lines_of(log, 1)[0]), {
            "version": "TLSv1.3", "ours": "spiffe://example.org/web", "theirs": "spiffe://example.org/proxy",
            "failure": None})

    def test_says_which_check_failed(self):
        log = self.directory() / "log"
        wanted = 'match_typed_subject_alt_names: [{ san_type: DNS, matcher: { exact: c.example } }]'
        proxy, _, _ = self.two_hops(
            self.mutual("sni: a.example\n", validation=wanted),
            http=json_log(log, failure="%UPSTREAM_TRANSPORT_FAILURE_REASON%", flags="%RESPONSE_FLAGS%"))
        response = self.connect(proxy).request()
        self.assert_status(response, 503)
        line = json.loads(lines_of(log, 1)[0])
        self.assertEqual(line["flags"], "UF")
        self.assertIn("c.example", line["failure"])
        self.assertIn("transport failure reason: " + line["failure"], response.text)
        self.assertEqual(proxy.counter("cluster.inner.upstream_cx_connect_fail"), 1)

    def test_speaks_the_http_that_the_endpoint_chose(self):
        for chosen in ("h2", "http/1.1"):
            with self.subTest(chosen=chosen):
                proxy, behind, _ = self.two_hops(self.mutual("sni: a.example\n"), "auto_config: {}",
                                         inner=dict(alpn=(chosen,)))
                self.assert_status(self.connect(proxy).request(), 200)
                name = "http2" if chosen == "h2" else "http1"
                self.assertEqual(proxy.counter(f"cluster.inner.upstream_cx_{name}_total"), 1)
                self.assertEqual(behind.counter(f"http.inner.downstream_cx_{name}_total"), 1)

    def test_asks_for_the_host_of_each_request(self):
        log = self.directory() / "log"
        proxy, _, _ = self.two_hops(
            self.mutual(), "upstream_http_protocol_options: { auto_sni: true, auto_san_validation: true }\n"
            "explicit_http_config: { http_protocol_options: {} }",
            inner=dict(http=json_log(log, name="%REQUESTED_SERVER_NAME%")))
        client = self.connect(proxy)
        for host in ("a.example", "B.example:80", "a.example"):
            self.assert_status(client.request(host=host), 200)
        # Connections of two workers log in no order of time.
        self.assertEqual(sorted(json.loads(line)["name"] for line in lines_of(log, 3)),
                         ["a.example", "a.example", "b.example"])
        self.assertEqual(proxy.counter("cluster.inner.upstream_cx_total"), 2)
        self.assert_status(client.request(host="c.example"), 503)

    def test_takes_what_is_cut_off_for_incomplete(self):
        """A body until the close without close_notify."""
        server = CuttingServer(self.certificate("server"))
        self.addCleanup(server.stop)
        proxy = self.proxy(bootstrap(
            [front()], [cluster("inner", server, more=self.mutual("sni: a.example\n"))]))
        client = self.connect(proxy)
        client.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n")
        self.assertFalse(client.read_to_end().endswith(b"0\r\n\r\n"))
        self.assertEqual(proxy.counter("cluster.inner.upstream_cx_destroy_with_active_rq"), 1)


class CuttingServer:
    """Answers one request with a body that ends by the end of the socket alone."""

    def __init__(self, certificate):
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(certificate.chain, certificate.key)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        try:
            plain, _ = self._listening.accept()
        except OSError:
            return
        plain.settimeout(PATIENCE_SECONDS)
        secure = self._context.wrap_socket(plain, server_side=True)
        secure.recv(65536)
        secure.sendall(b"HTTP/1.1 200 OK\r\n\r\na part")
        secure.close()  # Python sends no close_notify by itself

    def stop(self):
        self._listening.close()
        self._thread.join()


class Port:
    def __init__(self, port):
        self.port = port


def front(**more):
    return listener('- match: { prefix: "/" }\n  route: { cluster: inner }', **more)


if __name__ == "__main__":
    main()
