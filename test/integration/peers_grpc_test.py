#!/usr/bin/env python3
"""gRPC through the proxy, HTTP/2 on both sides: the C++ library and the interop programs of gRPC-Go."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.peer_story import PeerStory
from harness.peers import fetched
from harness.story import main
from harness.waiting import until

MIB = 1 << 20


class GrpcCppTest(PeerStory):
    """Each case of calls_client checks what comes back."""

    def setUp(self):
        self.calls_peer = self.calls_server()
        self.port = self.between(self.calls_peer)

    def test_unary(self):
        self.calls(self.port, "unary")
        self.calls(self.port, "empty_unary")

    def test_large_unary(self):
        self.calls(self.port, "large_unary")

    def test_client_streaming(self):
        self.calls(self.port, "upload")

    def test_server_streaming(self):
        self.calls(self.port, "download")

    def test_both_streaming(self):
        self.calls(self.port, "chat")
        self.calls(self.port, "half_close")

    def test_a_deadline_ends_the_call_on_both_sides(self):
        self.calls(self.port, "deadline")
        until(lambda: "cancelled Unary" in self.calls_peer.log, "the server's call ends")

    def test_a_cancellation_reaches_the_server(self):
        self.calls(self.port, "cancel_chat")
        until(lambda: "cancelled Chat" in self.calls_peer.log, "the server's call ends")
        self.calls(self.port, "cancel_download")
        until(lambda: "cancelled Download" in self.calls_peer.log, "the server's call ends")

    def test_status_and_message(self):
        self.calls(self.port, "status_and_message")
        self.calls(self.port, "status_after_answers")

    def test_a_status_before_the_end_of_the_questions(self):
        self.calls(self.port, "early_status")

    def test_metadata_in_text_and_bytes(self):
        self.calls(self.port, "metadata")

    def test_compressed_messages(self):
        self.calls(self.port, "gzip")

    def test_many_calls_at_once(self):
        self.calls(self.port, "many")
        self.assertEqual(self.counted("cluster.a.upstream_rq_total"), 64 * 11)

    def test_64_mebibytes_up_with_constant_memory(self):
        self.streams_with_constant_memory("stream_up")

    def test_64_mebibytes_down_with_constant_memory(self):
        self.streams_with_constant_memory("stream_down")

    def streams_with_constant_memory(self, case):
        self.calls(self.port, case, 8)
        if self.outrigger is None:
            self.calls(self.port, case, 64)
            return
        before = self.outrigger.process.peak_resident_bytes()
        self.calls(self.port, case, 64)
        self.outrigger.process.check_grew_less(before, 4 * MIB)


class GrpcInteropTest(PeerStory):
    """The cases of gRPC's interop suite that need no credentials, gRPC-Go on both sides."""

    CASES = ("empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream",
             "timeout_on_sleeping_server", "cancel_after_begin", "cancel_after_first_response",
             "status_code_and_message", "special_status_message", "custom_metadata", "unimplemented_method",
             "unimplemented_service")

    def setUp(self):
        self.client = fetched("grpc-interop-client")
        self.port = self.between(self.interop_server())

    def interop(self, case, *flags):
        text = self.run_peer(self.client, "-server_host", "127.0.0.1", "-server_port", self.port,
                             "-test_case", case, *flags,
                             environment={"GRPC_GO_LOG_SEVERITY_LEVEL": "info"})
        self.assertRegex(text, "done", f"{case} says that it is done")

    def test_rpc_soak(self):
        self.interop("rpc_soak", *self.soak())

    def test_channel_soak(self):
        self.interop("channel_soak", *self.soak())

    def soak(self):
        return ("-soak_iterations", 300, "-soak_num_threads", 3, "-soak_max_failures", 0,
                "-soak_overall_timeout_seconds", 50, "-soak_per_iteration_max_acceptable_latency_ms", 20000)


def add_case(name):
    setattr(GrpcInteropTest, f"test_{name}", lambda self: self.interop(name))


for each in GrpcInteropTest.CASES:
    add_case(each)

if __name__ == "__main__":
    main()
