#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/check.h"
#include "source/http/http2/frame_head.h"
#include "source/http/http2/preface.h"

// Frames made by hand, and frames read back into text.

namespace outrigger::http::http2 {

using FieldTexts = std::vector<std::pair<std::string, std::string>>;

// The nine bytes before a payload of that length.
inline std::string HeadOfFrame(size_t length, uint8_t type, uint8_t flags, uint32_t stream) {
  const auto byte = [](size_t value) { return static_cast<char>(value & 0xff); };
  return {byte(length >> 16), byte(length >> 8),  byte(length),      byte(type),  byte(flags),
          byte(stream >> 24), byte(stream >> 16), byte(stream >> 8), byte(stream)};
}
inline std::string Frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  return HeadOfFrame(payload.size(), type, flags, stream).append(payload);
}

inline std::string Word(uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
  return out;
}

// An HPACK literal without indexing (RFC 7541 6.2.2).
inline std::string Field(std::string_view name, std::string_view value) {
  std::string out(1, '\0');
  for (const std::string_view text : {name, value}) {
    size_t size = text.size();
    if (size < 127) {
      out += static_cast<char>(size);
    } else {
      out += '\x7f';
      for (size -= 127; size >= 128; size >>= 7) out += static_cast<char>(size % 128 + 128);
      out += static_cast<char>(size);
    }
    out.append(text);
  }
  return out;
}
inline std::string Fields(const FieldTexts& fields) {
  std::string out;
  for (const auto& [name, value] : fields) out += Field(name, value);
  return out;
}

inline constexpr uint8_t kEndStream = 1;
inline constexpr uint8_t kEndHeaders = 4;

inline std::string Headers(uint32_t stream, const FieldTexts& fields, bool last) {
  return Frame(1, kEndHeaders | (last ? kEndStream : 0), stream, Fields(fields));
}
inline std::string Data(uint32_t stream, std::string_view bytes, bool last) {
  return Frame(0, last ? kEndStream : 0, stream, bytes);
}
inline std::string Rst(uint32_t stream, uint32_t code) { return Frame(3, 0, stream, Word(code)); }
inline std::string Settings(std::string_view payload = "") { return Frame(4, 0, 0, payload); }
inline std::string Setting(uint16_t id, uint32_t value) {
  return std::string({static_cast<char>(id >> 8), static_cast<char>(id)}) + Word(value);
}
inline std::string Ping(std::string_view payload, bool is_answer = false) {
  return Frame(6, is_answer ? 1 : 0, 0, payload);
}
inline std::string Window(uint32_t stream, uint32_t more) {
  return Frame(8, 0, stream, Word(more));
}
inline std::string GoAway(uint32_t last, uint32_t code) {
  return Frame(7, 0, 0, Word(last) + Word(code));
}
inline std::string Hello() { return std::string(kClientPreface) + Settings(); }

inline FieldTexts Get(std::string path, FieldTexts more = {}) {
  FieldTexts all = {
      {":method", "GET"}, {":scheme", "http"}, {":authority", "a.example"}, {":path", path}};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}
inline FieldTexts Post(std::string path, FieldTexts more = {}) {
  FieldTexts all = Get(std::move(path), std::move(more));
  all[0].second = "POST";
  return all;
}

// Reads what a session sent: a line a frame,
//   HEADERS 1 {:status: 200, server: x} end
//   DATA 1 "bytes" end | RST_STREAM 1 NO_ERROR | GOAWAY 3 ENHANCE_YOUR_CALM | PING ack | ...
class FrameTexts {
 public:
  FrameTexts() { CHECK(nghttp2_hd_inflate_new(&inflater_) == 0); }
  ~FrameTexts() { nghttp2_hd_inflate_del(inflater_); }
  FrameTexts(const FrameTexts&) = delete;
  FrameTexts& operator=(const FrameTexts&) = delete;

  // `names_data`: DATA shows its bytes; else only how many.
  void Add(std::string_view bytes) {
    rest_.append(bytes);
    base::Buffer buffer;
    buffer.Append(std::string_view(rest_));
    size_t at = 0;
    while (rest_.size() - at >= FrameHead::kBytes) {
      const FrameHead head = PeekFrameHead(buffer, at);
      if (rest_.size() - at < head.size()) break;
      lines.push_back(TextOf(head, std::string_view(rest_).substr(at + 9, head.length)));
      at += head.size();
    }
    rest_.erase(0, at);
  }
  std::string Text() const {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
  }
  // Of the lines that begin with `start`.
  size_t Count(std::string_view start) const {
    size_t count = 0;
    for (const std::string& line : lines) count += line.starts_with(start) ? 1 : 0;
    return count;
  }
  size_t data_bytes = 0;
  std::vector<std::string> lines;

 private:
  static uint32_t WordAt(std::string_view bytes) {
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
    return value;
  }
  std::string TextOf(const FrameHead& head, std::string_view payload) {
    const std::string id = " " + std::to_string(head.stream);
    const std::string end = (head.flags & kEndStream) != 0 ? " end" : "";
    switch (head.type) {
      case NGHTTP2_DATA:
        data_bytes += payload.size();
        return "DATA" + id + " \"" + std::string(payload.substr(0, 64)) + "\"" + end;
      case NGHTTP2_HEADERS:
        return "HEADERS" + id + " {" + Inflate(payload) + "}" + end;
      case NGHTTP2_RST_STREAM:
        return "RST_STREAM" + id + " " + nghttp2_http2_strerror(WordAt(payload));
      case NGHTTP2_SETTINGS:
        return (head.flags & 1) != 0 ? "SETTINGS ack" : "SETTINGS";
      case NGHTTP2_PING:
        return (head.flags & 1) != 0 ? "PING ack" : "PING " + std::string(payload);
      case NGHTTP2_GOAWAY:
        return "GOAWAY " + std::to_string(WordAt(payload)) + " " +
               nghttp2_http2_strerror(WordAt(payload.substr(4)));
      case NGHTTP2_WINDOW_UPDATE:
        return "WINDOW_UPDATE" + id + " " + std::to_string(WordAt(payload));
      default:
        return "frame of type " + std::to_string(head.type);
    }
  }
  std::string Inflate(std::string_view block) {
    std::string text;
    auto* at = reinterpret_cast<const uint8_t*>(block.data());
    size_t left = block.size();
    for (int flags = 0; (flags & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
      nghttp2_nv field;
      const ssize_t taken = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, at, left, 1);
      if (taken < 0) return "cannot be decoded";
      at += taken;
      left -= static_cast<size_t>(taken);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0) continue;
      if (!text.empty()) text += ", ";
      text.append(reinterpret_cast<const char*>(field.name), field.namelen).append(": ");
      text.append(reinterpret_cast<const char*>(field.value), field.valuelen);
    }
    nghttp2_hd_inflate_end_headers(inflater_);
    return text;
  }

  nghttp2_hd_inflater* inflater_ = nullptr;
  std::string rest_;
};

}  // namespace outrigger::http::http2
