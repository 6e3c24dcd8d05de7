#pragma once

#include <ctime>
#include <string_view>

#include "absl/random/random.h"
#include "source/base/local_ptr.h"
#include "source/event/loop.h"
#include "source/route/route_table.h"

namespace outrigger::downstream {

// The `date` header's value (RFC 9110 5.6.7), formatted once a second.
class HttpDate {
 public:
  explicit HttpDate(const event::Loop& loop) : loop_(loop) {}
  std::string_view Text();

 private:
  const event::Loop& loop_;
  base::MonoTime valid_until_{};
  char text_[32] = {};
  size_t size_ = 0;
};

// What all HTTP connections of one worker share.
// Owner: the worker; outlives its connections.  Thread: the worker's.
struct HttpWorker {
  explicit HttpWorker(event::Loop& the_loop) : loop(the_loop), date(the_loop) {}
  event::Loop& loop;
  absl::InsecureBitGen random;
  HttpDate date;
};

// The route table that new streams of one connection manager take on this worker. An update puts
// another one in; streams keep theirs. Null until routes arrive: everything is "no route".
struct RouteSlot {
  base::LocalPtr<route::RouteTable> table;
};

}  // namespace outrigger::downstream
