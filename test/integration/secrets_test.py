#!/usr/bin/env python3
"""Certificates that come by SDS, over every way, and change while clients are there."""

import pathlib
import re
import socket
import ssl
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.config import TYPE, bootstrap, indented, listener, live_bootstrap, protocol_options
from harness.live import listeners
from harness.process import ROOT, built, run
from harness.story import Story, main
from harness.waiting import PATIENCE_SECONDS, until

SECRET = TYPE + "extensions.transport_sockets.tls.v3.Secret"
CONTEXT = TYPE + "extensions.transport_sockets.tls.v3.DownstreamTlsContext"
ROUTE = '- match: { prefix: / }\n  direct_response: { status: 200, body: { inline_string: "hello" } }\n'


DRAINS_SOON = "layered_runtime: { layers: [{ name: a, static_layer: { outrigger.tls.rotation_drain_ms: 64 } }] }\n"


class Certificates:
    """A throwaway authority and what it signed."""

    def __init__(self, directory):
        self.directory = directory
        self.make("ca", "ca")

    def make(self, kind, name, *flags):
        done = run(sys.executable, ROOT / "tools/certs", kind, self.directory, name, *flags)
        if done.returncode != 0:
            raise AssertionError(done.stderr.decode())

    def leaf(self, name):
        self.make("leaf", name, "--by", "ca", "--dns", f"{name}.test")
        return name

    def text(self, file):
        return (self.directory / file).read_text()

    def secret(self, leaf, name="default"):
        return (f"name: {name}\ntls_certificate:\n"
                f"  certificate_chain:\n    inline_string: |\n{indented(self.text(leaf + '.pem'), 6)}\n"
                f"  private_key:\n    inline_string: |\n{indented(self.text(leaf + '.key'), 6)}\n")


def resources(*secrets, version=None):
    """A file of secrets; of outrigger-control without a version, which it makes itself."""
    entries = "".join(f'- "@type": {SECRET}\n{indented(text, 2)}\n' for text in secrets)
    return (f"version_info: '{version}'\n" if version else "") + f"resources:\n{entries}"


def tls_listener(source, timeout="15s"):
    """The listener "front" with the certificate "default" from there."""
    plain = listener(ROUTE)
    socket_config = (f"transport_socket:\n  name: tls\n  typed_config:\n    \"@type\": {CONTEXT}\n"
                     "    common_tls_context:\n      tls_certificate_sds_secret_configs:\n"
                     f"      - name: default\n        sds_config: {{ {source}, resource_api_version: V3,"
                     f" initial_fetch_timeout: {timeout} }}\n")
    return plain + indented(socket_config, 2) + "\n"


def transport(context, fields):
    """A transport_socket of TLS; `context`: "Downstream" or "Upstream"."""
    return (f"transport_socket:\n  name: tls\n  typed_config:\n    \"@type\": {TYPE}"
            f"extensions.transport_sockets.tls.v3.{context}TlsContext\n{indented(fields, 4)}\n")


def from_cluster(api="GRPC"):
    return (f"api_config_source: {{ api_type: {api}, transport_api_version: V3, "
            "grpc_services: [{ envoy_grpc: { cluster_name: sds } }] }")


def pipe_cluster(path):
    return (f"name: sds\ntype: STATIC\nconnect_timeout: 2s\n"
            f"load_assignment:\n  cluster_name: sds\n  endpoints:\n  - lb_endpoints:\n"
            f"    - endpoint: {{ address: {{ pipe: {{ path: {path} }} }} }}\n"
            + protocol_options("explicit_http_config: { http2_protocol_options: {} }"))


