#!/usr/bin/env python3
"""TLS with programs that others wrote: OpenSSL, GnuTLS, curl, h2load, nginx; and what testers of TLS say
of us."""

import datetime
import json
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.certificates import Certificates
from harness.config import bootstrap, cluster, listener, protocol_options
from harness.nginx import start_nginx
from harness.peers import python_program
from harness.process import Process, installed, run
from harness.story import Story, main
from harness.tls import common, downstream, tls_listener, transport_socket, upstream
from harness.upstream import reply
from harness.waiting import until

FRONT = "stat_prefix: front\n"
HELLO = '- { match: { prefix: / }, direct_response: { status: 200, body: { inline_string: "hello\\n" } } }'
TO_A = "- { match: { prefix: / }, route: { cluster: a } }"
ALPN = ("h2", "http/1.1")
RESUMED = re.compile(r"^Reused, (\S+), Cipher is (\S+)", re.M)
FRESH = re.compile(r"^New, (\S+), Cipher is (\S+)", re.M)


class TlsStory(Story):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificates = Certificates()
        cls.addClassCleanup(cls.certificates.remove)

    def serve(self, *certificates, trusted=None, more="", common_more="", routes=HELLO, clusters=()):
        """A proxy with one TLS listener; by default one P-256 certificate for localhost."""
        certificates = certificates or (self.certificates.server("localhost"),)
        text = downstream(common(*certificates, trusted=trusted, alpn=ALPN, more=common_more), more)
        self.outrigger = self.proxy(bootstrap([tls_listener(routes, text, more=FRONT)], clusters))
        self.port = self.outrigger.port("front")
        return self.outrigger

    def s_client(self, *flags, says="", name="localhost"):
        """What `openssl s_client` prints; `says`: what it sends, then it ends."""
        done = subprocess.run(
            [installed("openssl"), "s_client", "-connect", f"127.0.0.1:{self.port}", "-servername", name,
             "-CAfile", self.certificates.authority, *map(str, flags)],
            input=says.encode(), capture_output=True, timeout=20)
        return done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")

    def curl(self, *flags, path="/", port=None):
        return run(installed("curl"), "--silent", "--show-error", "--max-time", "10", "--cacert", self.certificates.authority,
                   *flags, f"https://localhost:{port or self.port}{path}")


