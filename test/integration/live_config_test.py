#!/usr/bin/env python3
"""outrigger-control changes everything under traffic, and no request fails. Each story is told
twice: over delta xDS and over state of the world."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.client import Connection
from harness.config import listener, rate_limit, rbac
from harness.live import LiveStory, clusters, endpoints, listeners, routes, to
from harness.story import main
from harness.upstream import reply
from harness.waiting import until

DENY_ALL = """
rules:
  action: DENY
  policies: { all: { permissions: [{ url_path: { path: { prefix: /private } } }], principals: [{ any: true }] } }
"""


class ChangesUnderTraffic:
    def test_a_route_moves_to_another_cluster(self):
        proxy = self.start()
        client = self.steady_client(proxy)
        for name in ("b", "a", "b"):
            self.control.save("routes.yaml", to(name))
            self.wait_for_answer(proxy, name)
        self.assert_no_request_failed(client)
        self.assertEqual(set(client.answers), {(200, "a"), (200, "b")})

    def test_a_new_cluster_and_the_route_to_it_in_any_order(self):
        proxy = self.start()
        c = self.upstream(reply(200, "c"))
        client = self.steady_client(proxy)
        self.control.save("routes.yaml", to("c"))
        self.control.save("clusters.yaml", clusters("a", "b", "c"))
        self.control.save("endpoints.yaml", endpoints(a=[self.a], b=[self.b], c=[c]))
        self.wait_for_answer(proxy, "c")
        self.assert_no_request_failed(client)

    def test_a_cluster_is_replaced_by_another_version(self):
        proxy = self.start()
        client = self.steady_client(proxy)
        self.control.save("clusters.yaml", clusters("a", "b", more="lb_policy: LEAST_REQUEST\n"))
        proxy.wait_for_counter("cluster_manager.cluster_modified", 2)
        self.assert_no_request_failed(client)

    def test_endpoints_come_and_go(self):
        proxy = self.start()
        client = self.steady_client(proxy)
        self.control.save("endpoints.yaml", endpoints(a=[self.a, self.b], b=[self.b]))
        until(lambda: {proxy.get().text for _ in range(10)} == {"a", "b"}, "both endpoints serve")
        self.control.save("endpoints.yaml", endpoints(a=[self.b], b=[self.b]))
        self.wait_for_answer(proxy, "b")
        self.assert_no_request_failed(client)
        self.assertEqual(proxy.counter("cluster.a.membership_total"), 1)

    def test_a_removed_endpoint_is_let_go_of(self):
        proxy = self.start()
        self.control.save("endpoints.yaml", endpoints(a=[self.a, self.b], b=[self.b]))
        until(lambda: {proxy.get().text for _ in range(10)} == {"a", "b"}, "both endpoints serve")
        self.control.save("endpoints.yaml", endpoints(a=[self.b], b=[self.b]))
        self.wait_for_answer(proxy, "b")
        text = proxy.admin("/clusters").text
        self.assertNotIn(f"a::127.0.0.1:{self.a.port}::", text)
        self.assertIn(f"a::127.0.0.1:{self.b.port}::", text)

    def test_a_policy_is_pushed(self):
        proxy = self.start()
        client = self.steady_client(proxy)
        open_connection = self.connect(proxy)
        self.assert_status(open_connection.request("/private"), 200)
        self.control.save("listeners.yaml", listeners(listener(filters=rbac(DENY_ALL))))
        until(lambda: open_connection.request("/private").status == 403, "the policy holds")
        self.assert_no_request_failed(client)

    def test_a_rate_limit_is_pushed_and_taken_back(self):
        proxy = self.start()
        limit = rate_limit("""
            stat_prefix: limit
            token_bucket: { max_tokens: 1, tokens_per_fill: 1, fill_interval: 3600s }
            filter_enabled: { default_value: { numerator: 100 } }
            filter_enforced: { default_value: { numerator: 100 } }
        """)
        self.control.save("listeners.yaml", listeners(listener(filters=limit)))
        until(lambda: proxy.get().status == 429, "the limit holds")
        self.control.save("listeners.yaml", listeners(listener()))
        until(lambda: proxy.get().status == 200, "the limit is gone")

    def test_a_listener_moves_to_another_port(self):
        proxy = self.start()
        before = proxy.port()
        client = self.connect(proxy)
        self.assert_status(client.request(), 200)
        # Another socket under the same name; the kernel chooses its port.
        self.control.save("listeners.yaml", listeners(listener(more="tcp_backlog_size: 99\n")))
        after = until(lambda: next((p for p in proxy.listener_ports().values() if p != before), None),
                      "the listener has another port")
        proxy.set_port("front", after)
        self.wait_for_answer(proxy, "a")
        self.assert_status(client.request(), 200)  # on the old port: it is drained, not cut off

    def test_a_second_listener_leaves_the_first_alone(self):
        proxy = self.start()
        client = self.steady_client(proxy)
        self.control.save("listeners.yaml", listeners(listener(), listener(name="side")))
        until(lambda: "side" in proxy.listener_ports(), "the second listener is there")
        self.assert_no_request_failed(client)
        self.assertEqual(proxy.counter("listener_manager.listener_added"), 2)
        self.assertEqual(proxy.counter("listener_manager.listener_modified"), 0)

    def test_what_is_removed_goes(self):
        proxy = self.start()
        port = proxy.port()
        self.control.save("listeners.yaml", listeners(listener(name="other")))
        until(lambda: set(proxy.listener_ports()) == {"other"}, "the listener is gone")
        until(lambda: refuses(port), "its port is closed")
        self.control.save("routes.yaml", routes("- { match: { prefix: / }, direct_response: { status: 200 } }"))
        self.control.save("clusters.yaml", clusters("b"))
        until(lambda: "\na::" not in "\n" + proxy.admin("/clusters").text, "the cluster is gone")
        self.assertEqual(proxy.counter("cluster_manager.cluster_removed"), 1)


class NothingChanges:
    def test_files_that_mean_the_same_change_nothing(self):
        proxy = self.start()
        client = self.steady_client(proxy)
        before = changes(proxy)
        for file in ("listeners.yaml", "clusters.yaml", "endpoints.yaml"):
            text = (self.control.directory / file).read_text()
            self.control.save(file, "# only a comment\n" + text.replace("connect_timeout: 2s", "connect_timeout: 2.000s"))
        self.control.save("routes.yaml", to("b"))  # comes after the others
        self.wait_for_answer(proxy, "b")
        self.assertEqual(changes(proxy), before)
        self.assert_no_request_failed(client)

    def test_a_control_plane_that_starts_again_changes_nothing(self):
        proxy = self.start()
        client = self.steady_client(proxy)
        before = changes(proxy)
        self.control.kill()
        until(lambda: proxy.counter("control_plane.connected_state") == 0, "the proxy is alone")
        self.control.start()
        until(lambda: proxy.counter("control_plane.connected_state") == 1, "the proxy is connected again")
        self.control.save("routes.yaml", to("b"))
        self.wait_for_answer(proxy, "b")
        self.assertEqual(changes(proxy), before)
        self.assert_no_request_failed(client)


def changes(proxy):
    """What counts that something was really replaced."""
    counters = proxy.counters()
    return {name: counters.get(name) for name in (
        "listener_manager.listener_added", "listener_manager.listener_modified",
        "listener_manager.listener_removed", "cluster_manager.cluster_added",
        "cluster_manager.cluster_modified", "cluster_manager.cluster_removed",
        "cluster.a.membership_change", "cluster.b.membership_change")}


def refuses(port):
    try:
        Connection(port).close()
        return False
    except ConnectionRefusedError:
        return True


class DeltaTest(ChangesUnderTraffic, NothingChanges, LiveStory):
    api = "DELTA_GRPC"


class StateOfTheWorldTest(ChangesUnderTraffic, NothingChanges, LiveStory):
    api = "GRPC"


if __name__ == "__main__":
    main()
