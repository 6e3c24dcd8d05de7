"""A service that knows HTTP/1.1 and no gRPC: it answers a message with how long it was."""

import http.server


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        message = self.rfile.read(int(self.headers["content-length"]))
        answer = f"{len(message)} bytes of {self.headers['content-type']}".encode()
        self.send_response(200)
        self.send_header("content-type", "application/protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


http.server.ThreadingHTTPServer(("127.0.0.1", 18082), Service).serve_forever()
