#include "source/http/filter_chain.h"

#include <functional>

#include "gtest/gtest.h"
#include "test/harness/filter_harness.h"

namespace outrigger::http {
namespace {

using testing::FilterHarness;
using testing::HasStatus;
using testing::RepliedWith;

// What a test's filter does and what it saw, outside of the filter so that it survives it.
struct Script {
  std::function<Verdict()> on_request_head, on_request_body, on_request_trailers;
  std::function<Verdict()> on_response_head, on_response_body;
  std::string seen;  // a letter for each frame: h b t, H B T for responses, e at the end
  FilterStream* stream = nullptr;
};

class Scripted final : public HttpFilter {
 public:
  Scripted(Script& script, FilterStream& stream) : script_(script) { script.stream = &stream; }
  Verdict OnRequestHead(RequestHead&, bool) override { return See('h', script_.on_request_head); }
  Verdict OnRequestBody(base::Buffer&, bool) override { return See('b', script_.on_request_body); }
  Verdict OnRequestTrailers(HeaderMap&) override { return See('t', script_.on_request_trailers); }
  Verdict OnResponseHead(ResponseHead&, bool) override {
    return See('H', script_.on_response_head);
  }
  Verdict OnResponseBody(base::Buffer&, bool) override {
    return See('B', script_.on_response_body);
  }
  void OnStreamEnd(const StreamSummary&) override { script_.seen += 'e'; }

