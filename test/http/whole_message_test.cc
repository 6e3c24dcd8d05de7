// What filters do to the shape of a message: collect it, add trailers, end it, leave.
#include <functional>

#include "gtest/gtest.h"
#include "test/harness/filter_harness.h"

namespace outrigger::http {
namespace {

using testing::FilterHarness;
using testing::HasStatus;
using testing::RepliedWith;

// A filter made of the functions that a test gives; what it saw outlives it.
struct Script {
  std::function<Verdict(bool last)> request_head, response_head;
  std::function<Verdict(base::Buffer&, bool last)> request_body, response_body;
  std::function<Verdict(HeaderMap&)> request_trailers, response_trailers;
  std::function<Verdict(RequestHead&, base::Buffer&, HeaderMap&)> whole_request;
  std::function<Verdict(ResponseHead&, base::Buffer&, HeaderMap&)> whole_response;
  std::string seen;  // a letter for each frame: h b t w, H B T W for responses, e at the end;
                     // ! behind the last
  FilterStream* stream = nullptr;
};

class Scripted final : public HttpFilter {
 public:
  Scripted(Script& script, FilterStream& stream) : script_(script) { script.stream = &stream; }
  Verdict OnRequestHead(RequestHead&, bool last) override {
    return See("h", last, script_.request_head, last);
  }
  Verdict OnRequestBody(base::Buffer& piece, bool last) override {
    return See("b", last, script_.request_body, piece, last);
  }
  Verdict OnRequestTrailers(HeaderMap& map) override {
    return See("t", true, script_.request_trailers, map);
  }
  Verdict OnResponseHead(ResponseHead&, bool last) override {
    return See("H", last, script_.response_head, last);
  }
  Verdict OnResponseBody(base::Buffer& piece, bool last) override {
    return See("B", last, script_.response_body, piece, last);
  }
  Verdict OnResponseTrailers(HeaderMap& map) override {
    return See("T", true, script_.response_trailers, map);
  }
  Verdict OnWholeRequest(RequestHead& head, base::Buffer& body, HeaderMap& trailers) override {
    return See("w", true, script_.whole_request, head, body, trailers);
  }
  Verdict OnWholeResponse(ResponseHead& head, base::Buffer& body, HeaderMap& trailers) override {
    return See("W", true, script_.whole_response, head, body, trailers);
  }
  void OnStreamEnd(const StreamSummary&) override { script_.seen += 'e'; }

