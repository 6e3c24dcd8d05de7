#include "source/config/loading/text_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace outrigger::loading {

absl::StatusOr<std::string> ReadTextFile(const std::string& path, size_t limit_bytes) {
  const auto failed = [&](const char* what, int error) {
    return absl::ErrnoToStatus(error, absl::StrCat(path, ": cannot be ", what));
  };
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed("opened", errno);
  std::string content;
  char chunk[64 * 1024];
  for (;;) {
    const ssize_t got = read(fd, chunk, sizeof(chunk));
    if (got < 0 && errno == EINTR) continue;
    const int error = errno;
    if (got <= 0) close(fd);
    if (got < 0) return failed("read", error);
    if (got == 0) return content;
    content.append(chunk, static_cast<size_t>(got));
    if (content.size() > limit_bytes) {
      close(fd);
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": larger than ", limit_bytes, " bytes; split the file"));
    }
  }
}

}  // namespace outrigger::loading
