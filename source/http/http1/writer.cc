#include "source/http/http1/writer.h"

#include <cstring>

#include "absl/strings/ascii.h"
#include "source/base/check.h"
#include "source/http/http1/head_parser.h"
#include "source/http/http1/scan.h"

namespace outrigger::http::http1 {
namespace {

constexpr uint64_t kNeverWritten =
    FieldBit(HeaderId::kConnection) | FieldBit(HeaderId::kKeepAlive) |
    FieldBit(HeaderId::kProxyConnection) | FieldBit(HeaderId::kTransferEncoding) |
    FieldBit(HeaderId::kUpgrade);
constexpr size_t kLineExtra = 4;  // ": " and CRLF

char* Put(char* to, std::string_view text) {
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

bool IsPair(const char* at, char first, char second) { return at[0] == first && at[1] == second; }

// "name: value" in one place in memory, as a parser found it and left it.
bool IsWhole(const Header& header) {
  return header.name_data + header.name_size + 2 == header.value_data &&
         IsPair(header.name_data + header.name_size, ':', ' ');
}

// Whether `next` lies right behind `header`, with CRLF between them.
bool IsFollowedBy(const Header& header, const Header& next) {
  const char* end = header.value_data + header.value_size;
  return end + 2 == next.name_data && IsPair(end, '\r', '\n');
}

char* PutClean(char* to, std::string_view value) {
  char* const begin = to;
  to = Put(to, value);
  for (char* at = begin;;) {
    at = const_cast<char*>(FindValueEnd(at, to));
    if (at == to) return to;
    *at++ = ' ';
  }
}

char* PutProperCase(char* to, std::string_view name) {
  bool is_first = true;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    *to++ = is_first ? absl::ascii_toupper(byte) : c;
    is_first = c == '-';
  }
  return to;
}

char* PutOne(char* to, const Header& header, bool use_proper_case) {
  to = use_proper_case ? PutProperCase(to, header.name()) : Put(to, header.name());
  to = Put(to, ": ");
  to = PutClean(to, header.value());
  return Put(to, "\r\n");
}

char* PutFields(char* to, const HeaderMap& headers, uint64_t skipped, bool use_proper_case) {
  const absl::Span<const Header> all = headers.entries();
  const auto is_skipped = [skipped](const Header& header) {
    return header.id != HeaderId::kOther && (FieldBit(header.id) & skipped) != 0;
  };
  size_t i = 0;
  while (i < all.size()) {
    const Header& first = all[i++];
    if (is_skipped(first)) continue;
    if (use_proper_case || !IsWhole(first)) {
      to = PutOne(to, first, use_proper_case);
      continue;
    }
    const Header* last = &first;
    while (i < all.size() && IsFollowedBy(*last, all[i]) && IsWhole(all[i]) &&
           !is_skipped(all[i])) {
      last = &all[i++];
    }
    const char* const end = last->value_data + last->value_size;
    to = Put(to, {first.name_data, static_cast<size_t>(end - first.name_data)});
    to = Put(to, "\r\n");
  }
  return to;
}

// The lines that a codec adds, and the empty one.
char* PutAdded(char* to, const HeadLines& lines) {
  to = Put(to, lines.framing);
  to = Put(to, lines.connection);
  if (!lines.upgrade.empty()) {
    to = Put(to, line::kUpgrade[lines.use_proper_case]);
    to = PutClean(to, lines.upgrade);
    to = Put(to, "\r\n");
  }
  return Put(to, "\r\n");
}

size_t AddedBytes(const HeadLines& lines) {
  const size_t upgrade =
      lines.upgrade.empty() ? 0 : line::kUpgrade[0].size() + lines.upgrade.size() + 2;
  return lines.framing.size() + lines.connection.size() + upgrade + 2;
}

size_t FieldBytes(const HeaderMap& headers) {
  return headers.byte_size() + headers.size() * kLineExtra;
}

uint64_t SkippedBy(const HeadLines& lines) {
  return kNeverWritten | (lines.skip_length ? FieldBit(HeaderId::kContentLength) : 0);
}

char* PutStatusLine(char* to, const ResponseHead& head) {
  if (head.status == 200 && (head.reason.empty() || head.reason == "OK")) {
    return Put(to, "HTTP/1.1 200 OK\r\n");
  }
  to = Put(to, "HTTP/1.1 ");
  *to++ = static_cast<char>('0' + head.status / 100 % 10);
  *to++ = static_cast<char>('0' + head.status / 10 % 10);
  *to++ = static_cast<char>('0' + head.status % 10);
  *to++ = ' ';
  to = PutClean(to, head.reason.empty() ? ReasonPhrase(head.status) : head.reason);
  return Put(to, "\r\n");
}

}  // namespace

void WriteResponseHead(const ResponseHead& head, const HeadLines& lines, base::Buffer& out) {
  constexpr size_t kLineBytes = 64;  // the status line but for a reason of the upstream's
  const size_t most =
      kLineBytes + head.reason.size() + FieldBytes(head.headers) + AddedBytes(lines);
  char* const begin = out.Reserve(most);
  char* to = PutStatusLine(begin, head);
  to = PutFields(to, head.headers, SkippedBy(lines), lines.use_proper_case);
  to = PutAdded(to, lines);
  DCHECK(static_cast<size_t>(to - begin) <= most);
  out.Commit(static_cast<size_t>(to - begin));
}

void WriteRequestHead(const RequestHead& head, const HeadLines& lines, base::Buffer& out) {
  constexpr std::string_view kVersion = " HTTP/1.1\r\n";
  // RFC 9112 3.2.3: the authority form is all that CONNECT has.
  const std::string_view target = head.method == Method::kConnect ? head.authority() : head.target;
  const size_t most = head.method_text.size() + 1 + target.size() + kVersion.size() +
                      FieldBytes(head.headers) + AddedBytes(lines);
  char* const begin = out.Reserve(most);
  char* to = Put(begin, head.method_text);
  *to++ = ' ';
  char* const target_begin = to;
  to = Put(to, target);
  // A rewrite may have put in what a client could not have sent.
  for (char* at = target_begin; (at = const_cast<char*>(FindTargetEnd(at, to))) != to;) *at = '_';
  to = Put(to, kVersion);
  to = PutFields(to, head.headers, SkippedBy(lines), lines.use_proper_case);
  to = PutAdded(to, lines);
  DCHECK(static_cast<size_t>(to - begin) <= most);
  out.Commit(static_cast<size_t>(to - begin));
}

void WriteChunk(base::Buffer& piece, base::Buffer& out) {
  if (piece.empty()) return;
  constexpr size_t kMost = 18;  // 16 digits and CRLF
  char* to = out.Reserve(kMost);
  const size_t size = piece.size();
  int shift = (63 - __builtin_clzll(size)) / 4 * 4;
  size_t used = 0;
  for (; shift >= 0; shift -= 4) to[used++] = "0123456789abcdef"[size >> shift & 15];
  to[used++] = '\r';
  to[used++] = '\n';
  out.Commit(used);
  out.Append(std::move(piece));
  out.Append(base::Slice::Borrow("\r\n"));
}

void WriteLastChunk(base::Buffer& out) { out.Append(base::Slice::Borrow("0\r\n\r\n")); }

void WriteTrailerSection(const HeaderMap& trailers, bool use_proper_case, base::Buffer& out) {
  constexpr std::string_view kLastChunk = "0\r\n";
  char* const begin = out.Reserve(kLastChunk.size() + FieldBytes(trailers) + 2);
  char* to = Put(begin, kLastChunk);
  to = PutFields(to, trailers, kNeverWritten | FieldBit(HeaderId::kContentLength), use_proper_case);
  to = Put(to, "\r\n");
  out.Commit(static_cast<size_t>(to - begin));
}

}  // namespace outrigger::http::http1