class SecretsTest(Story):
    def setUp(self):
        self.certificates = Certificates(self.directory())
        for name in ("first", "second"):
            self.certificates.leaf(name)

    # -- a client that trusts the authority ------------------------------------------------------

    def connect_securely(self, proxy):
        context = ssl.create_default_context(cafile=str(self.certificates.directory / "ca.pem"))
        context.check_hostname = False
        plain = socket.create_connection(("127.0.0.1", proxy.port()), PATIENCE_SECONDS)
        self.addCleanup(plain.close)
        secure = context.wrap_socket(plain, server_hostname="any.test")
        self.addCleanup(secure.close)
        return secure

    def shown(self, proxy):
        """The DNS name in the certificate that a new connection gets; None: it gets none."""
        try:
            secure = self.connect_securely(proxy)
        except (ConnectionError, ssl.SSLError, OSError):
            return None
        return dict(secure.getpeercert()["subjectAltName"])["DNS"]

    def answer(self, secure):
        secure.sendall(b"GET / HTTP/1.1\r\nhost: any.test\r\n\r\n")
        return secure.recv(65536)

    def ask(self, secure):
        return self.answer(secure).split(b"\r\n")[0]

    def put(self, path, text):
        fresh = path.parent / f".{path.name}.new"
        fresh.write_text(text)
        fresh.rename(path)

    # -- files -----------------------------------------------------------------------------------

    def test_a_file_that_is_renewed_gives_new_connections_the_new_certificate(self):
        path = self.directory() / "sds.yaml"
        self.put(path, resources(self.certificates.secret("first")))
        proxy = self.proxy(bootstrap([tls_listener(f"path_config_source: {{ path: {path} }}")]))
        old = self.connect_securely(proxy)
        self.assertEqual(self.ask(old), b"HTTP/1.1 200 OK")
        self.assertEqual(self.shown(proxy), "first.test")
        self.put(path, resources(self.certificates.secret("second"), version="2"))
        until(lambda: self.shown(proxy) == "second.test", "the new certificate is shown")
        self.assertEqual(self.ask(old), b"HTTP/1.1 200 OK", "the old connection lives on")
        # What turns bad keeps the last good one.
        self.put(path, resources("name: default\ntls_certificate: { private_key: { inline_string: hunter2 } }"))
        until(lambda: proxy.counter("sds.default.update_rejected") == 1, "the bad secret is refused")
        self.assertEqual(self.shown(proxy), "second.test")
        dump = proxy.admin("/config_dump").text
        self.assertIn("dynamic_active_secrets", dump)
        self.assertNotIn("hunter2", dump + proxy.log)
        self.assertNotIn("PRIVATE KEY", dump + proxy.log)
        certificates = proxy.admin("/certs").json()["certificates"]
        self.assertEqual(certificates[0]["cert_chain"][0]["subject_alt_names"], [{"dns": "second.test"}])

    def assert_told_to_go(self, proxy, connections):
        """Each gets one more answer, with word of its end."""
        until(lambda: sum(count for name, count in proxy.counters().items()
                          if name.endswith("downstream_cx_outdated")) == len(connections), "all of them are chosen")
        for secure in connections:
            head = self.answer(secure)
            self.assertIn(b"200 OK", head)
            self.assertIn(b"connection: close", head)
        self.assertNotIn(b"connection: close", self.answer(self.connect_securely(proxy)))

    def test_connections_with_a_certificate_that_was_replaced_end_in_order(self):
        path = self.directory() / "sds.yaml"
        self.put(path, resources(self.certificates.secret("first")))
        proxy = self.proxy(bootstrap([tls_listener(f"path_config_source: {{ path: {path} }}")], more=DRAINS_SOON))
        old = [self.connect_securely(proxy) for _ in range(8)]
        for secure in old:
            self.assertNotIn(b"connection: close", self.answer(secure))
        self.put(path, resources(self.certificates.secret("second"), version="2"))
        self.assert_told_to_go(proxy, old)

    def test_connections_from_before_an_update_of_their_listener_end_when_its_certificate_changed(self):
        def text(certificate, server_names=""):
            return listener(ROUTE) + indented(transport("Downstream", self.own(certificate)), 2) + "\n" + server_names
        control = self.control_plane({"listeners.yaml": listeners(text("first"))})
        proxy = self.proxy(live_bootstrap(control.port) + DRAINS_SOON)
        old = [self.connect_securely(proxy) for _ in range(4)]
        control.save("listeners.yaml", listeners(text("first", "per_connection_buffer_limit_bytes: 100000\n")))
        proxy.wait_for_counter("listener_manager.listener_in_place_updated", 1)
        control.save("listeners.yaml", listeners(text("second")))
        self.assert_told_to_go(proxy, old)
        self.assertEqual(self.shown(proxy), "second.test")

    def test_a_listener_waits_for_a_file_and_then_serves_without_it(self):
        path = self.directory() / "sds.yaml"
        proxy = self.proxy(bootstrap([tls_listener(f"path_config_source: {{ path: {path} }}", "1s")]), waits=False)
        until(proxy.is_answering, "the admin endpoint answers")
        self.assertIn("listener front waits for secret default", proxy.admin("/").text)
        proxy.wait_until_ready()
        self.assertIsNone(self.shown(proxy), "it has no certificate")
        self.put(path, resources(self.certificates.secret("first")))
        until(lambda: self.shown(proxy) == "first.test", "what comes late is used")
        self.assertEqual(proxy.counter("sds.default.init_fetch_timeout"), 1)

    # -- streams ---------------------------------------------------------------------------------

    def check_rotation_over_a_stream(self, api):
        pipe = self.directory() / "sds.sock"
        control = self.control_plane({"s.yaml": resources(self.certificates.secret("first"))},
                                     listen=f"unix:{pipe}")
        proxy = self.proxy(bootstrap([tls_listener(from_cluster(api), "0s")], [pipe_cluster(pipe)]))
        self.assertEqual(self.shown(proxy), "first.test")
        old = self.connect_securely(proxy)
        control.save("s.yaml", resources(self.certificates.secret("second")))
        until(lambda: self.shown(proxy) == "second.test", "the new certificate is shown")
        self.assertEqual(self.ask(old), b"HTTP/1.1 200 OK")
        control.save("s.yaml", resources("name: default\ntls_certificate: { password: { inline_string: x } }"))
        self.assertIn("default", control.wait_for_nack("sds"))
        self.assertEqual(self.shown(proxy), "second.test")
        control.kill()
        self.assertEqual(self.shown(proxy), "second.test")

    def test_secrets_come_over_a_unix_socket(self):
        self.check_rotation_over_a_stream("GRPC")

    def test_secrets_come_over_a_unix_socket_incrementally(self):
        self.check_rotation_over_a_stream("DELTA_GRPC")

    def test_a_secret_service_that_comes_late_is_waited_for(self):
        pipe = self.directory() / "sds.sock"
        proxy = self.proxy(bootstrap([tls_listener(from_cluster(), "0s")], [pipe_cluster(pipe)]), waits=False)
        until(proxy.is_answering, "the admin endpoint answers")
        self.assertEqual(proxy.admin("/server_info").json()["state"], "INITIALIZING")
        self.assertIn("listener front waits for secret default", proxy.admin("/").text)
        self.control_plane({"s.yaml": resources(self.certificates.secret("first"))}, listen=f"unix:{pipe}")
        proxy.wait_until_ready()
        self.assertEqual(self.shown(proxy), "first.test")

    # -- the control plane's own stream ----------------------------------------------------------

    def own(self, name):
        """The CommonTlsContext of who shows that certificate and believes in the authority."""
        files = self.certificates.directory
        return (f"common_tls_context:\n  tls_certificates:\n  - certificate_chain: {{ filename: {files}/{name}.pem }}\n"
                f"    private_key: {{ filename: {files}/{name}.key }}\n"
                f"  validation_context: {{ trusted_ca: {{ filename: {files}/ca.pem }} }}\n")

    def secure_control_plane(self, files):
        """outrigger-control over mutual TLS."""
        self.certificates.leaf("control")
        self.certificates.make("leaf", "workload", "--by", "ca", "--usage", "client", "--uri", "spiffe://test/workload")
        at = self.certificates.directory
        return self.control_plane(files, flags=("--tls-cert", at / "control.pem", "--tls-key", at / "control.key",
                                                "--tls-client-ca", at / "ca.pem"))

    def bootstrap_over_tls(self, control, fields):
        return live_bootstrap(control.port) + indented(transport("Upstream", fields), 4) + "\n"

    def test_secrets_and_listeners_come_by_ads_over_mutual_tls(self):
        control = self.secure_control_plane({"listeners.yaml": listeners(tls_listener("ads: {}")),
                                             "s.yaml": resources(self.certificates.secret("first"))})
        proxy = self.proxy(self.bootstrap_over_tls(control, self.own("workload") + "sni: control.test\n"))
        self.assertEqual(self.shown(proxy), "first.test")
        control.save("s.yaml", resources(self.certificates.secret("second")))
        until(lambda: self.shown(proxy) == "second.test", "the new certificate is shown")
        self.assertEqual(proxy.counter("sds.default.update_success"), 2)

    def test_a_control_plane_that_does_not_believe_us_sends_nothing(self):
        control = self.secure_control_plane({"listeners.yaml": listeners()})
        trust = f"validation_context: {{ trusted_ca: {{ filename: {self.certificates.directory}/ca.pem }} }}"
        proxy = self.proxy(self.bootstrap_over_tls(control, f"common_tls_context: {{ {trust} }}\nsni: control.test\n"),
                           waits=False)
        # gRPC closes without an alert, behind the end of our handshake.
        ended = "stream to the control plane ended: .*(certificate_required|closed_by_peer|peer_reset)"
        until(lambda: re.search(ended, proxy.log), "the log says that the stream ended")
        self.assertEqual(control.events("stream_open"), [])
        self.assertEqual(proxy.counter("listener_manager.lds.update_success"), 0)

    def test_a_control_plane_that_we_do_not_believe_is_named_with_the_reason(self):
        control = self.secure_control_plane({"listeners.yaml": listeners()})
        self.certificates.make("ca", "another")
        own = self.own("workload").replace("/ca.pem", "/another.pem")
        proxy = self.proxy(self.bootstrap_over_tls(control, own + "sni: control.test\n"), waits=False)
        until(lambda: 'the server "CN=control" leads to no trusted authority' in proxy.log, "the log says why")
        self.assertEqual(proxy.counter("control_plane.connected_state"), 0)

    def test_a_control_plane_takes_a_renewed_certificate_without_a_restart(self):
        control = self.secure_control_plane({"listeners.yaml": listeners(listener(ROUTE))})
        proxy = self.proxy(self.bootstrap_over_tls(control, self.own("workload") + "sni: control.test\n"))
        self.certificates.leaf("control")
        control.save("listeners.yaml", listeners(listener(ROUTE, more="stat_prefix: renewed\n")))
        proxy.wait_for_counter("listener_manager.lds.update_success", 2)
        self.assertEqual(proxy.counter("control_plane.connected_state"), 1)

    def test_a_cluster_that_would_wait_for_itself_is_refused(self):
        cluster = pipe_cluster("/nowhere") + (
            f'transport_socket:\n  name: tls\n  typed_config:\n    "@type": {TYPE}'
            "extensions.transport_sockets.tls.v3.UpstreamTlsContext\n    common_tls_context:\n"
            f"      tls_certificate_sds_secret_configs: [{{ name: default, sds_config: {{ {from_cluster()} }} }}]\n")
        directory = self.directory()
        (directory / "b.yaml").write_text(bootstrap([], [cluster]))
        done = run(built("source/main/outrigger"), "-c", directory / "b.yaml")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("comes through cluster sds, which waits for it itself", (done.stdout + done.stderr).decode())


if __name__ == "__main__":
    main()