 private:
  Verdict See(char frame, const std::function<Verdict()>& act) {
    script_.seen += frame;
    return act ? act() : Verdict::Continue();
  }
  Script& script_;
};

HttpFilterFactory Filter(Script& script) {
  return [&script](FilterStream& stream) { return std::make_unique<Scripted>(script, stream); };
}

Verdict Deny() { return Verdict::Reply({.status = 403, .detail = "denied", .body = "no"}); }

TEST(FilterChain, PassesFramesThroughInOrder) {
  Script first, second;
  FilterHarness chain(Filter(first));
  chain.AddFilter("second", Filter(second));
  chain.Answer(200, "hello");
  chain.Begin("POST /x");
  chain.Body("abc", true);
  EXPECT_THAT(chain.reply(), HasStatus(200));
  EXPECT_EQ(chain.reply().body, "hello");
  EXPECT_EQ(chain.forwarded().body, "abc");
  EXPECT_EQ(first.seen, "hbHB");
  EXPECT_EQ(second.seen, "hbHB");
}

TEST(FilterChain, ShowsAReplyToTheFiltersBeforeTheOneThatReplied) {
  Script before, denying, after;
  denying.on_request_head = Deny;
  FilterHarness chain(Filter(before));
  chain.AddFilter("denying", Filter(denying));
  chain.AddFilter("after", Filter(after));
  EXPECT_THAT(chain.Request("GET /"), RepliedWith(403, "denied"));
  EXPECT_EQ(chain.reply().body, "no");
  EXPECT_EQ(chain.reply().Header("content-type"), "text/plain");
  EXPECT_FALSE(chain.forwarded().has_head);
  EXPECT_EQ(before.seen, "hHB");
  EXPECT_EQ(denying.seen, "h");
  EXPECT_EQ(after.seen, "");
}

TEST(FilterChain, HoldsLaterFramesWhileAFilterPausesTheHead) {
  Script pausing;
  pausing.on_request_head = Verdict::Pause;
  FilterHarness chain(Filter(pausing));
  chain.Begin("POST /x");
  chain.Body("abc", false);
  chain.Body("def", true);
  EXPECT_EQ(pausing.seen, "h");
  EXPECT_FALSE(chain.forwarded().has_head);
  pausing.stream->ResumeRequest(Verdict::Continue());
  EXPECT_FALSE(chain.forwarded().has_head) << "nothing runs from inside Resume";
  chain.Turn();
  EXPECT_EQ(chain.forwarded().body, "abcdef");
  EXPECT_EQ(pausing.seen, "hbH");
  EXPECT_THAT(chain.reply(), HasStatus(200));
}

TEST(FilterChain, KeepsTrailersBehindTheBody) {
  Script pausing;
  pausing.on_request_head = Verdict::Pause;
  FilterHarness chain(Filter(pausing));
  chain.Begin("POST /x");
  chain.Body("abc", false);
  chain.Trailers({{"x-sum", "1"}});
  pausing.stream->ResumeRequest(Verdict::Continue());
  chain.Turn();
  EXPECT_EQ(pausing.seen, "hbtH");
  EXPECT_TRUE(chain.forwarded().is_complete);
}

TEST(FilterChain, RepliesLaterFromAPause) {
  Script pausing;
  pausing.on_request_head = Verdict::Pause;
  FilterHarness chain(Filter(pausing));
  chain.Request("GET /");
  pausing.stream->ResumeRequest(Deny());
  chain.Turn();
  EXPECT_THAT(chain.reply(), RepliedWith(403, "denied"));
}

TEST(FilterChain, HoldsTheSenderBackAboveTheLimitAndLetsItGo) {
  Script pausing;
  pausing.on_request_head = Verdict::Pause;
  FilterHarness chain(Filter(pausing));
  chain.Begin("POST /x");
  chain.Body(std::string(999, 'x'), false);
  EXPECT_EQ(chain.pauses(), 0);
  chain.Body("y", false);
  EXPECT_EQ(chain.pauses(), 1);
  pausing.stream->ResumeRequest(Verdict::Continue());
  chain.Turn();
  EXPECT_EQ(chain.pauses(), 0);
}

TEST(FilterChain, CollectsTheWholeBodyForAFilterThatWantsIt) {
  Script whole;
  FilterHarness chain(Filter(whole), BodyMode::kWhole);
  chain.Begin("POST /x");
  chain.Body("abc", false);
  EXPECT_EQ(whole.seen, "");
  chain.Body("def", true);
  EXPECT_EQ(whole.seen, "hbH");
  EXPECT_EQ(chain.forwarded().body, "abcdef");
}

TEST(FilterChain, AnswersTooLargeWhenTheWholeBodyPassesTheLimit) {
  Script whole;
  FilterHarness chain(Filter(whole), BodyMode::kWhole);
  chain.Begin("POST /x");
  chain.Body(std::string(101, 'x'), false);
  EXPECT_THAT(chain.reply(), RepliedWith(413, "request_payload_too_large"));
  EXPECT_EQ(whole.seen, "");
}

TEST(FilterChain, PausesAResponseAndResumesInOrder) {
  Script pausing;
  pausing.on_response_head = Verdict::Pause;
  FilterHarness chain(Filter(pausing));
  chain.Answer(200, "hello");
  chain.Request("GET /");
  EXPECT_FALSE(chain.reply().has_head);
  pausing.stream->ResumeResponse(Verdict::Continue());
  chain.Turn();
  EXPECT_THAT(chain.reply(), HasStatus(200));
  EXPECT_EQ(chain.reply().body, "hello");
  EXPECT_EQ(pausing.seen, "hHB");
}

TEST(FilterChain, ReplacesAResponseByAReply) {
  Script first, second;
  second.on_response_head = Deny;
  FilterHarness chain(Filter(first));
  chain.AddFilter("second", Filter(second));
  chain.Answer(200, "hello");
  EXPECT_THAT(chain.Request("GET /"), RepliedWith(403, "denied"));
  EXPECT_EQ(chain.reply().body, "no");
  EXPECT_EQ(first.seen, "hHB");
}

TEST(FilterChain, AbortsWhenAReplyComesAfterTheResponseHead) {
  Script late;
  late.on_response_body = Deny;
  FilterHarness chain(Filter(late));
  chain.Answer(200, "hello");
  chain.Request("GET /");
  EXPECT_TRUE(chain.reply().has_head);
  EXPECT_TRUE(chain.reply().was_aborted);
  EXPECT_EQ(chain.reply().detail, "denied");
}

TEST(FilterChain, DropsTheTerminalsResponseOnceAFilterReplied) {
  Script filter;
  filter.on_request_body = Deny;
  FilterHarness chain(Filter(filter));
  chain.AnswerLater();
  chain.Begin("POST /x");
  chain.Body("abc", false);
  chain.endpoint().Answer();
  EXPECT_THAT(chain.reply(), RepliedWith(403, "denied"));
}

TEST(FilterChain, EndsEachFilterExactlyOnceAndIgnoresALateResume) {
  Script pausing;
  pausing.on_request_head = Verdict::Pause;
  FilterHarness chain(Filter(pausing));
  chain.Request("GET /");
  pausing.stream->ResumeRequest(Verdict::Continue());
  chain.Cut();
  chain.Cut();
  EXPECT_EQ(pausing.seen, "he");
  EXPECT_FALSE(chain.forwarded().has_head);
}

TEST(FilterChain, AnswersHeadRequestsWithoutABody) {
  Script denying;
  denying.on_request_head = Deny;
  FilterHarness chain(Filter(denying));
  EXPECT_THAT(chain.Request("HEAD /"), RepliedWith(403, "denied"));
  EXPECT_EQ(chain.reply().body, "");
  EXPECT_EQ(chain.reply().Header("content-length"), "2");
}

}  // namespace
}  // namespace outrigger::http
