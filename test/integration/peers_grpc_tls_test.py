#!/usr/bin/env python3
"""gRPC through the proxy with mutual TLS on both sides: the C++ library, which has TLS of its own."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.certificates import Certificates
from harness.config import bootstrap, cluster, protocol_options
from harness.peer_story import PeerStory
from harness.process import built
from harness.story import main
from harness.tls import common, downstream, tls_listener, upstream

TO_A = "- { match: { prefix: / }, route: { cluster: a, timeout: 0s, max_stream_duration: { grpc_timeout_header_max: 0s } } }"
BOTH = "auto_config: { http_protocol_options: {}, http2_protocol_options: {} }"


def environment(certificates, own):
    return {"CALLS_CA": str(certificates.authority), "CALLS_CERT": str(own.chain), "CALLS_KEY": str(own.key)}


class GrpcOverTlsTest(PeerStory):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificates = Certificates()
        cls.addClassCleanup(cls.certificates.remove)
        cls.front = cls.certificates.server("localhost")
        cls.server_identity = cls.certificates.server("calls")
        cls.proxy_identity = cls.certificates.client("outrigger")
        cls.client_identity = cls.certificates.client("caller")

    def setUp(self):
        server = self.calls_server(**environment(self.certificates, self.server_identity))
        authority = self.certificates.authority
        sans = "match_typed_subject_alt_names:\n- { san_type: DNS, matcher: { exact: calls } }"
        to_server = protocol_options(BOTH) + upstream(common(self.proxy_identity, trusted=authority, validation=sans), "sni: calls\n")
        front = downstream(common(self.front, trusted=authority, alpn=("h2",)), "require_client_certificate: true\n")
        self.outrigger = self.proxy(bootstrap([tls_listener(TO_A, front, more="stat_prefix: front\n")],
                                              [cluster("a", server, more=to_server)]))

    def call(self, case, *arguments):
        self.run_peer(built("test/peers/calls_client"), f"localhost:{self.outrigger.port()}", case, *arguments,
                      environment=environment(self.certificates, self.client_identity))

    def test_all_shapes(self):
        for case in ("unary", "large_unary", "upload", "download", "chat", "half_close"):
            with self.subTest(case):
                self.call(case)
        self.assertEqual(self.counted("listener.front.ssl.fail_verify_error"), 0)
        self.assertGreater(self.counted("cluster.a.upstream_cx_http2_total"), 0)

    def test_deadlines_cancellations_and_metadata(self):
        for case in ("deadline", "cancel_chat", "cancel_download", "metadata", "status_and_message", "early_status"):
            with self.subTest(case):
                self.call(case)

    def test_64_mebibytes_each_way(self):
        for case in ("stream_up", "stream_down"):
            with self.subTest(case):
                self.call(case, 64)

    def test_many_calls_at_once(self):
        self.call("many")


if __name__ == "__main__":
    main()
