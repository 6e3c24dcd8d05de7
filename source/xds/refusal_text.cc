#include "source/xds/refusal_text.h"

#include "source/base/text.h"

namespace outrigger::xds {
namespace {

constexpr size_t kMaxReasonBytes = 1024;  // so that one long reason does not hide the others
constexpr size_t kRoomForRest = 64;       // for "; and N more"

// Cut where a character of UTF-8 begins: error_detail is a protobuf string.
std::string_view Shorten(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
  return text.substr(0, limit);
}

}  // namespace

std::string RefusalText(const std::vector<RefusedResource>& refused, size_t resource_count,
                        std::string_view overflow) {
  std::string out(Shorten(overflow, kMaxReasonBytes));
  if (refused.empty()) return out;
  if (!out.empty()) out += "; ";
  base::StrAppend(&out, refused.size(), " of ", resource_count, " resources refused: ");
  for (size_t i = 0; i < refused.size(); ++i) {
    const std::string one =
        base::StrCat(i == 0 ? "" : "; ", "\"", Shorten(refused[i].name, kMaxReasonBytes),
                     "\": ", Shorten(refused[i].reason, kMaxReasonBytes));
    if (out.size() + one.size() + kRoomForRest > kMaxRefusalBytes) {
      base::StrAppend(&out, "; and ", refused.size() - i, " more");
      break;
    }
    out += one;
  }
  return out;
}

}  // namespace outrigger::xds
