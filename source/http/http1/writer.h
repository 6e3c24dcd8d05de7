#pragma once

#include <cstdint>
#include <string_view>

#include "source/base/buffer.h"
#include "source/http/head.h"

namespace outrigger::http::http1 {

// What a codec adds to the fields of a head: whole lines, literals.
struct HeadLines {
  std::string_view framing;     // "content-length: 0\r\n", "transfer-encoding: chunked\r\n", empty
  std::string_view connection;  // "connection: close\r\n" and the like, empty
  std::string_view upgrade;     // the value of an upgrade line; empty: no such line
  bool skip_length = false;     // the head's own content-length does not hold
  bool use_proper_case = false;
};

// The lines there are; [1] is their proper case.
namespace line {
inline constexpr std::string_view kChunked[] = {"transfer-encoding: chunked\r\n",
                                                "Transfer-Encoding: chunked\r\n"};
inline constexpr std::string_view kZeroLength[] = {"content-length: 0\r\n",
                                                   "Content-Length: 0\r\n"};
inline constexpr std::string_view kClose[] = {"connection: close\r\n", "Connection: close\r\n"};
inline constexpr std::string_view kKeepAlive[] = {"connection: keep-alive\r\n",
                                                  "Connection: keep-alive\r\n"};
inline constexpr std::string_view kConnectionTe[] = {"connection: te\r\n", "Connection: TE\r\n"};
inline constexpr std::string_view kConnectionUpgrade[] = {"connection: upgrade\r\n",
                                                          "Connection: Upgrade\r\n"};
inline constexpr std::string_view kUpgrade[] = {"upgrade: ", "Upgrade: "};
}  // namespace line

// Serialise heads straight into `out`. Fields that still lie in the arena as they were received
// leave as one copy, however many they are; what was added or changed on the way is checked for
// control characters, which become spaces: no value can start a line of its own.
// Hop-by-hop fields in the map are skipped.
void WriteResponseHead(const ResponseHead& head, const HeadLines& lines, base::Buffer& out);
void WriteRequestHead(const RequestHead& head, const HeadLines& lines, base::Buffer& out);

// One chunk of all of `piece`; nothing if it is empty, which would end the body.
void WriteChunk(base::Buffer& piece, base::Buffer& out);
void WriteLastChunk(base::Buffer& out);
// The last chunk and the trailer section.
void WriteTrailerSection(const HeaderMap& trailers, bool use_proper_case, base::Buffer& out);

}  // namespace outrigger::http::http1
