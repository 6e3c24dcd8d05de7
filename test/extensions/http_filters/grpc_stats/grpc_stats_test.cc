#include "source/extensions/http_filters/grpc_stats/grpc_stats.h"

#include "source/http/grpc/message_reader.h"
#include "test/harness/filter_harness.h"
#include "test/harness/filter_surroundings.h"

namespace outrigger::grpc_stats {
namespace {

using testing::FilterHarness;
using testing::FilterSurroundings;
using testing::HeaderList;

std::string Framed(std::string_view message) {
  base::Buffer out;
  http::grpc::AppendMessage(message, out);
  return out.ToString();
}

const HeaderList kGrpc = {{"content-type", "application/grpc"}};

// A chain with a grpc_stats filter, to the cluster `backend`.
class CountingChain {
 public:
  explicit CountingChain(std::string_view yaml) : chain_(surroundings_.Make<Config>(Create, yaml)) {
    chain_.set_cluster("backend");
  }
  FilterHarness* operator->() { return &chain_; }
  void Call(std::string_view path, std::string_view status) {
    chain_.Answer(200, Framed("answer"), kGrpc, {{"grpc-status", std::string(status)}});
    chain_.Begin(base::StrCat("POST ", path), kGrpc);
    chain_.Body(Framed("question"), true);
    chain_.Cut();
  }
  uint64_t Counter(std::string_view name) {
    return surroundings_.Counter(base::StrCat("cluster.backend.grpc.", name));
  }

 private:
  FilterSurroundings surroundings_;
  FilterHarness chain_;
};

TEST(GrpcStats, CountsCallsByMethodAndStatus) {
  CountingChain chain("stats_for_all_methods: true");
  chain.Call("/pkg.Greeter/Say", "0");
  chain.Call("/pkg.Greeter/Say", "5");
  chain.Call("/pkg.Greeter/Say", "nonsense");
  EXPECT_EQ(chain.Counter("pkg.Greeter.Say.success"), 1u);
  EXPECT_EQ(chain.Counter("pkg.Greeter.Say.failure"), 2u);
  EXPECT_EQ(chain.Counter("pkg.Greeter.Say.total"), 3u);
  EXPECT_EQ(chain.Counter("pkg.Greeter.Say.0"), 1u);
  EXPECT_EQ(chain.Counter("pkg.Greeter.Say.5"), 1u);
  EXPECT_EQ(chain.Counter("pkg.Greeter.Say.request_message_count"), 3u);
  EXPECT_EQ(chain.Counter("pkg.Greeter.Say.response_message_count"), 3u);
}

TEST(GrpcStats, CountsMessagesAsTheyPass) {
  CountingChain chain("stats_for_all_methods: true");
  chain->AnswerLater();
  chain->Begin("POST /S/Chat", kGrpc);
  const std::string two = Framed("one") + Framed("two");
  for (const char c : two) chain->Body(std::string_view(&c, 1), false);
  EXPECT_EQ(chain.Counter("S.Chat.request_message_count"), 2u);
  chain->endpoint().Head(200, kGrpc);
  chain->endpoint().Body(Framed("three"));
  EXPECT_EQ(chain.Counter("S.Chat.response_message_count"), 1u);
  EXPECT_EQ(chain.Counter("S.Chat.total"), 0u);
}

TEST(GrpcStats, CountsAnAnswerThatIsOnlyAHead) {
  CountingChain chain("stats_for_all_methods: true");
  chain->Answer(200, "", {{"content-type", "application/grpc"}, {"grpc-status", "14"}});
  chain->Request("POST /S/M", kGrpc);
  EXPECT_EQ(chain.Counter("S.M.failure"), 1u);
  EXPECT_EQ(chain.Counter("S.M.14"), 1u);
}

TEST(GrpcStats, CountsTogetherWhatIsNotInTheList) {
  CountingChain chain(
      "individual_method_stats_allowlist: {services: [{name: pkg.S, method_names: [A]}]}\n"
      "replace_dots_in_grpc_service_name: true");
  chain.Call("/pkg.S/A", "0");
  chain.Call("/pkg.S/B", "0");
  chain.Call("/pkg.T/A", "0");
  EXPECT_EQ(chain.Counter("pkg_S.A.total"), 1u);
  EXPECT_EQ(chain.Counter("pkg_S.B.total"), 12345u);
  EXPECT_EQ(chain.Counter("total"), 2u);
  EXPECT_EQ(chain.Counter("request_message_count"), 2u);
}

TEST(GrpcStats, CountsNothingByNameUnlessTold) {
  CountingChain chain("{}");
  chain.Call("/S/M", "0");
  EXPECT_EQ(chain.Counter("total"), 1u);
  EXPECT_EQ(chain.Counter("S.M.total"), 12345u);
}

TEST(GrpcStats, LeavesAloneWhatIsNotGrpc) {
  CountingChain chain("stats_for_all_methods: true");
  chain->Request("POST /S/M");
  chain->Request("POST /no-method", kGrpc);
  chain->Request("POST /S/M", {{"content-type", "application/grpc-web"}});
  EXPECT_EQ(chain.Counter("S.M.total"), 12345u);
  EXPECT_EQ(chain.Counter("total"), 12345u);
}

TEST(GrpcStats, RefusesListsWithHoles) {
  FilterSurroundings surroundings;
  EXPECT_EQ(surroundings.Refusal<Config>(
                Create, "individual_method_stats_allowlist: {services: [{method_names: []}]}"),
            "individual_method_stats_allowlist.services[0].name: must be given\n"
            "individual_method_stats_allowlist.services[0].method_names: must hold at least one");
}

}  // namespace
}  // namespace outrigger::grpc_stats
