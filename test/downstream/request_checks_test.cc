#include "source/downstream/request_checks.h"

#include "gtest/gtest.h"

namespace outrigger::downstream {
namespace {

// A request to check, and what became of it.
class Subject {
 public:
  explicit Subject(std::string_view target, std::string_view host = "example.com") {
    head.target = target;
    if (!host.empty()) head.headers.Add(http::HeaderId::kHost, host);
  }
  std::optional<Rejection> Check(const HttpOptions& options) { return CheckRequest(head, options); }

  base::Arena arena;
  http::RequestHead head{arena};
};

TEST(CheckRequest, LetsAnOrdinaryRequestPassUnchanged) {
  Subject subject("/a/b?c=d");
  EXPECT_FALSE(subject.Check({}));
  EXPECT_EQ(subject.head.target, "/a/b?c=d");
}

TEST(CheckRequest, RefusesAnEmptyHost) {
  Subject subject("/", "");
  const auto rejection = subject.Check({});
  ASSERT_TRUE(rejection);
  EXPECT_EQ(rejection->status, 400);
  EXPECT_EQ(rejection->detail, "missing_host_header");
}

TEST(CheckRequest, RefusesTargetsThatAreNoPath) {
  EXPECT_EQ(Subject("foo").Check({})->detail, "absolute_path_rejected");
  EXPECT_EQ(Subject("*").Check({})->status, 404);
  Subject options("*");
  options.head.method = http::Method::kOptions;
  EXPECT_FALSE(options.Check({}));
}

TEST(CheckRequest, NormalizesThePathAndKeepsTheQuery) {
  Subject subject("/a/../b%2e?x=/../y");
  EXPECT_FALSE(subject.Check({}));
  EXPECT_EQ(subject.head.target, "/b.?x=/../y");
}

TEST(CheckRequest, RefusesAPathThatLeavesTheRoot) {
  EXPECT_EQ(Subject("/../etc").Check({})->detail, "path_normalization_failed");
}

TEST(CheckRequest, LeavesThePathAloneWhenToldTo) {
  HttpOptions options;
  options.path.normalize = false;
  Subject subject("/a/../b");
  EXPECT_FALSE(subject.Check(options));
  EXPECT_EQ(subject.head.target, "/a/../b");
}

TEST(CheckRequest, MergesSlashes) {
  HttpOptions options;
  options.path.merge_slashes = true;
  Subject subject("//a///b?q=//");
  EXPECT_FALSE(subject.Check(options));
  EXPECT_EQ(subject.head.target, "/a/b?q=//");
}

TEST(CheckRequest, FollowsThePolicyForEscapedSlashes) {
  HttpOptions options;
  Subject kept("/a%2fb");
  EXPECT_FALSE(kept.Check(options));
  EXPECT_EQ(kept.head.target, "/a%2Fb");

  options.path.escaped_slashes = EscapedSlashes::kReject;
  EXPECT_EQ(Subject("/a%2fb").Check(options)->status, 400);

  options.path.escaped_slashes = EscapedSlashes::kUnescapeAndForward;
  Subject forwarded("/x/%2e%2e%2fb");
  EXPECT_FALSE(forwarded.Check(options));
  EXPECT_EQ(forwarded.head.target, "/b");

  options.path.escaped_slashes = EscapedSlashes::kUnescapeAndRedirect;
  const auto redirect = Subject("/a%2fb?c").Check(options);
  ASSERT_TRUE(redirect);
  EXPECT_EQ(redirect->status, 307);
  EXPECT_EQ(redirect->headers[0].second, "http://example.com/a/b?c");
}

TEST(CheckRequest, FollowsThePolicyForUnderscores) {
  HttpOptions options;
  options.underscores = Underscores::kReject;
  Subject rejected("/");
  rejected.head.headers.AddCopy("x_a", "1");
  EXPECT_EQ(rejected.Check(options)->status, 400);

  options.underscores = Underscores::kDrop;
  Subject dropped("/");
  dropped.head.headers.AddCopy("x_a", "1");
  dropped.head.headers.AddCopy("x-b", "2");
  EXPECT_FALSE(dropped.Check(options));
  EXPECT_FALSE(dropped.head.headers.Get("x_a"));
  EXPECT_EQ(dropped.head.headers.Get("x-b"), "2");
}

TEST(CheckRequest, ShapesTheHost) {
  HttpOptions options;
  options.path.strip_port = 8080;
  options.path.strip_trailing_dot = true;
  const auto shaped = [&](std::string_view host) {
    Subject subject("/", host);
    EXPECT_FALSE(subject.Check(options));
    return std::string(subject.head.authority());
  };
  EXPECT_EQ(shaped("a.com:8080"), "a.com");
  EXPECT_EQ(shaped("a.com:80"), "a.com:80");
  EXPECT_EQ(shaped("a.com.:8080"), "a.com");
  EXPECT_EQ(shaped("[::1]:8080"), "[::1]");
  EXPECT_EQ(shaped("[::1]"), "[::1]");
  options.path.strip_any_port = true;
  EXPECT_EQ(shaped("a.com:80"), "a.com");
}

}  // namespace
}  // namespace outrigger::downstream
