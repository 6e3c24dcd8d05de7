"""Configuration as text: what every test needs around the few lines that it is about.

Routes, filters and so on are YAML lists; they may be indented as it suits the test.
"""

import textwrap

TYPE = "type.googleapis.com/envoy."
HCM = TYPE + "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"


def indented(text, columns):
    return textwrap.indent(textwrap.dedent(text).strip("\n"), " " * columns)


# -- filters and access logs -----------------------------------------------------------------------

def http_filter(name, message, fields="{}"):
    """One entry of http_filters; `fields` in YAML."""
    return (f"- name: envoy.filters.http.{name}\n  typed_config:\n"
            f'    "@type": {TYPE}extensions.filters.http.{name}.v3.{message}\n'
            + (indented(fields, 4) + "\n" if fields != "{}" else ""))


def rbac(fields="{}"):
    return http_filter("rbac", "RBAC", fields)


def rate_limit(fields="stat_prefix: limit"):
    return http_filter("local_ratelimit", "LocalRateLimit", fields)


ROUTER = http_filter("router", "Router")


def json_log(path, **operators):
    """An access log that writes one JSON object for each request."""
    fields = "".join(f'          {name}: "{text}"\n' for name, text in operators.items())
    return (f"access_log:\n- name: file\n  typed_config:\n"
            f'    "@type": {TYPE}extensions.access_loggers.file.v3.FileAccessLog\n'
            f"    path: {path}\n    log_format:\n      json_format:\n{fields}")


# -- resources -------------------------------------------------------------------------------------

def address(port):
    return f"address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }}"


def assignment(name, *ports):
    """A ClusterLoadAssignment."""
    endpoints = "".join(f"  - endpoint: {{ {address(port)} }}\n" for port in ports)
    return f"cluster_name: {name}\nendpoints:\n- lb_endpoints:\n{endpoints}" if ports else f"cluster_name: {name}"


def http1_options(fields):
    """For `more` of a cluster: its Http1ProtocolOptions."""
    return protocol_options(f"explicit_http_config: {{ http_protocol_options: {{ {fields} }} }}")


def protocol_options(fields):
    """For `more` of a cluster: its HttpProtocolOptions."""
    name = "extensions.upstreams.http.v3.HttpProtocolOptions"
    return (f"typed_extension_protocol_options:\n  envoy.{name}:\n"
            f'    "@type": {TYPE}{name}\n{indented(fields, 4)}\n')


def cluster(name, *upstreams, more=""):
    """A cluster of static endpoints; `more`: further fields."""
    return (f"name: {name}\ntype: STATIC\nconnect_timeout: 2s\n"
            f"load_assignment:\n{indented(assignment(name, *(u.port for u in upstreams)), 2)}\n"
            + textwrap.dedent(more))


def eds_cluster(name, more=""):
    return (f"name: {name}\ntype: EDS\nconnect_timeout: 2s\n"
            "eds_cluster_config: { eds_config: { ads: {}, resource_api_version: V3 } }\n"
            + textwrap.dedent(more))


def route_config(routes, name="site", more=""):
    """One virtual host for every name, with these routes; or a list of virtual hosts."""
    hosts = textwrap.dedent(routes).strip("\n")
    if not hosts.startswith("- name:"):
        hosts = '- name: all\n  domains: ["*"]\n  routes:\n' + indented(routes, 2)
    return f"name: {name}\n{textwrap.dedent(more)}virtual_hosts:\n{hosts}\n"


def listener(routes=None, filters="", http="", name="front", port=0, more=""):
    """One HTTP listener. routes=None: it takes the routes "site" from the control plane. `http`:
    more fields of the HttpConnectionManager, `more`: of the listener."""
    if routes is None:
        source = "rds: { route_config_name: site, config_source: { ads: {}, resource_api_version: V3 } }"
    else:
        source = "route_config:\n" + indented(route_config(routes), 2)
    manager = (f'"@type": {HCM}\nstat_prefix: {name}\n{source}\n{textwrap.dedent(http).strip()}\n'
               f"http_filters:\n{filters}{ROUTER}")
    return (f"name: {name}\n{address(port)}\n{textwrap.dedent(more)}filter_chains:\n- filters:\n"
            f"  - name: envoy.filters.network.http_connection_manager\n    typed_config:\n"
            + indented(manager, 6) + "\n")


def resource(kind, text):
    """One entry of a file for outrigger-control. `kind`: "cluster", "endpoint", "listener", "route"."""
    message = {"cluster": "cluster.v3.Cluster", "endpoint": "endpoint.v3.ClusterLoadAssignment",
               "listener": "listener.v3.Listener", "route": "route.v3.RouteConfiguration"}[kind]
    return f'- "@type": {TYPE}config.{message}\n{indented(text, 2)}\n'


def resources(*entries):
    return "resources:\n" + "".join(entries)


# -- bootstraps ------------------------------------------------------------------------------------

ADMIN = f"admin: {{ {address(0)} }}\n"


def bootstrap(listeners=(), clusters=(), more=""):
    """All static."""
    def entries(texts):
        return "".join("  -\n" + indented(text, 4) + "\n" for text in texts)
    text = ADMIN + textwrap.dedent(more)
    if listeners or clusters:
        text += "static_resources:\n"
    if listeners:
        text += f"  listeners:\n{entries(listeners)}"
    if clusters:
        text += f"  clusters:\n{entries(clusters)}"
    return text


def site(routes, *clusters, **more):
    """One static listener "front" and these clusters."""
    return bootstrap([listener(routes, **more)], clusters)


def live_bootstrap(control_port, api="DELTA_GRPC", node="test", fetch_timeout="15s"):
    """Everything from the control plane, but for the cluster that it is in."""
    source = f"{{ ads: {{}}, resource_api_version: V3, initial_fetch_timeout: {fetch_timeout} }}"
    return ADMIN + f"""
node: {{ id: {node}, cluster: tests }}
dynamic_resources:
  ads_config:
    api_type: {api}
    transport_api_version: V3
    grpc_services: [{{ envoy_grpc: {{ cluster_name: control }} }}]
  cds_config: {source}
  lds_config: {source}
static_resources:
  clusters:
  - name: control
    type: STATIC
    connect_timeout: 1s
{indented(protocol_options("explicit_http_config: { http2_protocol_options: {} }"), 4)}
    load_assignment:
      cluster_name: control
      endpoints:
      - lb_endpoints:
        - endpoint: {{ {address(control_port)} }}
"""