class ClientsTest(TlsStory):
    def test_curl_in_both_versions_of_tls_and_http(self):
        self.serve()
        for tls in ("1.2", "1.3"):
            for http, version in (("--http1.1", "1.1"), ("--http2", "2")):
                with self.subTest(tls=tls, http=http):
                    done = self.curl(f"--tlsv{tls}", "--tls-max", tls, http, "--write-out", "%{http_version}")
                    self.assertEqual(done.stdout.decode(), f"hello\n{version}", done.stderr.decode())
        self.assertEqual(self.outrigger.counter("listener.front.ssl.versions.TLSv1.3"), 2)
        self.assertEqual(self.outrigger.counter("listener.front.ssl.versions.TLSv1.2"), 2)

    def test_curl_refuses_a_certificate_that_is_not_ours(self):
        self.serve(self.certificates.self_signed("localhost-alone"))
        self.assertNotEqual(self.curl().returncode, 0)
        until(lambda: self.outrigger.counter("listener.front.ssl.connection_error") == 1, "it is counted")

    def test_openssl_resumes_with_tickets(self):
        self.serve()
        for tls in ("-tls1_2", "-tls1_3"):
            with self.subTest(tls):
                session = self.certificates.directory / f"session{tls}"
                says = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
                first = self.s_client(tls, "-sess_out", session, "-ign_eof", says=says)
                self.assertRegex(first, FRESH)
                self.assertIn("hello", first)
                self.assertRegex(self.s_client(tls, "-sess_in", session, "-ign_eof", says=says), RESUMED)
        self.assertEqual(self.outrigger.counter("listener.front.ssl.session_reused"), 2)

    def test_openssl_is_shown_the_certificate_for_its_name_and_kind(self):
        directory = self.certificates
        rsa, ec = directory.server("localhost", "--key", "rsa2048"), directory.make(
            "leaf", "ec", "--by", "ca", "--dns", "localhost", "--key", "p256")
        other = directory.make("leaf", "other", "--by", "ca", "--dns", "*.other.example")
        self.serve(rsa, ec, other)
        self.assertIn("Peer signature type: ECDSA", self.s_client())
        self.assertIn("Peer signature type: RSA-PSS", self.s_client("-sigalgs", "rsa_pss_rsae_sha256"))
        self.assertIn("subject=CN = other", self.s_client(name="a.other.example"))

    def test_openssl_may_not_renegotiate_nor_speak_what_is_old(self):
        self.serve()
        renegotiated = self.s_client("-tls1_2", says="R\n")
        self.assertRegex(renegotiated, "no renegotiation|alert|unexpected eof|errno")
        for old in ("-tls1_1", "-tls1"):
            self.assertIn("alert protocol version", self.s_client(old, "-cipher", "ALL:@SECLEVEL=0"))

    def test_a_client_certificate_is_asked_for_and_checked(self):
        directory = self.certificates
        self.serve(trusted=directory.authority, more="require_client_certificate: true\n")
        directory.make("ca", "stranger-ca")
        stranger = directory.make("leaf", "stranger", "--by", "stranger-ca", "--usage", "client")
        expired = directory.client("expired", "--from", "2020-01-01", "--to", "2021-01-01")
        server_only = directory.make("leaf", "server-only", "--by", "ca", "--dns", "x", "--usage", "server")
        good = directory.client("alice")
        says = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        for name, flags, expected in (
                ("none", (), "alert certificate required"),
                ("a stranger's", ("-cert", stranger.chain, "-key", stranger.key), "alert unknown ca"),
                ("an expired one", ("-cert", expired.chain, "-key", expired.key), "alert certificate expired"),
                ("a server's", ("-cert", server_only.chain, "-key", server_only.key), "alert (unsupported|bad) certificate"),
                ("a good one", ("-cert", good.chain, "-key", good.key), "hello")):
            with self.subTest(name):
                self.assertRegex(self.s_client("-ign_eof", *flags, says=says), expected)
        self.assertEqual(self.outrigger.counter("listener.front.ssl.fail_verify_no_cert"), 1)
        self.assertEqual(self.outrigger.counter("listener.front.ssl.fail_verify_error"), 3)

    def test_openssl_is_shown_the_stapled_response(self):
        server = self.certificates.server("stapled")
        self.certificates.make("ocsp", "ca", "stapled")
        staple = self.certificates.directory / "stapled.ocsp"
        text = (f"common_tls_context:\n  tls_certificates:\n  - certificate_chain: {{ filename: {server.chain} }}\n"
                f"    private_key: {{ filename: {server.key} }}\n    ocsp_staple: {{ filename: {staple} }}\nocsp_staple_policy: MUST_STAPLE\n")
        self.outrigger = self.proxy(bootstrap([tls_listener(HELLO, transport_socket("DownstreamTlsContext", text), more=FRONT)]))
        self.port = self.outrigger.port("front")
        shown = self.s_client("-status", name="stapled")
        self.assertIn("OCSP Response Status: successful", shown)
        self.assertIn("Cert Status: good", shown)
        self.assertEqual(self.outrigger.counter("listener.front.ssl.ocsp_staple_responses"), 1)

    def gnutls(self, *flags):
        done = subprocess.run(
            [installed("gnutls-cli"), "--port", str(self.port), "--x509cafile", self.certificates.authority, *flags,
             "--sni-hostname", "localhost", "--verify-hostname", "localhost", "127.0.0.1"],
            input=b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n", capture_output=True, timeout=30)
        text = done.stdout.decode()
        self.assertEqual(done.returncode, 0, text + done.stderr.decode())
        self.assertIn("Status: The certificate is trusted", text)
        self.assertIn("\nhello\n", text)
        return text

    def test_gnutls_connects_and_resumes(self):
        self.serve()
        self.assertIn("(TLS1.3-X.509)", self.gnutls())
        # Of TLS 1.3 the ticket comes with the first answer, and gnutls-cli --resume asks for none.
        self.assertIn("*** This is a resumed session", self.gnutls("--resume", "--priority", "NORMAL:-VERS-TLS1.3"))

    def test_h2load_over_tls(self):
        self.serve()
        done = run(installed("h2load"), "-n", "2000", "-c", "20", "-m", "10", f"https://localhost:{self.port}/", timeout=60)
        report = done.stdout.decode()
        self.assertIn("2000 succeeded, 0 failed, 0 errored, 0 timeout", report)
        self.assertIn("Application protocol: h2", report)

    def test_a_large_answer_is_intact(self):
        body = bytes(range(256)) * 4096 * 8
        self.serve(routes=TO_A, clusters=[cluster("a", self.upstream(reply(200, body)))])
        for http in ("--http1.1", "--http2"):
            self.assertEqual(self.curl(http).stdout, body)


NGINX = """
ssl_certificate {certificate.chain};
ssl_certificate_key {certificate.key};
ssl_client_certificate {authority};
ssl_protocols TLSv1.2 TLSv1.3;
ssl_verify_client on;
location / {{ return 200 "$ssl_client_verify $ssl_client_s_dn $ssl_protocol $server_protocol $ssl_session_reused\\n"; }}
"""


class ServersTest(TlsStory):
    def calling(self, address, socket_text, more=""):
        """A proxy with a plain listener before this endpoint."""
        text = (f"name: a\ntype: STATIC\nconnect_timeout: 2s\nload_assignment:\n  cluster_name: a\n  endpoints:\n"
                f"  - lb_endpoints:\n    - endpoint: {{ address: {{ {address} }} }}\n{more}{socket_text}")
        self.outrigger = self.proxy(bootstrap([listener(TO_A)], [text]), concurrency=1)
        return self.outrigger

    def nginx(self):
        server = NGINX.format(certificate=self.certificates.server("nginx"), authority=self.certificates.authority)
        return f"pipe: {{ path: {start_nginx(self, server, 'ssl http2')}/socket }}"

    def test_nginx_knows_who_we_are(self):
        us = self.certificates.client("outrigger")
        sans = 'match_typed_subject_alt_names:\n- { san_type: DNS, matcher: { exact: nginx } }'
        proxy = self.calling(self.nginx(), upstream(common(us, trusted=self.certificates.authority, validation=sans), "sni: nginx\n"))
        first = proxy.get("/").text.split()
        self.assertEqual(first[:4], ["SUCCESS", "CN=outrigger", "TLSv1.3", "HTTP/1.1"])
        self.assertEqual(proxy.get("/").text.split()[0], "SUCCESS")
        self.assertEqual(proxy.counter("cluster.a.ssl.handshake"), 1)

    def test_sessions_with_nginx_are_used_again(self):
        us = self.certificates.client("outrigger-again")
        one_each = protocol_options("common_http_protocol_options: { max_requests_per_connection: 1 }\n"
                                    "explicit_http_config: { http_protocol_options: {} }")
        proxy = self.calling(self.nginx(), upstream(common(us, trusted=self.certificates.authority), "sni: nginx\n"), one_each)
        self.assertEqual(proxy.get("/").text.split()[-1], ".")
        self.assertEqual(proxy.get("/").text.split()[-1], "r")
        self.assertEqual(proxy.counter("cluster.a.ssl.handshake"), 2)
        self.assertEqual(proxy.counter("cluster.a.ssl.session_reused"), 1)

    def test_nginx_is_not_whom_we_meant(self):
        us = self.certificates.client("outrigger-2")
        sans = 'match_typed_subject_alt_names:\n- { san_type: DNS, matcher: { exact: apache } }'
        proxy = self.calling(self.nginx(), upstream(common(us, trusted=self.certificates.authority, validation=sans)))
        response = proxy.get("/")
        self.assert_status(response, 503)
        self.assertRegex(response.text, "transport failure reason: .*nginx.*")
        self.assertEqual(proxy.counter("cluster.a.ssl.fail_verify_san"), 1)

    def s_server(self, certificate, *flags):
        """OpenSSL's own server, which says what it is asked."""
        server = Process(installed("openssl"), "s_server", "-accept", "127.0.0.1:0", "-cert", certificate.chain, "-key", certificate.key,
                         "-www", *flags)
        self.addCleanup(server.kill)

        def port():
            server.check_runs()
            found = re.search(r"ACCEPT 127\.0\.0\.1:(\d+)", server.log)
            return int(found[1]) if found else None
        return f"socket_address: {{ address: 127.0.0.1, port_value: {until(port, 's_server listens')} }}"

    def test_openssl_serves_in_both_versions(self):
        server = self.certificates.server("localhost")
        for flag, version in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
            with self.subTest(version):
                proxy = self.calling(self.s_server(server, flag), upstream(common(trusted=self.certificates.authority)))
                self.assertIn(version, proxy.get("/").text)

    def test_what_is_wrong_with_a_servers_certificate_is_said(self):
        directory = self.certificates
        directory.make("ca", "other-ca")
        for name, certificate, reason in (
                ("expired", directory.server("expired", "--from", "2020-01-01", "--to", "2021-01-01"), "expired"),
                ("not yet valid", directory.server("early", "--from", "2100-01-01", "--to", "2101-01-01"), "not (yet )?valid"),
                ("self-signed", directory.self_signed("alone"), "self.signed|not trusted|unknown"),
                ("another authority's", directory.make("leaf", "foreign", "--by", "other-ca", "--dns", "x"), "issuer|authority|trusted"),
                ("a client's", directory.client("client-only"), "usage|purpose")):
            with self.subTest(name):
                proxy = self.calling(self.s_server(certificate), upstream(common(trusted=directory.authority)))
                response = proxy.get("/")
                self.assert_status(response, 503)
                self.assertRegex(response.text, f"transport failure reason: .*({reason})")


class TestersTest(TlsStory):
    """Programs that look for weaknesses."""

    def test_testssl_finds_nothing_of_medium_severity(self):
        in_time = (datetime.date.today() + datetime.timedelta(days=80)).isoformat()
        self.serve(self.certificates.server("localhost", "--to", in_time))
        report = self.directory() / "testssl.json"
        done = run(installed("testssl"), "--quiet", "--color", "0", "--warnings", "batch", "--add-ca", self.certificates.authority,
                   "--jsonfile", report, "--severity", "MEDIUM", "--ip", "127.0.0.1", f"https://localhost:{self.port}", timeout=280,
                   env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(self.directory()), "TERM": "dumb"})
        findings = [each for each in json.loads(report.read_text()) if each["severity"] in ("MEDIUM", "HIGH", "CRITICAL", "FATAL")]
        # What is said of the throwaway authority of the test, and of HTTP behind it, is not about TLS.
        findings = [each for each in findings if each["id"] not in NOT_OF_TLS]
        self.assertEqual(findings, [], done.stdout.decode())

    def test_sslscan_sees_only_what_is_good(self):
        self.serve()
        text = run(installed("sslscan"), "--no-colour", "--connect-timeout=5", f"localhost:{self.port}", timeout=120).stdout.decode()
        for old in ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"):
            self.assertRegex(text, rf"{old}\s+disabled")
        for new in ("TLSv1.2", "TLSv1.3"):
            self.assertRegex(text, rf"{new}\s+enabled")
        self.assertRegex(text, "(Session renegotiation not supported|Secure session renegotiation supported)")
        self.assertNotRegex(text, r"vulnerable to heartbleed(?<!not vulnerable to heartbleed)")
        for weak in ("RC4", "3DES", "DES-CBC", "NULL", "EXP", "MD5", "CBC"):
            self.assertNotIn(weak, re.sub(r"(?s)Heartbleed:.*?Supported", "Supported", text))

    def test_sslyze_finds_mozillas_intermediate_profile_kept(self):
        command, environment = python_program("sslyze")
        self.serve(self.certificates.server("localhost"))
        done = run(*command, "--mozilla_config=intermediate", f"--certinfo_ca_file={self.certificates.authority}", f"localhost:{self.port}", timeout=240,
                   env={**environment, "PATH": "/usr/bin:/bin", "HOME": str(self.directory())})
        self.assertEqual(done.returncode, 0, done.stdout.decode()[-3000:] + done.stderr.decode()[-2000:])


NOT_OF_TLS = {"cert_chain_of_trust", "cert_revocation", "cert_crlDistributionPoints", "OCSP_stapling", "HSTS", "DNS_CAArecord",
              "cert_trust", "overall_grade", "security_headers", "certificate_transparency"}

if __name__ == "__main__":
    main()
