#include "source/tcp/inspection.h"

#include <string>

#include "gtest/gtest.h"
#include "test/net/loopback.h"

namespace outrigger::tcp {
namespace {

// Wants bytes up to a '.'; takes them when told so; refuses '!'.
class UpToDot final : public ListenerFilter {
 public:
  explicit UpToDot(bool takes) : takes_(takes) {}
  Inspection OnAccept(net::Accepted&) override { return Inspection::kNeedsData; }
  Inspection OnData(net::Accepted& connection, size_t fresh_at) override {
    VisitFrom(connection.read, fresh_at, [&](std::string_view bytes) { seen_ += bytes; });
    if (seen_.find('!') != seen_.npos) return Inspection::kClose;
    const size_t dot = seen_.find('.');
    if (dot == seen_.npos) return Inspection::kNeedsData;
    connection.Found().application_protocols.push_back(seen_.substr(0, dot));
    if (takes_) connection.read.RemovePrefix(dot + 1);
    return Inspection::kDone;
  }

 private:
  const bool takes_;
  std::string seen_;
};

ListenerFilterEntry Entry(bool takes) {
  return {.make = [takes] { return std::make_unique<UpToDot>(takes); }, .is_disabled = {}};
}

std::vector<ListenerFilterEntry> Entries(const std::vector<bool>& takes) {
  std::vector<ListenerFilterEntry> entries;
  for (const bool each : takes) entries.push_back(Entry(each));
  return entries;
}

class Inspecting : public testing::Test, private InspectionOwner {
 protected:
  Inspecting() : Inspecting(net::TcpPair()) {}

  // Whether all was done at once.
  bool Start(std::vector<ListenerFilterEntry> entries, int timeout_ms = 0) {
    inspected_ = std::make_unique<InspectedConnection>(
        turns_.loop, net::Accepted(std::move(ours_)),
        std::make_shared<const std::vector<ListenerFilterEntry>>(std::move(entries)), false,
        static_cast<InspectionOwner&>(*this));
    end_ = inspected_->Start(base::Milliseconds(timeout_ms));
    return end_.has_value();
  }
  [[nodiscard]] bool Ends() {
    return turns_.RunUntil([&] { return end_.has_value(); });
  }
  std::vector<std::string> Found() {
    return inspected_->connection().Found().application_protocols;
  }
  std::string Left() { return inspected_->connection().read.ToString(); }

  net::TestLoop turns_;
  std::unique_ptr<InspectedConnection> inspected_;
  std::optional<InspectionEnd> end_;
  net::Socket ours_;
  net::RawPeer peer_;

 private:
  explicit Inspecting(std::pair<net::Socket, net::Socket> sockets)
      : ours_(std::move(sockets.first)), peer_(std::move(sockets.second)) {}
  void OnInspected(InspectedConnection&, InspectionEnd end) override { end_ = end; }
};

TEST_F(Inspecting, HandsOnWhatItReadAndNobodyTook) {
  ASSERT_FALSE(Start(Entries({true, false})));
  peer_.Send("one.two.three");
  ASSERT_TRUE(Ends());
  EXPECT_EQ(end_, InspectionEnd::kDone);
  EXPECT_EQ(Found(), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(Left(), "two.three");
}

TEST_F(Inspecting, ShowsEachByteOnce) {
  ASSERT_FALSE(Start(Entries({false})));
  for (const char* piece : {"a", "b", "c"}) {
    peer_.Send(piece);
    turns_.loop.RunOnce(base::Milliseconds(100));
  }
  peer_.Send(".");
  ASSERT_TRUE(Ends());
  EXPECT_EQ(Found(), std::vector<std::string>{"abc"});
  EXPECT_EQ(Left(), "abc.");
}

TEST_F(Inspecting, LeavesOutWhatThePortDisables) {
  std::vector<ListenerFilterEntry> entries = Entries({true});
  entries[0].is_disabled = [](uint16_t port) { return port != 0; };
  EXPECT_TRUE(Start(std::move(entries)));
  EXPECT_EQ(end_, InspectionEnd::kDone);
}

TEST_F(Inspecting, EndsAtTheTimeout) {
  ASSERT_FALSE(Start(Entries({true}), 50));
  turns_.clock.Advance(base::Milliseconds(49));
  turns_.Settle();
  EXPECT_FALSE(end_.has_value());
  turns_.clock.Advance(base::Milliseconds(1));
  ASSERT_TRUE(Ends());
  EXPECT_EQ(end_, InspectionEnd::kTimeout);
}

TEST_F(Inspecting, EndsWhenTheClientLeaves) {
  ASSERT_FALSE(Start(Entries({true})));
  peer_.Send("half");
  peer_.Close();
  ASSERT_TRUE(Ends());
  EXPECT_EQ(end_, InspectionEnd::kLeft);
}

TEST_F(Inspecting, EndsWhenAFilterRefuses) {
  ASSERT_FALSE(Start(Entries({true})));
  peer_.Send("no!");
  ASSERT_TRUE(Ends());
  EXPECT_EQ(end_, InspectionEnd::kRefused);
}

TEST_F(Inspecting, RefusesWhatAFilterWouldWaitForWithoutEnd) {
  ASSERT_FALSE(Start(Entries({true})));
  const std::string chunk(64 * 1024, 'x');
  ASSERT_TRUE(turns_.RunUntil([&] {
    peer_.Send(chunk);
    return end_.has_value();
  }));
  EXPECT_EQ(end_, InspectionEnd::kRefused);
  EXPECT_LE(Left().size(), InspectedConnection::kMostHeldBytes + base::Block::kReadBytes);
}

}  // namespace
}  // namespace outrigger::tcp
