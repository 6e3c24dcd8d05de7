#pragma once

// CHECK and DCHECK: for our own bugs only. Nothing that a peer, a file or a control plane can cause
// may reach them; such input gets a Status or a StreamError.

namespace outrigger::base {

// Writes `file:line: check failed: what` to stderr and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* what);

}  // namespace outrigger::base

#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) [[unlikely]]                                    \
      ::outrigger::base::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (false)

#ifdef NDEBUG
#define DCHECK(condition)         \
  do {                            \
    if (false) (void)(condition); \
  } while (false)
#else
#define DCHECK(condition) CHECK(condition)
#endif
