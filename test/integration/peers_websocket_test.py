#!/usr/bin/env python3
"""WebSocket through the proxy, with the npm package ws on both sides: HTTP/1 all the way, and through
two proxies with HTTP/2 (extended CONNECT, RFC 8441) between them."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.config import cluster, protocol_options, site
from harness.peer_story import TO_A, PeerStory, Port
from harness.story import main
from harness.waiting import until

UPGRADES = "upgrade_configs: [{ upgrade_type: websocket }]"
CONNECT_ENDPOINTS = protocol_options(
    "explicit_http_config: { http2_protocol_options: { allow_connect: true } }")


class Cases:
    """What a WebSocket must be able to do, whatever carries it."""

    def setUp(self):
        self.endpoint = self.node_server("websocket_server.js")
        self.port = self.path_to(self.endpoint)

    def websocket(self, case):
        return self.run_node("websocket_client.js", self.port, case)

    def test_messages_of_both_kinds_and_the_close_come_through(self):
        self.assertEqual(self.websocket("echo"), {
            "text": "snow \u2603", "textIsBinary": False, "bytesAreEqual": True, "backIsBinary": True,
            "end": {"code": 4000, "reason": "done"}})
        until(lambda: "closed / 4000 done" in self.endpoint.log, "the server sees the close")

    def test_many_messages_stay_in_order(self):
        self.assertEqual(self.websocket("many_messages"), {"inOrder": True})

    def test_32_mebibytes_there_and_back(self):
        self.assertEqual(self.websocket("large"), {"bytesAreEqual": True})

    def test_ping_and_pong(self):
        self.assertEqual(self.websocket("ping"), {"pong": "are you there"})

    def test_the_server_may_speak_first(self):
        self.assertEqual(self.websocket("server_speaks_first"), {"text": "welcome"})

    def test_the_server_may_close(self):
        self.assertEqual(self.websocket("server_closes"), {"code": 4001, "reason": "enough"})

    def test_the_negotiation_is_between_the_ends(self):
        seen = self.websocket("head")
        asked = seen["request"]["headers"]
        self.assertEqual(seen["status"], 101)
        self.assertEqual(seen["request"]["url"], "/head")
        self.assertEqual((asked["upgrade"].lower(), asked["connection"].lower()), ("websocket", "upgrade"))
        self.assertEqual(asked["x-mine"], "1")
        self.assertEqual(asked["sec-websocket-protocol"], "chat,other")
        self.assertEqual(seen["protocol"], "chat")
        self.assertEqual(seen["extensions"], "permessage-deflate")

    def test_a_refusal_is_a_plain_response(self):
        self.assertEqual(self.websocket("refused"), {"status": 403, "body": "refuse"})

    def test_a_hundred_sockets_at_once(self):
        self.assertEqual(self.websocket("many_sockets"), {"right": 100})

    def test_a_client_that_vanishes_takes_its_server_side_with_it(self):
        self.websocket("vanish")
        until(lambda: "closed /vanish 1006" in self.endpoint.log, "the server sees the end")


class Http1Test(Cases, PeerStory):
    def path_to(self, endpoint):
        return self.between(endpoint, http2_endpoint=False, http=UPGRADES)

    def test_it_is_refused_where_it_is_not_allowed(self):
        self.port = self.between(self.endpoint, http2_endpoint=False)
        if self.outrigger is None:
            self.skipTest("needs a proxy")
        self.assertEqual(self.websocket("refused")["status"], 403)

    def test_it_is_counted(self):
        self.websocket("echo")
        self.assertEqual(self.counted("http.front.downstream_cx_upgrades_total"), 1)
        until(lambda: self.counted("http.front.downstream_cx_upgrades_active") == 0, "it is over")


class TwoProxiesTest(Cases, PeerStory):
    """The near proxy speaks HTTP/1 to the client and HTTP/2 to the far one, which speaks HTTP/1 to the
    server: both translations at once."""

    def path_to(self, endpoint):
        if self.is_without_proxy():
            self.skipTest("needs proxies")
        self.far = self.proxy(site(TO_A, cluster("a", endpoint),
                                   http=f"codec_type: HTTP2\nhttp2_protocol_options: {{ allow_connect: true }}\n{UPGRADES}"))
        self.near = self.proxy(site(TO_A, cluster("a", Port(self.far.port()), more=CONNECT_ENDPOINTS), http=UPGRADES))
        return self.near.port()

    def test_between_the_proxies_it_is_http2(self):
        self.websocket("many_sockets")
        self.assertGreater(self.far.counter("http.front.downstream_cx_http2_total"), 0)
        self.assertEqual(self.far.counter("http.front.downstream_cx_http1_total"), 0)
        self.assertLessEqual(self.far.counter("http.front.downstream_cx_total"), 4)


if __name__ == "__main__":
    main()
