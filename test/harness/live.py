"""Stories in which a control plane changes the proxy's configuration under traffic."""

from harness.config import eds_cluster, listener, live_bootstrap, assignment, resource, resources, route_config
from harness.steady_client import SteadyClient
from harness.story import Story
from harness.upstream import reply
from harness.waiting import until


def to(cluster):
    """The file of the routes: everything goes to this cluster."""
    return routes(f"- {{ match: {{ prefix: / }}, route: {{ cluster: {cluster} }} }}")


def routes(text):
    return resources(resource("route", route_config(text)))


def clusters(*names, more=""):
    return resources(*(resource("cluster", eds_cluster(name, more)) for name in names))


def endpoints(**by_cluster):
    """endpoints(a=[upstream], b=[])"""
    return resources(*(resource("endpoint", assignment(name, *(u.port for u in ups)))
                       for name, ups in by_cluster.items()))


def listeners(*texts):
    return resources(*(resource("listener", text) for text in texts))


class LiveStory(Story):
    """Upstreams "a" and "b", clusters of the same names, and a listener "front" that sends all to
    "a"; all of it from the control plane, over the protocol in `api`."""

    api = "DELTA_GRPC"

    def start(self):
        self.a, self.b = self.upstream(reply(200, "a")), self.upstream(reply(200, "b"))
        self.control = self.control_plane({
            "clusters.yaml": clusters("a", "b"),
            "endpoints.yaml": endpoints(a=[self.a], b=[self.b]),
            "listeners.yaml": listeners(listener()),
            "routes.yaml": to("a"),
        })
        return self.proxy_of(self.control)

    def proxy_of(self, control, *flags, **more):
        waits = more.pop("waits", True)
        return self.proxy(live_bootstrap(control.port, api=self.api, **more), *flags, waits=waits)

    def steady_client(self, proxy, path="/"):
        """Asks all the time; the story fails if one request does."""
        client = SteadyClient(proxy.port(), path)
        self.addCleanup(lambda: self.assertEqual(client.finish(), []))
        until(lambda: client.count() >= 10, "the steady client has begun")
        return client

    def assert_no_request_failed(self, client, statuses=frozenset({200})):
        """Ends the client."""
        already = client.count()
        until(lambda: client.count() >= already + 20, "the steady client goes on")
        self.assertEqual(client.finish(), [])
        self.assertEqual(client.statuses(), set(statuses))

    def wait_for_answer(self, proxy, text, path="/", in_a_row=10):
        """Until that many answers in a row are this one."""
        until(lambda: all(proxy.get(path).text == text for _ in range(in_a_row)),
              f"{path} is answered with {text!r}")
