#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/check.h"

namespace outrigger::testing {

// The head of a request, or its trailers, as an HTTP/2 server got it.
struct Http2Head {
  uint32_t stream = 0;
  bool last = false;
  std::vector<std::pair<std::string, std::string>> fields;

  // Empty: there is none.
  std::string Get(std::string_view name) const {
    for (const auto& [its_name, value] : fields) {
      if (its_name == name) return value;
    }
    return "";
  }
};

// Every head in the bytes that a client sent, its preface included. Of a frame that is not complete
// yet nothing.
inline std::vector<Http2Head> HeadsIn(std::string_view sent) {
  constexpr size_t kPreface = 24, kFrameHead = 9;
  constexpr char kHeaders = 1, kEndStream = 1;
  std::vector<Http2Head> heads;
  nghttp2_hd_inflater* inflater = nullptr;
  CHECK(nghttp2_hd_inflate_new(&inflater) == 0);
  const auto number = [&](size_t at, size_t size) {
    uint32_t value = 0;
    for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<uint8_t>(sent[at + i]);
    return value;
  };
  for (size_t at = kPreface; at + kFrameHead <= sent.size();) {
    const size_t size = number(at, 3);
    if (at + kFrameHead + size > sent.size()) break;
    if (sent[at + 3] == kHeaders) {
      Http2Head& head = heads.emplace_back();
      head.stream = number(at + 5, 4);
      head.last = (sent[at + 4] & kEndStream) != 0;
      auto* in = reinterpret_cast<const uint8_t*>(sent.data() + at + kFrameHead);
      const uint8_t* const end = in + size;
      for (;;) {
        nghttp2_nv field;
        int flags = 0;
        const ssize_t taken = nghttp2_hd_inflate_hd2(inflater, &field, &flags, in,
                                                     static_cast<size_t>(end - in), /*final=*/1);
        CHECK(taken >= 0);
        in += taken;
        if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
          head.fields.emplace_back(
              std::string(reinterpret_cast<const char*>(field.name), field.namelen),
              std::string(reinterpret_cast<const char*>(field.value), field.valuelen));
        }
        if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
      }
      nghttp2_hd_inflate_end_headers(inflater);
    }
    at += kFrameHead + size;
  }
  nghttp2_hd_inflate_del(inflater);
  return heads;
}

}  // namespace outrigger::testing
