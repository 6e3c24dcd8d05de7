#!/usr/bin/env python3
"""REST and JSON in front of a gRPC service: curl calls the gRPC C++ library through the proxy, which
speaks HTTP/2 to it."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.config import http_filter, json_log
from harness.peer_story import PeerStory
from harness.process import ROOT, built, installed, run
from harness.story import main
from harness.waiting import until

ROUTES = "- { match: { prefix: /examples.library.Library/ }, route: { cluster: a, timeout: 0s } }"


class TranscodingTest(PeerStory):
    version = ["--http1.1"]

    def setUp(self):
        place = self.directory()
        self.log_path = place / "access.log"
        made = run(ROOT / "examples/transcoding/descriptors", place / "library.pb")
        self.assertEqual(made.returncode, 0, made.stderr)
        fields = f"proto_descriptor: {place}/library.pb\nservices: [examples.library.Library]\nconvert_grpc_status: true\n"
        self.library = self.server(built("test/peers/library_server"))
        self.port = self.between(
            self.library, routes=ROUTES,
            filters=http_filter("grpc_json_transcoder", "GrpcJsonTranscoder", fields),
            http=json_log(self.log_path, asked="%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%", code="%RESPONSE_CODE%",
                          grpc="%GRPC_STATUS_NUMBER%", details="%RESPONSE_CODE_DETAILS%"))

    def run_curl(self, path, *arguments):
        return run(installed("curl"), "--silent", *self.version, *arguments,
                   f"http://127.0.0.1:{self.port}/v1{path}", timeout=60)

    def curl(self, path, *arguments):
        """The status, the head and the body of an answer."""
        done = self.run_curl(path, "--include", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        head, _, body = done.stdout.decode().partition("\r\n\r\n")
        while head.startswith("HTTP/1.1 100"):
            head, _, body = body.partition("\r\n\r\n")
        return int(head.split()[1]), head.lower(), body

    def post(self, path, value, *arguments):
        return self.curl(path, "--json", value if isinstance(value, str) else json.dumps(value), *arguments)

    def ok(self, answer):
        status, head, body = answer
        self.assertEqual(status, 200, answer)
        self.assertIn("content-type: application/json", head)
        return json.loads(body)

    def test_a_resource_from_its_birth_to_its_end(self):
        book = {"name": "shelves/1/books/1", "title": "Moby-Dick", "pages": 635}
        self.assertEqual(self.ok(self.post("/shelves/1/books", {"title": "Moby-Dick", "pages": 635})), book)
        self.assertEqual(self.ok(self.curl("/shelves/1/books/1")), book)
        self.assertEqual(self.ok(self.curl("/shelves/1/books/1", "--request", "DELETE")), {})
        self.assertEqual(self.curl("/shelves/1/books/1")[0], 404)

    def test_streams_in_and_out(self):
        books = [{"title": f"Book {i}", "pages": i} for i in range(1000)]
        self.assertEqual(self.ok(self.post("/shelves/1/books:import", books)), {"books": 1000, "pages": 499500})
        listed = self.ok(self.curl("/shelves/1/books?least_pages=500"))
        self.assertEqual(sorted(book["pages"] for book in listed), list(range(500, 1000)))
        reviewed = self.ok(self.post("/reviews", books))
        self.assertEqual([book["title"] for book in reviewed], [f"Book {i}, reviewed" for i in range(1000)])

    def test_an_empty_stream(self):
        self.assertEqual(self.ok(self.curl("/shelves/7/books")), [])

    def test_bytes_that_are_no_json(self):
        status, head, body = self.curl("/shelves/1/books/2/text")
        self.assertEqual((status, body), (200, "The text of shelves/1/books/2\n"))
        self.assertIn("content-type: text/plain; charset=utf-8", head)

    def test_an_error_of_the_service(self):
        status, head, body = self.curl("/shelves/1/books/7")
        self.assertEqual(status, 404)
        self.assertIn("content-type: application/json", head)
        self.assertEqual(json.loads(body), {"code": 5, "message": 'no book "shelves/1/books/7"'})
        line = json.loads(until(lambda: self.log_path.exists() and self.log_path.read_text(), "a line is logged"))
        self.assertEqual(line, {"asked": "/v1/shelves/1/books/7", "code": 404, "grpc": 5, "details": "via_upstream"})

    def test_an_error_before_the_first_message_of_a_stream(self):
        status, _, body = self.curl("/shelves/1/books?fails_with=7")
        self.assertEqual((status, json.loads(body)), (403, {"code": 7, "message": "as asked for"}))

    def test_an_error_after_the_first_message_breaks_the_stream_off(self):
        self.post("/shelves/1/books", {"title": "a"})
        done = self.run_curl("/shelves/1/books?fails_with=7")
        self.assertNotEqual(done.returncode, 0)
        self.assertNotIn(b"]", done.stdout)

    def test_what_is_wrong_with_a_request(self):
        status, _, body = self.post("/shelves/1/books", {"pages": "many"})
        self.assertEqual(status, 400)
        self.assertIn("book.pages", body)
        self.assertEqual(json.loads(body)["code"], 3)
        self.assertEqual(self.post("/shelves/1/books", '{"title":')[0], 400)
        self.assertEqual(self.post("/shelves/1/books:import", "{}")[0], 400)
        large = self.log_path.with_name("large.json")
        large.write_text(json.dumps({"title": "a" * 1_060_000}))
        self.assertEqual(self.post("/shelves/1/books", f"@{large}")[0], 413)

    def test_a_trailer_of_the_service_is_a_header(self):
        self.post("/shelves/1/books", {"title": "a"})
        self.assertIn("x-cost: 1", self.curl("/shelves/1/books/1")[1])

    def test_what_matches_nothing_passes(self):
        self.assertEqual(self.curl("/shelves/1/pages")[0], 404)  # of the route table

    def test_an_endpoint_that_is_gone(self):
        self.library.kill()
        status, head, body = self.curl("/shelves/1/books/1")
        self.assertEqual((status, json.loads(body)["code"]), (503, 14))
        self.assertIn("content-type: application/json", head)


class Http2ClientTest(TranscodingTest):
    """The same from a client that speaks HTTP/2."""

    version = ["--http2-prior-knowledge"]


if __name__ == "__main__":
    main()
