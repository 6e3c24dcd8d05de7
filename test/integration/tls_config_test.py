#!/usr/bin/env python3
"""TLS in the bootstrap: every form of a certificate loads, what is wrong is named, keys stay unseen."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).absolute().parents[2]
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.config import TYPE, cluster, site
from harness.process import built, run
from harness.proxy import Proxy
from harness.story import Story, main

TLS = TYPE + "extensions.transport_sockets.tls.v3."

RECIPE = """
ca ca
ca other
leaf rsa --by ca --dns web.example --key rsa2048
leaf ec --by ca --dns web.example --key p256 --encrypt word --pkcs12 word
leaf weak --by ca --dns web.example --key rsa1024
"""


def quoted(text):
    return '"' + text.replace("\n", "\\n") + '"'


class TlsConfigTest(Story):
    def setUp(self):
        super().setUp()
        self.certs = self.directory()
        recipe = self.certs / "recipe"
        recipe.write_text(RECIPE)
        subprocess.run([ROOT / "tools/certs", "recipe", self.certs, recipe], check=True)

    def text(self, name):
        return (self.certs / name).read_text()

    def validate(self, bootstrap):
        """Exit code, and what it says."""
        path = self.directory() / "bootstrap.yaml"
        path.write_text(bootstrap)
        done = run(built("source/main/outrigger"), "-c", path, "--mode", "validate")
        return done.returncode, (done.stdout + done.stderr).decode()

    def upstream_tls(self, common, secrets="[]"):
        """A bootstrap with one cluster with TLS, its common_tls_context in YAML's flow style."""
        return (f"static_resources:\n  secrets: {secrets}\n  clusters:\n  - name: a\n"
                f"    transport_socket:\n      name: tls\n      typed_config:\n"
                f'        "@type": {TLS}UpstreamTlsContext\n'
                f"        common_tls_context: {common}\n")

    def pair(self, chain, key, more=""):
        return (f"{{ certificate_chain: {{ filename: {self.certs / chain} }}, "
                f"private_key: {{ filename: {self.certs / key} }}{more} }}")

    def test_every_form_of_a_certificate_loads(self):
        word = ", password: { inline_string: word }"
        for certificate in (
                self.pair("rsa.pem", "rsa.key"),
                self.pair("ec.pem", "ec.key"),
                self.pair("ec.pem", "ec.enc.key", word),
                f"{{ pkcs12: {{ filename: {self.certs / 'ec.p12'} }}{word} }}",
                f"{{ certificate_chain: {{ inline_string: {quoted(self.text('ec.pem'))} }}, "
                f"private_key: {{ inline_string: {quoted(self.text('ec.key'))} }} }}"):
            with self.subTest(certificate[:60]):
                code, said = self.validate(self.upstream_tls(f"{{ tls_certificates: [{certificate}] }}"))
                self.assertEqual(code, 0, said)

    def test_trust_loads_from_the_bootstraps_secrets(self):
        secret = (f"[{{ name: ca, validation_context: {{ trusted_ca: {{ filename: {self.certs / 'ca.pem'} }} "
                  "} }]")
        code, said = self.validate(self.upstream_tls(
            "{ combined_validation_context: { default_validation_context: { "
            "match_typed_subject_alt_names: [{ san_type: DNS, matcher: { exact: web.example } }] }, "
            "validation_context_sds_secret_config: { name: ca } } }", secret))
        self.assertEqual(code, 0, said)

    def test_a_wrong_certificate_is_named_by_its_place_and_shows_no_key(self):
        for certificate in (self.pair("rsa.pem", "ec.key"), self.pair("weak.pem", "weak.key"),
                            self.pair("ec.pem", "ec.enc.key"), self.pair("ec.key", "ec.key"),
                            self.pair("ec.pem", "ec.pem")):
            with self.subTest(certificate):
                code, said = self.validate(self.upstream_tls(f"{{ tls_certificates: [{certificate}] }}"))
                self.assertEqual(code, 1)
                self.assertIn("static_resources.clusters[0].transport_socket.typed_config."
                              "common_tls_context.tls_certificates[0]", said)
                self.assert_no_key_in(said)

    def test_unknown_names_of_parameters_are_refused(self):
        code, said = self.validate(self.upstream_tls("{ tls_params: { cipher_suites: [NO-SUCH-SUITE] } }"))
        self.assertEqual(code, 1)
        self.assertIn("common_tls_context", said)
        self.assertIn("NO-SUCH-SUITE", said)

    def test_keys_are_in_no_page_and_in_no_log(self):
        key = quoted(self.text("ec.key"))
        bootstrap = site("- { match: { prefix: / }, direct_response: { status: 200 } }", cluster("a"))
        bootstrap = bootstrap.replace("static_resources:\n", (
            "static_resources:\n  secrets:\n  - name: web\n    tls_certificate:\n"
            f"      certificate_chain: {{ inline_string: {quoted(self.text('ec.pem'))} }}\n"
            f"      private_key: {{ inline_string: {key} }}\n"
            "  - name: tickets\n    session_ticket_keys:\n"
            f"      keys: [{{ inline_string: {'geheim-' + 73 * 'k'} }}]\n"), 1)
        proxy = Proxy(bootstrap, "--log-level", "trace", "--config-yaml",
                      f"static_resources: {{ secrets: [{{ name: more, tls_certificate: {{ "
                      f"certificate_chain: {{ inline_string: {quoted(self.text('ec.pem'))} }}, "
                      f"private_key: {{ inline_string: {key} }} }} }}] }}")
        try:
            for page in ("/config_dump", "/server_info", "/config_dump?include_eds", "/"):
                answer = proxy.admin(page)
                self.assertEqual(answer.status, 200)
                self.assert_no_key_in(answer.text)
            self.assertIn("[redacted]", proxy.admin("/config_dump").text)
            self.assert_no_key_in(proxy.log)
        finally:
            proxy.stop()

    def assert_no_key_in(self, text):
        self.assertNotIn("geheim", text)
        for name in ("rsa.key", "ec.key", "weak.key", "ec.enc.key"):
            for line in self.text(name).splitlines():
                if not line.startswith("-----"):
                    self.assertNotIn(line, text)


if __name__ == "__main__":
    main()
