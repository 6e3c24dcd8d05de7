#pragma once

#include <ctime>
#include <string_view>

#include "absl/random/random.h"
#include "source/base/local_ptr.h"
#include "source/downstream/http_options.h"
#include "source/event/loop.h"
#include "source/route/route_table.h"

namespace outrigger::upstream {
class WorkerClusters;
}

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
  HttpWorker(event::Loop& the_loop, upstream::WorkerClusters& the_clusters)
      : loop(the_loop), clusters(the_clusters), date(the_loop) {}
  event::Loop& loop;
  upstream::WorkerClusters& clusters;
  absl::InsecureBitGen random;
  HttpDate date;
};

// What new streams of one connection manager take on this worker. A configuration update puts other
// snapshots in; streams keep what they started with, and connections stay open.
// Owner: the worker's listener; outlives its connections.
struct HttpSlot {
  base::LocalPtr<HttpOptions> options;       // never null
  base::LocalPtr<route::RouteTable> routes;  // null until routes arrive: "no route"
};

}  // namespace outrigger::downstream
