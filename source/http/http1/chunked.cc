#include "source/http/http1/chunked.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "source/http/http1/fields.h"
#include "source/http/http1/head_parser.h"
#include "source/http/http1/scan.h"

namespace outrigger::http::http1 {
namespace {

constexpr size_t kMaxSizeDigits = 16;
constexpr uint64_t kMaxChunkBytes = (uint64_t{1} << 63) - 1;

// The value of a hex digit; -1 for all else.
constexpr std::array<int8_t, 256> kHexValues = [] {
  std::array<int8_t, 256> values{};
  for (int8_t& value : values) value = -1;
  for (int i = 0; i < 10; ++i) values['0' + i] = static_cast<int8_t>(i);
  for (int i = 0; i < 6; ++i) {
    values['a' + i] = static_cast<int8_t>(10 + i);
    values['A' + i] = static_cast<int8_t>(10 + i);
  }
  return values;
}();

struct SizeLine {
  bool is_complete = false;
  const Refusal* refusal = nullptr;
  uint64_t size = 0;
  size_t line_bytes = 0;
  size_t extension_bytes = 0;
};

SizeLine Refused(const Refusal& refusal) { return {.refusal = &refusal}; }

// chunk-size [ chunk-ext ] CRLF (RFC 9112 7.1). No blanks around the size: parsers disagree on
// them. What an extension says is not looked at beyond its characters.
SizeLine ParseSizeLine(std::string_view bytes, size_t max_extension_bytes) {
  SizeLine line;
  size_t at = 0;
  for (; at < bytes.size(); ++at) {
    const int8_t digit = kHexValues[static_cast<uint8_t>(bytes[at])];
    if (digit < 0) break;
    if (at == kMaxSizeDigits) return Refused(kBadChunkSize);
    line.size = line.size << 4 | static_cast<uint8_t>(digit);
  }
  if (line.size > kMaxChunkBytes) return Refused(kBadChunkSize);
  if (at == bytes.size()) return {};
  if (at == 0) return Refused(bytes[0] == '\n' ? kBareLf : kBadChunkSize);
  if (bytes[at] == ';') {
    const char* const begin = bytes.data() + at;
    // One byte above the limit shows that it is passed; what comes after is not looked at.
    const size_t looked_at = std::min(bytes.size() - at, max_extension_bytes + 1);
    line.extension_bytes = static_cast<size_t>(FindValueEnd(begin, begin + looked_at) - begin);
    if (line.extension_bytes > max_extension_bytes) return Refused(kChunkExtensionTooLong);
    at += line.extension_bytes;
    if (at == bytes.size()) return {};
  }
  if (bytes[at] == '\n') return Refused(kBareLf);
  if (bytes[at] != '\r') {
    return Refused(line.extension_bytes != 0 ? kBadChunkExtension : kBadChunkSize);
  }
  if (at + 1 == bytes.size()) return {};
  if (bytes[at + 1] != '\n') return Refused(kBareCr);
  line.is_complete = true;
  line.line_bytes = at + 2;
  return line;
}

}  // namespace

ChunkedDecoder::Progress ChunkedDecoder::Refuse(const Refusal& refusal) {
  refusal_ = &refusal;
  return Progress::kRefused;
}

std::optional<ChunkedDecoder::Progress> ChunkedDecoder::ReadSizeLine(base::Buffer& in,
                                                                     const Options& options) {
  const size_t allowed = options.max_chunk_extension_bytes - extension_bytes_;
  SizeLine line = ParseSizeLine(in.Front(), allowed);
  if (!line.is_complete && line.refusal == nullptr && in.slice_count() > 1) {
    const size_t longest = kMaxSizeDigits + allowed + 3;
    line = ParseSizeLine(in.Linearize(std::min(in.size(), longest)), allowed);
  }
  if (line.refusal != nullptr) return Refuse(*line.refusal);
  if (!line.is_complete) return Progress::kNeedMore;
  extension_bytes_ += static_cast<uint32_t>(line.extension_bytes);
  in.RemovePrefix(line.line_bytes);
  left_ = line.size;
  state_ = left_ == 0 ? State::kTrailers : State::kData;
  return std::nullopt;
}

std::optional<ChunkedDecoder::Progress> ChunkedDecoder::ReadDataEnd(base::Buffer& in) {
  const std::string_view end = in.Linearize(std::min<size_t>(in.size(), 2));
  if (end[0] != '\r') return Refuse(end[0] == '\n' ? kBareLf : kBadChunkEnd);
  if (end.size() < 2) return Progress::kNeedMore;
  if (end[1] != '\n') return Refuse(kBareCr);
  in.RemovePrefix(2);
  state_ = State::kSize;
  return std::nullopt;
}

ChunkedDecoder::Progress ChunkedDecoder::Decode(base::Buffer& in, base::Buffer& out,
                                                const Options& options) {
  for (;;) {
    if (state_ == State::kTrailers) return Progress::kTrailers;
    if (in.empty()) return Progress::kNeedMore;
    std::optional<Progress> result;
    switch (state_) {
      case State::kSize:
        result = ReadSizeLine(in, options);
        break;
      case State::kData: {
        const size_t size = static_cast<size_t>(std::min<uint64_t>(left_, in.size()));
        out.AppendPrefixOf(in, size);
        left_ -= size;
        if (left_ == 0) state_ = State::kDataEnd;
        break;
      }
      case State::kDataEnd:
        result = ReadDataEnd(in);
        break;
      case State::kTrailers:
        break;
    }
    if (result) return *result;
  }
}

ChunkedDecoder::Progress ChunkedDecoder::ReadTrailers(base::Buffer& in, const Options& options,
                                                      HeaderMap* trailers) {
  // Nearly always the section is just its empty line.
  if (trailer_end_.scanned() == 0 && in.Front().starts_with("\r\n")) {
    in.RemovePrefix(2);
    return Progress::kEnd;
  }
  const auto size = trailer_end_.Find(in);
  if (!size && in.size() < options.max_head_bytes) return Progress::kNeedMore;
  ParsedHead parsed;
  const std::string_view bytes = in.Linearize(size.value_or(options.max_head_bytes));
  const ParseResult result = ParseTrailers(bytes, options, parsed);
  if (result.state == ParseResult::State::kRefused) return Refuse(*result.refusal);
  // A section that SectionEnd saw the end of is complete or broken.
  if (trailers != nullptr) AddTrailerFields(parsed, bytes.substr(0, result.size), *trailers);
  in.RemovePrefix(result.size);
  return Progress::kEnd;
}

}  // namespace outrigger::http::http1
