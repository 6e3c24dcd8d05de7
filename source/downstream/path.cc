#include "source/downstream/path.h"

#include "absl/strings/ascii.h"

namespace outrigger::downstream {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
  if (lower >= 'a' && lower <= 'f') return lower - 'a' + 10;
  return -1;
}

// The byte that the escape at `at` stands for, or -1.
int DecodeEscape(std::string_view path, size_t at) {
  if (at + 2 >= path.size()) return -1;
  const int high = HexDigit(path[at + 1]);
  const int low = HexDigit(path[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// RFC 3986 2.3
bool IsUnreserved(int c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

// Decodes what need not be escaped; false for a broken escape or NUL.
bool DecodeUnreserved(std::string_view path, std::string& out) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '\\') {
      out.push_back('/');
    } else if (path[i] != '%') {
      out.push_back(path[i]);
    } else {
      const int byte = DecodeEscape(path, i);
      if (byte <= 0) return false;
      if (IsUnreserved(byte)) {
        out.push_back(static_cast<char>(byte));
      } else {
        out.push_back('%');
        out.push_back(kHex[byte >> 4]);
        out.push_back(kHex[byte & 15]);
      }
      i += 2;
    }
  }
  return true;
}

// RFC 3986 5.2.4 on a path that starts with '/'; false when it climbs above the root.
bool RemoveDotSegments(std::string_view path, std::string& out) {
  for (size_t at = 0; at < path.size();) {
    size_t next = path.find('/', at + 1);
    if (next == std::string_view::npos) next = path.size();
    const std::string_view segment = path.substr(at + 1, next - at - 1);
    const bool is_final = next == path.size();
    if (segment == "..") {
      const size_t parent = out.rfind('/');
      if (parent == std::string::npos) return false;
      out.resize(parent);
      if (is_final) out.push_back('/');
    } else if (segment == ".") {
      if (is_final) out.push_back('/');
    } else {
      out.append(path.substr(at, next - at));
    }
    at = next;
  }
  if (out.empty()) out.push_back('/');
  return true;
}

}  // namespace

bool NeedsNormalizing(std::string_view path) {
  char previous = 0;
  for (const char c : path) {
    if (c == '%' || c == '\\') return true;
    if (previous == '/' && (c == '/' || c == '.')) return true;
    previous = c;
  }
  return false;
}

std::optional<std::string> NormalizePath(std::string_view path) {
  if (path.empty() || path.front() != '/') return std::nullopt;
  std::string decoded;
  decoded.reserve(path.size());
  if (!DecodeUnreserved(path, decoded)) return std::nullopt;
  std::string out;
  out.reserve(decoded.size());
  if (!RemoveDotSegments(decoded, out)) return std::nullopt;
  return out;
}

std::string MergeSlashes(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  for (const char c : path) {
    if (c == '/' && !out.empty() && out.back() == '/') continue;
    out.push_back(c);
  }
  return out;
}

bool HasEscapedSlashes(std::string_view path) {
  for (size_t i = path.find('%'); i != std::string_view::npos; i = path.find('%', i + 1)) {
    const int byte = DecodeEscape(path, i);
    if (byte == '/' || byte == '\\') return true;
  }
  return false;
}

std::string UnescapeSlashes(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  for (size_t i = 0; i < path.size(); ++i) {
    const int byte = path[i] == '%' ? DecodeEscape(path, i) : -1;
    if (byte == '/' || byte == '\\') {
      out.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      out.push_back(path[i]);
    }
  }
  return out;
}

}  // namespace outrigger::downstream
