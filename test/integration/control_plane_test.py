#!/usr/bin/env python3
"""Control planes that send wrong things, die, come late, never answer, or talk nonsense."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.config import bootstrap, cluster, eds_cluster, listener, live_bootstrap, resource, resources
from harness.live import LiveStory, clusters, endpoints, listeners, to
from harness.story import Story, main
from harness.upstream import Upstream, raw, reply, silence
from harness.waiting import until

BROKEN_CLUSTER = "name: broken\ntype: STRICT_DNS\nconnect_timeout: -5s\n"


class Refusals:
    def test_a_bad_resource_is_refused_alone_and_by_name(self):
        proxy = self.start()
        client = self.steady_client(proxy)
        c = self.upstream(reply(200, "c"))
        self.control.save("endpoints.yaml", endpoints(a=[self.a], b=[self.b], c=[c]))
        self.control.save("clusters.yaml", resources(
            resource("cluster", eds_cluster("a")), resource("cluster", BROKEN_CLUSTER),
            resource("cluster", eds_cluster("c"))))
        nack = self.control.wait_for_nack("cds")
        self.assertIn("broken", nack)
        self.assertIn("connect_timeout", nack)
        self.control.save("routes.yaml", to("c"))  # which came together with the bad one
        self.wait_for_answer(proxy, "c")
        # State of the world: each push carries the broken one again.
        self.assertGreaterEqual(proxy.counter("cluster_manager.cds.update_rejected"), 1)
        self.assert_no_request_failed(client)

    def test_the_last_good_version_serves_on(self):
        proxy = self.start()
        client = self.steady_client(proxy)
        bad = eds_cluster("a").replace("connect_timeout: 2s", "connect_timeout: 0s")
        self.control.save("clusters.yaml", resources(resource("cluster", bad), resource("cluster", eds_cluster("b"))))
        self.assertIn("connect_timeout", self.control.wait_for_nack("cds"))
        self.wait_for_answer(proxy, "a")
        self.control.save("clusters.yaml", clusters("a", "b"))
        until(lambda: self.control.events("ack", "cds")[-1] > self.control.events("nack", "cds")[-1],
              "the mended cluster is accepted")
        self.assert_no_request_failed(client)

    def test_a_bad_listener_does_not_disturb_the_one_that_serves(self):
        proxy = self.start()
        client = self.steady_client(proxy)
        bad = listener(http="stream_idle_timeout: -1s")
        self.control.save("listeners.yaml", listeners(bad, listener(name="good")))
        self.assertIn("front", self.control.wait_for_nack("lds"))
        until(lambda: "good" in proxy.listener_ports(), "the good one of the two is there")
        self.assert_no_request_failed(client)

    def test_a_bad_route_table_keeps_the_one_before(self):
        proxy = self.start()
        client = self.steady_client(proxy)
        self.control.save("routes.yaml", to("b").replace("prefix: /", 'safe_regex: { regex: "(" }'))
        self.assertIn("site", self.control.wait_for_nack("rds"))
        self.wait_for_answer(proxy, "a")
        self.assertEqual(proxy.counter("http.front.rds.site.update_rejected"), 1)
        self.assert_no_request_failed(client)

    def test_config_dump_shows_what_was_refused_and_why(self):
        proxy = self.start()
        self.control.save("broken.yaml", resources(resource("cluster", BROKEN_CLUSTER)))
        self.control.wait_for_nack("cds")
        dump = proxy.admin("/config_dump").text
        self.assertIn("NACKED", dump)
        self.assertIn("connect_timeout", dump)


class DeltaRefusalTest(Refusals, LiveStory):
    api = "DELTA_GRPC"


class StateOfTheWorldRefusalTest(Refusals, LiveStory):
    api = "GRPC"


class AbsenceTest(LiveStory):
    def test_traffic_goes_on_while_the_control_plane_is_dead(self):
        proxy = self.start()
        client = self.steady_client(proxy)
        self.control.kill()
        until(lambda: proxy.counter("control_plane.connected_state") == 0, "the proxy is alone")
        self.control.save("routes.yaml", to("b"))
        self.wait_for_answer(proxy, "a")
        self.control.start()
        self.wait_for_answer(proxy, "b")
        self.assert_no_request_failed(client)

    def test_a_proxy_that_was_there_first_waits(self):
        self.a = self.upstream(reply(200, "a"))
        control = self.control_plane({"clusters.yaml": clusters("a"), "endpoints.yaml": endpoints(a=[self.a]),
                                      "listeners.yaml": listeners(listener()), "routes.yaml": to("a")})
        control.kill()
        proxy = self.proxy_of(control, waits=False)
        proxy.wait_for_counter("cluster_manager.cds.update_attempt", 2)
        ready = proxy.admin("/ready")
        self.assert_status(ready, 503)
        self.assertIn("INITIALIZING", ready.text)
        control.start()
        proxy.wait_until_ready()
        self.wait_for_answer(proxy, "a")

    def test_a_control_plane_that_never_answers_holds_up_the_start_only_so_long(self):
        mute = self.upstream(silence)
        proxy = self.proxy(live_bootstrap(mute.port, fetch_timeout="0.1s"))
        self.assertEqual(proxy.counter("cluster_manager.cds.init_fetch_timeout"), 1)
        self.assertEqual(proxy.counter("listener_manager.lds.init_fetch_timeout"), 1)

    def test_endpoints_that_never_come(self):
        text = eds_cluster("a").replace("resource_api_version: V3", "resource_api_version: V3, initial_fetch_timeout: 0.1s")
        control = self.control_plane({"clusters.yaml": resources(resource("cluster", text)),
                                      "listeners.yaml": listeners(listener()), "routes.yaml": to("a")})
        proxy = self.proxy_of(control)
        self.assert_status(proxy.get(), 503, "no healthy upstream")

    def test_a_route_table_that_never_comes_does_not_keep_other_listeners_waiting(self):
        self.a = self.upstream(reply(200, "a"))
        waiting = listener(name="waiting").replace("route_config_name: site", "route_config_name: missing")
        control = self.control_plane({"clusters.yaml": clusters("a"), "endpoints.yaml": endpoints(a=[self.a]),
                                      "listeners.yaml": listeners(listener(), listener(name="second")),
                                      "routes.yaml": to("a")})
        proxy = self.proxy_of(control)
        control.save("listeners.yaml", listeners(listener(), listener(name="second", http="via: new"), waiting))
        until(lambda: proxy.get_from("second").header("via") == "new", "the update of the second listener")
        # The control plane says that there is no such table: the listener goes on without routes.
        self.assertIn("second", proxy.listener_ports())


class HostileControlPlaneTest(Story):
    """Static routes serve; whatever the control plane says costs a reconnect at most."""

    def start(self, *acts):
        hostile = Upstream(*acts)
        self.addCleanup(hostile.stop)
        a = self.upstream(reply(200, "a"))
        live = live_bootstrap(hostile.port, fetch_timeout="0.1s")
        static = bootstrap([listener("- { match: { prefix: / }, route: { cluster: a } }")], [cluster("a", a)])
        begin = static.index("static_resources:\n") + len("static_resources:\n")
        listeners_text, _, clusters_text = static[begin:].partition("  clusters:\n")
        text = live.replace("static_resources:\n  clusters:\n",
                            f"static_resources:\n{listeners_text}  clusters:\n{clusters_text}")
        return self.proxy(text), hostile

    def assert_survives(self, *acts):
        proxy, hostile = self.start(*acts)
        until(lambda: hostile.connections >= 2, "the proxy tries again")
        self.assert_status(proxy.get(), 200, "a")
        self.assertGreaterEqual(proxy.counter("cluster_manager.cds.update_failure"), 1)

    # What arrives first from the proxy is the preface of HTTP/2, "PRI * HTTP/2.0": an act's request.

    def test_garbage_instead_of_http2(self):
        def garbage(stream):
            raw(bytes(range(256)) * 64)(stream)
            stream.close()
        self.assert_survives(garbage)

    def test_http1(self):
        self.assert_survives(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))

    def test_a_frame_that_claims_to_be_huge(self):
        self.assert_survives(raw(b"\0\0\0\4\0\0\0\0\0" + b"\xff\xff\xff\0\0\0\0\0\1" + b"x" * 100000))

    def test_it_hangs_up_at_once(self):
        self.assert_survives(lambda stream: stream.close())


if __name__ == "__main__":
    main()
