"""A real nginx. It wants no port 0, and a port that is free now need not be free for it: it listens on a
Unix socket."""

import textwrap

from harness.process import Process, installed
from harness.waiting import until

HEAD = """
daemon off;
worker_processes 1;
pid PLACE/pid;
error_log PLACE/error.log;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path PLACE/body;
  proxy_temp_path PLACE/proxy;
  fastcgi_temp_path PLACE/fastcgi;
  uwsgi_temp_path PLACE/uwsgi;
  scgi_temp_path PLACE/scgi;
  server {
    listen unix:PLACE/socketLISTEN;
"""


def start_nginx(story, server, listen="", place=None):
    """The folder of one that ends with the story, and listens on `socket` in there. `server`: the rest of its
    server block, in which PLACE stands for the folder; `listen`: what follows the address."""
    place = place or story.directory()
    place.chmod(0o755)
    text = HEAD.replace("LISTEN", listen and " " + listen) + textwrap.indent(textwrap.dedent(server).strip("\n"), "    ") + "\n  }\n}\n"
    (place / "conf").write_text(text.replace("PLACE", str(place)))
    nginx = Process(installed("nginx"), "-p", place, "-c", place / "conf", "-e", place / "error.log")
    story.addCleanup(nginx.kill)
    story.addCleanup(nginx.terminate)
    until(lambda: nginx.check_runs() or (place / "socket").exists(), "nginx listens")
    return place


def nginx_cluster(name, place):
    """The cluster that it is the endpoint of."""
    return f"""
name: {name}
type: STATIC
connect_timeout: 2s
load_assignment:
  cluster_name: {name}
  endpoints:
  - lb_endpoints:
    - endpoint: {{ address: {{ pipe: {{ path: {place}/socket }} }} }}
"""
