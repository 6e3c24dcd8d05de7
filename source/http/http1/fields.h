#pragma once

#include <string_view>

#include "source/http/head.h"
#include "source/http/http1/head_parser.h"

namespace outrigger::http::http1 {

// From parsed fields to a header map: what concerns one connection only (RFC 9110 7.6.1) ends here,
// so that everything behind a codec sees end-to-end fields, in their order and spelling.
// Left out: Connection, the fields it names (but not known end-to-end ones: a client may not make
// us drop them), Keep-Alive, Proxy-Connection, Transfer-Encoding, Upgrade, and TE but for
// "trailers". `base` is where the parsed bytes are now; it must live as long as the map's arena.
void AddEndToEndFields(const ParsedHead& parsed, const char* base, HeaderMap& headers);

// The same for a trailer section, without what may not stand there (RFC 9110 6.5.1: framing,
// routing, authentication). Copies `bytes`, the section, to the arena of `trailers`.
void AddTrailerFields(const ParsedHead& parsed, std::string_view bytes, HeaderMap& trailers);

// The value of the first field of that name; empty if there is none. `base` as it was parsed.
std::string_view FirstValue(const ParsedHead& parsed, const char* base, HeaderId id);
size_t CountOf(const ParsedHead& parsed, HeaderId id);

// What the head asks to switch to (RFC 9110 7.8), or says that it has switched to: the one name of
// its one Upgrade line, which Connection must nominate. Empty for none, for several, and for "h2c",
// which is HTTP again and would carry requests past every check (RFC 9113 3.1: obsolete).
std::string_view UpgradeOf(const ParsedHead& parsed, const char* base);

// RFC 9112 9.3: whether the sender of this head lets the connection go on after its message.
bool KeepsAlive(const ParsedHead& parsed, const char* base);

}  // namespace outrigger::http::http1
