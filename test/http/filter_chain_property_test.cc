// Chains of filters that do anything at any time, and what must hold all the same.
#include <array>
#include <random>

#include "gtest/gtest.h"
#include "test/harness/filter_harness.h"

namespace outrigger::http {
namespace {

using testing::FilterHarness;

using Random = std::mt19937;

enum class Step : uint8_t { kNothing, kHead, kOver };

// What one filter saw of one direction: a head once, then bodies, then one end.
struct Order {
  Step step = Step::kNothing;
  void Head(bool last) {
    EXPECT_EQ(step, Step::kNothing);
    step = last ? Step::kOver : Step::kHead;
  }
  void Body(bool last) {
    EXPECT_EQ(step, Step::kHead);
    if (last) step = Step::kOver;
  }
};

struct Seen {
  Order request, response;
  int ends = 0;
  bool has_declined = false;
  FilterStream* stream = nullptr;
  bool request_pauses = false, response_pauses = false;
};

base::Buffer Bytes(std::string_view text) {
  base::Buffer buffer;
  buffer.Append(text);
  return buffer;
}

class Whimsical final : public HttpFilter {
 public:
  Whimsical(Random& random, Seen& seen, FilterStream& stream) : random_(random), seen_(seen) {
    seen.stream = &stream;
  }
  Verdict OnRequestHead(RequestHead&, bool last) override {
    seen_.request.Head(last);
    return Choose(seen_.request, seen_.request_pauses, last, true);
  }
  Verdict OnRequestBody(base::Buffer&, bool last) override {
    seen_.request.Body(last);
    return Choose(seen_.request, seen_.request_pauses, last, false);
  }
  Verdict OnRequestTrailers(HeaderMap& trailers) override {
    seen_.request.Body(true);
    return Trailers(seen_.request, seen_.request_pauses, trailers);
  }
  Verdict OnWholeRequest(RequestHead&, base::Buffer& body, HeaderMap& trailers) override {
    return Whole(seen_.request_pauses, body, trailers);
  }
  Verdict OnResponseHead(ResponseHead&, bool last) override {
    seen_.response.Head(last);
    return Choose(seen_.response, seen_.response_pauses, last, true);
  }
  Verdict OnResponseBody(base::Buffer&, bool last) override {
    seen_.response.Body(last);
    return Choose(seen_.response, seen_.response_pauses, last, false);
  }
  Verdict OnResponseTrailers(HeaderMap& trailers) override {
    seen_.response.Body(true);
    return Trailers(seen_.response, seen_.response_pauses, trailers);
  }
  Verdict OnWholeResponse(ResponseHead&, base::Buffer& body, HeaderMap& trailers) override {
    return Whole(seen_.response_pauses, body, trailers);
  }
  void OnStreamEnd(const StreamSummary&) override { ++seen_.ends; }

 private:
  // A head or a piece of body.
  Verdict Choose(Order& order, bool& pauses, bool last, bool is_head) {
    switch (random_() % 16) {
      case 0:
        pauses = true;
        return Verdict::Pause();
      case 1:
        return Verdict::Reply({.status = 403, .detail = "whim", .body = "no"});
      case 2:
        if (!is_head) return Verdict::Continue();
        order.step = Step::kOver;  // no more frames, but the whole
        return Verdict::Collect();
      case 3:
        if (!is_head) return Verdict::Continue();
        order.step = Step::kOver;
        return Verdict::Collect(random_() % 4);
      case 4:
      case 5:
        if (last) order.step = Step::kHead;
        return Verdict::ContinueToTrailers();
      case 6:
        order.step = Step::kOver;
        return Verdict::EndWith(random_() % 2 == 0 ? base::Buffer() : Bytes("end"));
      case 7:
        seen_.has_declined = true;
        return Verdict::Decline();
      default:
        return Verdict::Continue();
    }
  }

  Verdict Trailers(Order&, bool& pauses, HeaderMap& trailers) {
    if (random_() % 2 == 0) trailers.Add("x-whim", "1");
    switch (random_() % 8) {
      case 0:
        pauses = true;
        return Verdict::Pause();
      case 1:
        return Verdict::EndWith(Bytes("end"));
      case 2:
        return Verdict::Reply({.status = 403, .detail = "whim"});
      default:
        return Verdict::Continue();
    }
  }

  Verdict Whole(bool& pauses, base::Buffer& body, HeaderMap& trailers) {
    if (random_() % 2 == 0) body.Append("more");
    if (random_() % 3 == 0) body.Clear();
    if (random_() % 3 == 0) trailers.Clear();
    switch (random_() % 8) {
      case 0:
        pauses = true;
        return Verdict::Pause();
      case 1:
        return Verdict::EndWith(Bytes("end"));
      case 2:
        return Verdict::Reply({.status = 403, .detail = "whim"});
      default:
        return Verdict::Continue();
    }
  }

  Random& random_;
  Seen& seen_;
};

Verdict ResumeBy(Random& random) {
  if (random() % 6 != 0) return Verdict::Continue();
  return Verdict::Reply({.status = 403, .detail = "late_whim", .body = "no"});
}

// Resumes what is paused; false when nothing was.
bool ResumeAll(std::array<Seen, 3>& seen, Random& random) {
  bool any = false;
  for (Seen& filter : seen) {
    if (std::exchange(filter.request_pauses, false)) {
      any = true;
      filter.stream->ResumeRequest(ResumeBy(random));
    }
    if (std::exchange(filter.response_pauses, false)) {
      any = true;
      filter.stream->ResumeResponse(ResumeBy(random));
    }
  }
  return any;
}

void RunOnce(unsigned seed) {
  SCOPED_TRACE(seed);
  Random random(seed);
  std::array<Seen, 3> seen;
  const auto filter = [&](size_t i) {
    return [&, i](FilterStream& stream) {
      return std::make_unique<Whimsical>(random, seen[i], stream);
    };
  };
  FilterHarness chain(filter(0), random() % 4 == 0 ? BodyMode::kWhole : BodyMode::kStream);
  chain.AddFilter("second", filter(1), random() % 4 == 0 ? BodyMode::kWhole : BodyMode::kStream);
  chain.AddFilter("third", filter(2));
  chain.Answer(200, random() % 3 == 0 ? "" : "answer", {},
               random() % 2 == 0 ? testing::HeaderList{} : testing::HeaderList{{"x-sum", "1"}});
  const auto maybe_resume = [&] {
    if (random() % 3 == 0 && ResumeAll(seen, random)) chain.Turn();
  };
  const size_t pieces = random() % 4;
  const bool has_trailers = random() % 3 == 0;
  chain.Begin("POST /", {}, pieces == 0 && !has_trailers);
  for (size_t i = 0; i < pieces; ++i) {
    maybe_resume();
    chain.Body(std::string(random() % 60, 'x'), i + 1 == pieces && !has_trailers);
  }
  maybe_resume();
  if (has_trailers) chain.Trailers({{"x-sum", "1"}});
  while (ResumeAll(seen, random)) chain.Turn();
  EXPECT_TRUE(chain.reply().is_complete || chain.reply().was_aborted) << "somebody waits for ever";
  EXPECT_EQ(chain.pauses(), 0);
  chain.Cut();
  for (const Seen& each : seen) EXPECT_EQ(each.ends, each.has_declined ? 0 : 1);
}

TEST(FilterChainProperty, KeepsTheOrderOfFramesAndAlwaysComesToAnEnd) {
  for (unsigned seed = 0; seed < 20'000 && !::testing::Test::HasFailure(); ++seed) RunOnce(seed);
}

}  // namespace
}  // namespace outrigger::http
