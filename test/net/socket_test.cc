#include "source/net/socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

namespace outrigger::net {
namespace {

using ::testing::HasSubstr;

Address Loopback(uint16_t port = 0) { return *Address::Ip("127.0.0.1", port); }

int Option(const Socket& socket, int level, int option) {
  int value = -1;
  socklen_t size = sizeof(value);
  getsockopt(socket.fd(), level, option, &value, &size);
  return value;
}

// A directory whose name is short, as the paths of Unix sockets must be: Bazel's are not.
class ShortDirectory {
 public:
  ShortDirectory() { EXPECT_NE(mkdtemp(name_), nullptr); }
  ~ShortDirectory() {
    unlink(Path().c_str());
    rmdir(name_);
  }
  std::string Path() const { return std::string(name_) + "/path"; }

 private:
  char name_[32] = "/tmp/outrigger-XXXXXX";
};

TEST(Listen, LetsWorkersShareAPort) {
  const auto first = Listen(Loopback(), {});
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(Listen(LocalAddress(first->fd()), {}).ok());
}

TEST(Listen, NamesTheAddressThatIsTaken) {
  const auto first = Listen(Loopback(), {.reuse_port = false});
  ASSERT_TRUE(first.ok()) << first.status();
  const Address taken = LocalAddress(first->fd());
  const auto second = Listen(taken, {.reuse_port = false});
  EXPECT_EQ(std::string(second.status().message()),
            "bind to " + taken.ToString() + ": Address already in use");
}

TEST(Listen, TakesAPathThatADeadProcessLeftButNotALiveOne) {
  const ShortDirectory directory;
  const std::string path = directory.Path();
  const Address address = *Address::Unix(path);
  {
    const auto dead = Listen(address, {});
    ASSERT_TRUE(dead.ok()) << dead.status();
  }
  const auto live = Listen(address, {.unix_mode = 0600});
  ASSERT_TRUE(live.ok()) << live.status();
  struct stat status;
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_THAT(std::string(Listen(address, {}).status().message()), HasSubstr("already in use"));
}

TEST(Listen, DoesNotRemoveAFileThatIsNoSocket) {
  const ShortDirectory directory;
  const std::string path = directory.Path();
  FILE* file = fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  fclose(file);
  EXPECT_FALSE(Listen(*Address::Unix(path), {}).ok());
  EXPECT_EQ(access(path.c_str(), F_OK), 0);
}

TEST(StartConnect, SetsNoDelayAndKeepalive) {
  const auto listener = Listen(Loopback(), {});
  const auto socket = StartConnect(
      LocalAddress(listener->fd()), nullptr,
      KeepaliveOptions{
          .probes = 3, .idle = std::chrono::seconds(50), .interval = std::chrono::seconds(7)});
  ASSERT_TRUE(socket.ok()) << socket.status();
  EXPECT_EQ(Option(*socket, IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(Option(*socket, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(Option(*socket, IPPROTO_TCP, TCP_KEEPCNT), 3);
  EXPECT_EQ(Option(*socket, IPPROTO_TCP, TCP_KEEPIDLE), 50);
  EXPECT_EQ(Option(*socket, IPPROTO_TCP, TCP_KEEPINTVL), 7);
}

TEST(StartConnect, BindsTheSourceFirst) {
  const auto listener = Listen(Loopback(), {});
  const Address source = *Address::Ip("127.0.0.9", 0);
  const auto socket = StartConnect(LocalAddress(listener->fd()), &source, {});
  ASSERT_TRUE(socket.ok()) << socket.status();
  EXPECT_EQ(LocalAddress(socket->fd()).ip(), "127.0.0.9");
}

TEST(StartConnect, NamesASourceThatIsNotOurs) {
  const Address source = *Address::Ip("192.0.2.1", 0);
  EXPECT_THAT(std::string(StartConnect(Loopback(1), &source, {}).status().message()),
              HasSubstr("bind to source 192.0.2.1:0"));
}

TEST(Socket, ClosesWhatItOwns) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  Socket reading(fds[0]);
  {
    Socket first(fds[1]);
    Socket second(std::move(first));
    EXPECT_FALSE(first);
    EXPECT_EQ(second.fd(), fds[1]);
  }
  char byte;
  EXPECT_EQ(read(reading.fd(), &byte, 1), 0);
}

}  // namespace
}  // namespace outrigger::net
