#pragma once

#include <nghttp2/nghttp2.h>

namespace outrigger::http::http2 {

// What nghttp2 allocates with: small blocks come from free lists of the thread, by size, since
// every stream takes and gives back the same few. Bounded; the rest goes back to malloc. Under
// AddressSanitizer it is malloc alone.
// Lifetime: static.  Thread: any; a block goes to the lists of the thread that frees it.
nghttp2_mem* SessionMemory();

}  // namespace outrigger::http::http2
