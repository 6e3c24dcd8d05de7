#include "source/downstream/http_worker.h"

namespace outrigger::downstream {

std::string_view HttpDate::Text() {
  if (loop_.Now() >= valid_until_) {
    const absl::Time now = loop_.clock().WallNow();
    const std::time_t seconds = absl::ToTimeT(now);
    std::tm parts;
    gmtime_r(&seconds, &parts);
    size_ = std::strftime(text_, sizeof text_, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    const absl::Duration rest = absl::FromTimeT(seconds + 1) - now;
    valid_until_ = loop_.Now() + absl::ToChronoNanoseconds(rest);
  }
  return {text_, size_};
}

}  // namespace outrigger::downstream