 private:
  template <typename Act, typename... Frame>
  Verdict See(const char* letter, bool last, Act& act, Frame&... frame) {
    script_.seen += letter;
    if (last) script_.seen += '!';
    return act ? act(frame...) : Verdict::Continue();
  }
  Script& script_;
};

HttpFilterFactory Filter(Script& script) {
  return [&script](FilterStream& stream) { return std::make_unique<Scripted>(script, stream); };
}

base::Buffer Bytes(std::string_view text) {
  base::Buffer buffer;
  buffer.Append(text);
  return buffer;
}

Verdict CollectIt(bool) { return Verdict::Collect(); }

// Three filters in a row; the middle one is the one that a test is about.
struct Row {
  Row() : chain(Filter(before)) {
    chain.AddFilter("middle", Filter(middle));
    chain.AddFilter("after", Filter(after));
  }
  Script before, middle, after;
  FilterHarness chain;
};

TEST(WholeRequest, IsShownOnceCompleteAndGoesOnAsFrames) {
  Row row;
  row.middle.request_head = CollectIt;
  row.middle.whole_request = [](RequestHead& head, base::Buffer& body, HeaderMap& trailers) {
    EXPECT_EQ(body.ToString(), "onetwo");
    EXPECT_EQ(trailers.Get("x-sum"), "6");
    head.target = "/changed";
    body = Bytes("new");
    trailers.SetCopy("x-sum", "3");
    return Verdict::Continue();
  };
  row.chain.Begin("POST /");
  row.chain.Body("one", false);
  row.chain.Body("two", false);
  EXPECT_EQ(row.before.seen, "hbb");
  EXPECT_EQ(row.middle.seen, "h");
  EXPECT_EQ(row.after.seen, "");
  row.chain.Trailers({{"x-sum", "6"}});
  EXPECT_EQ(row.before.seen, "hbbt!H!");
  EXPECT_EQ(row.middle.seen, "hw!H!");
  EXPECT_EQ(row.after.seen, "hbt!H!");
  EXPECT_EQ(row.chain.forwarded().target, "/changed");
  EXPECT_EQ(row.chain.forwarded().body, "new");
  EXPECT_EQ(row.chain.forwarded().Trailer("x-sum"), "3");
}

TEST(WholeRequest, WithoutBodyIsShownAtOnceAndMayGetOne) {
  Row row;
  row.middle.request_head = CollectIt;
  row.middle.whole_request = [](RequestHead&, base::Buffer& body, HeaderMap&) {
    EXPECT_TRUE(body.empty());
    body.Append("made");
    return Verdict::Continue();
  };
  EXPECT_THAT(row.chain.Request("GET /"), HasStatus(200));
  EXPECT_EQ(row.after.seen, "hb!H!");
  EXPECT_EQ(row.chain.forwarded().body, "made");
}

TEST(WholeRequest, MayLoseItsBody) {
  Row row;
  row.middle.request_head = CollectIt;
  row.middle.whole_request = [](RequestHead&, base::Buffer& body, HeaderMap&) {
    body.Clear();
    return Verdict::Continue();
  };
  row.chain.Begin("POST /");
  row.chain.Body("gone", true);
  EXPECT_EQ(row.after.seen, "h!H!");
  EXPECT_TRUE(row.chain.forwarded().is_complete);
}

TEST(WholeRequest, AboveTheLimitIsAnswered413ToTheFiltersBefore) {
  Row row;
  row.middle.request_head = CollectIt;
  row.chain.Begin("POST /");
  row.chain.Body(std::string(100, 'x'), false);
  EXPECT_FALSE(row.chain.reply().has_head);
  row.chain.Body("y", false);
  EXPECT_THAT(row.chain.reply(), RepliedWith(413, "request_payload_too_large"));
  EXPECT_EQ(row.before.seen, "hbbHB!");
  EXPECT_EQ(row.middle.seen, "h");
  EXPECT_EQ(row.after.seen, "");
}

TEST(WholeRequest, TakesTheLimitOfTheFilter) {
  Row row;
  row.middle.request_head = [](bool) { return Verdict::Collect(3); };
  row.chain.Begin("POST /");
  row.chain.Body("abc", false);
  EXPECT_FALSE(row.chain.reply().has_head);
  row.chain.Body("d", true);
  EXPECT_THAT(row.chain.reply(), RepliedWith(413, "request_payload_too_large"));
}

TEST(WholeRequest, MayPauseAndGoOnOrReply) {
  for (const bool replies : {false, true}) {
    Row row;
    row.middle.request_head = CollectIt;
    row.middle.whole_request = [](auto&&...) { return Verdict::Pause(); };
    row.chain.Begin("POST /");
    row.chain.Body("abc", true);
    EXPECT_EQ(row.after.seen, "");
    row.middle.stream->ResumeRequest(replies ? Verdict::Reply({.status = 403, .detail = "denied"})
                                             : Verdict::Continue());
    row.chain.Turn();
    if (replies) {
      EXPECT_THAT(row.chain.reply(), RepliedWith(403, "denied"));
      EXPECT_EQ(row.after.seen, "");
    } else {
      EXPECT_EQ(row.chain.forwarded().body, "abc");
      EXPECT_EQ(row.after.seen, "hb!H!");
    }
  }
}

TEST(WholeRequest, ByTwoFiltersInARowAndOneThatPausesBetween) {
  Row row;
  row.before.request_head = CollectIt;
  row.before.whole_request = [](RequestHead&, base::Buffer& body, HeaderMap&) {
    body.Append("1");
    return Verdict::Continue();
  };
  row.middle.request_head = [](bool) { return Verdict::Pause(); };
  row.after.request_head = CollectIt;
  row.after.whole_request = [](RequestHead&, base::Buffer& body, HeaderMap& trailers) {
    body.Append("2");
    trailers.Add("x-by", "after");
    return Verdict::Continue();
  };
  row.chain.Begin("POST /");
  row.chain.Body("abc", true);
  EXPECT_EQ(row.middle.seen, "h");
  row.middle.stream->ResumeRequest(Verdict::Continue());
  row.chain.Turn();
  EXPECT_EQ(row.middle.seen, "hb!H!");
  EXPECT_EQ(row.after.seen, "hw!H!");
  EXPECT_EQ(row.chain.forwarded().body, "abc12");
  EXPECT_EQ(row.chain.forwarded().Trailer("x-by"), "after");
}

TEST(WholeRequest, OfWholeBodyModeComesWithTrailersBehindTheBody) {
  Script plain, whole;
  FilterHarness chain(Filter(plain));
  chain.AddFilter("whole", Filter(whole), BodyMode::kWhole);
  chain.Begin("POST /");
  chain.Body("one", false);
  chain.Body("two", false);
  EXPECT_EQ(whole.seen, "");
  chain.Trailers({{"x-sum", "6"}});
  EXPECT_EQ(plain.seen, "hbbt!H!");
  EXPECT_EQ(whole.seen, "hbt!H!");
  EXPECT_EQ(chain.forwarded().body, "onetwo");
  EXPECT_EQ(chain.forwarded().Trailer("x-sum"), "6");
}

TEST(WholeResponse, IsShownOnceCompleteAndTheHeadIsHeldUntilThen) {
  Row row;
  row.middle.response_head = CollectIt;
  row.middle.whole_response = [](ResponseHead& head, base::Buffer& body, HeaderMap& trailers) {
    EXPECT_EQ(body.ToString(), "onetwo");
    head.status = trailers.Get("grpc-status") == "5" ? 404 : 200;
    trailers.Clear();
    body = Bytes("none");
    return Verdict::Continue();
  };
  row.chain.AnswerLater();
  row.chain.Request("GET /");
  row.chain.endpoint().Head(200, {});
  row.chain.endpoint().Body("one");
  row.chain.endpoint().Body("two");
  EXPECT_FALSE(row.chain.reply().has_head);
  EXPECT_EQ(row.after.seen, "h!HBB");
  row.chain.endpoint().Trailers({{"grpc-status", "5"}});
  EXPECT_THAT(row.chain.reply(), HasStatus(404));
  EXPECT_EQ(row.chain.reply().body, "none");
  EXPECT_EQ(row.middle.seen, "h!HW!");
  EXPECT_EQ(row.before.seen, "h!HB!");
}

TEST(WholeResponse, WithoutBodyIsShownAtOnce) {
  Row row;
  row.middle.response_head = CollectIt;
  EXPECT_THAT(row.chain.Request("GET /"), HasStatus(200));
  EXPECT_EQ(row.middle.seen, "h!H!W!");
}

TEST(WholeResponse, AboveTheLimitIsAnswered500ToTheFiltersBefore) {
  Row row;
  row.middle.response_head = CollectIt;
  row.chain.Answer(200, std::string(101, 'x'));
  EXPECT_THAT(row.chain.Request("GET /"), RepliedWith(500, "response_payload_too_large"));
  EXPECT_EQ(row.chain.reply().body, "Internal Server Error");
  EXPECT_EQ(row.middle.seen, "h!H");
  EXPECT_EQ(row.before.seen, "h!HB!");
}

TEST(WholeResponse, OfAReplyIsCollectedToo) {
  Row row;
  row.after.request_head = [](bool) {
    return Verdict::Reply({.status = 403, .detail = "denied", .body = "no"});
  };
  row.middle.response_head = CollectIt;
  row.middle.whole_response = [](ResponseHead&, base::Buffer& body, HeaderMap&) {
    body.Append(" way");
    return Verdict::Continue();
  };
  EXPECT_THAT(row.chain.Request("GET /"), RepliedWith(403, "denied"));
  EXPECT_EQ(row.chain.reply().body, "no way");
}

TEST(WholeResponse, MayBeReplacedByAReply) {
  Row row;
  row.middle.response_head = CollectIt;
  row.middle.whole_response = [](auto&&...) {
    return Verdict::Reply({.status = 502, .detail = "bad", .body = "bad"});
  };
  row.chain.Answer(200, "hello", {{"x-of", "endpoint"}}, {{"x-sum", "1"}});
  EXPECT_THAT(row.chain.Request("GET /"), RepliedWith(502, "bad"));
  EXPECT_EQ(row.chain.reply().Header("x-of"), "");
  EXPECT_EQ(row.before.seen, "h!HB!");
}

// The head was shown and is held; a request filter answers meanwhile.
TEST(WholeResponse, ThatIsHeldIsNotShownTwiceWhenAReplyOvertakesIt) {
  Row row;
  row.middle.response_head = CollectIt;
  row.after.request_body = [](base::Buffer&, bool) {
    return Verdict::Reply({.status = 403, .detail = "denied"});
  };
  row.chain.AnswerLater();
  row.chain.Begin("POST /");
  row.chain.endpoint().Head(200, {});
  row.chain.endpoint().Body("early");
  row.chain.Body("abc", true);
  EXPECT_THAT(row.chain.reply(), RepliedWith(403, "denied"));
  EXPECT_EQ(row.middle.seen, "hHb!");
  EXPECT_EQ(row.before.seen, "hb!H!");
}

TEST(AddedTrailers, ComeBehindTheLastPiece) {
  Row row;
  row.middle.response_body = [](base::Buffer&, bool) { return Verdict::ContinueToTrailers(); };
  row.middle.response_trailers = [](HeaderMap& trailers) {
    EXPECT_TRUE(trailers.empty());
    trailers.Add("x-sum", "5");
    return Verdict::Continue();
  };
  row.chain.Answer(200, "hello");
  row.chain.Request("GET /");
  EXPECT_TRUE(row.chain.reply().is_complete);
  EXPECT_EQ(row.chain.reply().Trailer("x-sum"), "5");
  EXPECT_EQ(row.after.seen, "h!HB!");
  EXPECT_EQ(row.middle.seen, "h!HB!T!");
  EXPECT_EQ(row.before.seen, "h!HBT!");
}

TEST(AddedTrailers, ToARequestWithoutBody) {
  Row row;
  row.middle.request_head = [](bool) { return Verdict::ContinueToTrailers(); };
  row.middle.request_trailers = [](HeaderMap& trailers) {
    trailers.Add("x-sum", "0");
    return Verdict::Continue();
  };
  row.chain.Request("GET /");
  EXPECT_EQ(row.chain.forwarded().Trailer("x-sum"), "0");
  EXPECT_EQ(row.after.seen, "ht!H!");
}

TEST(AddedTrailers, AreThoseThatComeWhenThereAreAny) {
  Row row;
  row.middle.response_body = [](base::Buffer&, bool) { return Verdict::ContinueToTrailers(); };
  row.middle.response_trailers = [](HeaderMap& trailers) {
    trailers.Add("x-more", "1");
    return Verdict::Continue();
  };
  row.chain.Answer(200, "hello", {}, {{"x-sum", "5"}});
  row.chain.Request("GET /");
  EXPECT_EQ(row.middle.seen, "h!HBT!");
  EXPECT_EQ(row.chain.reply().Trailer("x-sum"), "5");
  EXPECT_EQ(row.chain.reply().Trailer("x-more"), "1");
}

TEST(AddedTrailers, ThatStayEmptyEndTheBody) {
  Row row;
  row.middle.response_body = [](base::Buffer&, bool) { return Verdict::ContinueToTrailers(); };
  row.chain.Answer(200, "hello");
  row.chain.Request("GET /");
  EXPECT_TRUE(row.chain.reply().is_complete);
  EXPECT_EQ(row.chain.reply().body, "hello");
  EXPECT_TRUE(row.chain.reply().trailers.empty());
}

TEST(AddedTrailers, WaitBehindAPieceThatAnotherFilterPauses) {
  Row row;
  row.middle.response_body = [](base::Buffer&, bool) { return Verdict::ContinueToTrailers(); };
  row.middle.response_trailers = [](HeaderMap& trailers) {
    trailers.Add("x-sum", "5");
    return Verdict::Continue();
  };
  row.before.response_body = [](base::Buffer&, bool) { return Verdict::Pause(); };
  row.chain.Answer(200, "hello");
  row.chain.Request("GET /");
  EXPECT_EQ(row.before.seen, "h!HB");
  row.before.stream->ResumeResponse(Verdict::Continue());
  row.chain.Turn();
  EXPECT_EQ(row.before.seen, "h!HBT!");
  EXPECT_EQ(row.chain.reply().body, "hello");
  EXPECT_EQ(row.chain.reply().Trailer("x-sum"), "5");
}

TEST(AddedTrailers, ReachAFilterThatCollects) {
  Row row;
  row.before.response_head = CollectIt;
  row.middle.response_body = [](base::Buffer&, bool) { return Verdict::ContinueToTrailers(); };
  row.middle.response_trailers = [](HeaderMap& trailers) {
    trailers.Add("x-sum", "5");
    return Verdict::Continue();
  };
  row.before.whole_response = [](ResponseHead&, base::Buffer& body, HeaderMap& trailers) {
    EXPECT_EQ(body.ToString(), "hello");
    EXPECT_EQ(trailers.Get("x-sum"), "5");
    return Verdict::Continue();
  };
  row.chain.Answer(200, "hello");
  row.chain.Request("GET /");
  EXPECT_EQ(row.before.seen, "h!HW!");
  EXPECT_EQ(row.chain.reply().Trailer("x-sum"), "5");
}

TEST(EndedMessage, HasBytesInPlaceOfItsTrailers) {
  Row row;
  row.middle.response_trailers = [](HeaderMap&) { return Verdict::EndWith(Bytes("]")); };
  row.chain.Answer(200, "[1", {}, {{"grpc-status", "0"}});
  row.chain.Request("GET /");
  EXPECT_EQ(row.chain.reply().body, "[1]");
  EXPECT_TRUE(row.chain.reply().is_complete);
  EXPECT_TRUE(row.chain.reply().trailers.empty());
  EXPECT_EQ(row.before.seen, "h!HBB!");
}

TEST(EndedMessage, OfARequestHasBytesInPlaceOfItsTrailers) {
  Row row;
  row.middle.request_trailers = [](HeaderMap&) { return Verdict::EndWith(Bytes("]")); };
  row.chain.Begin("POST /");
  row.chain.Body("[1", false);
  row.chain.Trailers({{"x-sum", "1"}});
  EXPECT_EQ(row.chain.forwarded().body, "[1]");
  EXPECT_TRUE(row.chain.forwarded().trailers.empty());
  EXPECT_EQ(row.after.seen, "hbb!H!");
}

TEST(EndedMessage, IsOverForWhateverItsSenderStillSends) {
  Row row;
  row.middle.request_body = [](base::Buffer&, bool) { return Verdict::EndWith(Bytes(".")); };
  row.chain.Begin("POST /");
  row.chain.Body("one", false);
  row.chain.Body("two", false);
  row.chain.Trailers({{"x-sum", "1"}});
  EXPECT_EQ(row.chain.forwarded().body, "one.");
  EXPECT_EQ(row.after.seen, "hb!H!");
  EXPECT_THAT(row.chain.reply(), HasStatus(200));
}

TEST(EndedMessage, AtItsHeadGetsTheBytesAsBody) {
  Row row;
  row.middle.response_head = [](bool) { return Verdict::EndWith(Bytes("instead")); };
  row.chain.Answer(200, "hello", {}, {{"x-sum", "1"}});
  row.chain.Request("GET /");
  EXPECT_EQ(row.chain.reply().body, "instead");
  EXPECT_TRUE(row.chain.reply().is_complete);
  EXPECT_EQ(row.before.seen, "h!HB!");
}

TEST(EndedMessage, AtItsHeadWithoutBytesIsAHead) {
  Row row;
  row.middle.response_head = [](bool) { return Verdict::EndWith({}); };
  row.chain.Answer(200, "hello");
  row.chain.Request("GET /");
  EXPECT_TRUE(row.chain.reply().is_complete);
  EXPECT_EQ(row.chain.reply().body, "");
  EXPECT_EQ(row.before.seen, "h!H!");
}

TEST(EndedMessage, WhenWholeLosesItsTrailers) {
  Row row;
  row.middle.response_head = CollectIt;
  row.middle.whole_response = [](auto&&...) { return Verdict::EndWith(Bytes("!")); };
  row.chain.Answer(200, "hello", {}, {{"x-sum", "1"}});
  row.chain.Request("GET /");
  EXPECT_EQ(row.chain.reply().body, "hello!");
  EXPECT_TRUE(row.chain.reply().trailers.empty());
}

TEST(DecliningFilter, HearsNothingMoreOfTheStream) {
  Row row;
  row.middle.request_head = [](bool) { return Verdict::Decline(); };
  row.chain.Answer(200, "hello");
  row.chain.Begin("POST /");
  row.chain.Body("abc", true);
  row.chain.Cut();
  EXPECT_EQ(row.middle.seen, "h");
  EXPECT_EQ(row.before.seen, "hb!HB!e");
  EXPECT_EQ(row.chain.forwarded().body, "abc");
}

TEST(DecliningFilter, IsNotThereWhenItsFactoryMakesNone) {
  Script before, after;
  FilterHarness chain(Filter(before));
  chain.AddFilter("none", [](FilterStream& stream) -> std::unique_ptr<HttpFilter> {
    EXPECT_EQ(stream.stream().request().target, "/path") << "the head is there";
    return nullptr;
  });
  chain.AddFilter("after", Filter(after));
  EXPECT_THAT(chain.Request("GET /path"), HasStatus(200));
  EXPECT_EQ(before.seen, "h!H!");
  EXPECT_EQ(after.seen, "h!H!");
}

}  // namespace
}  // namespace outrigger::http
