#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "source/http/filter.h"
#include "source/server/worker_listener.h"

namespace outrigger::server {

// One request to the admin endpoint.
struct AdminRequest {
  http::Method method = http::Method::kGet;
  std::string path;                                 // without query
  absl::btree_map<std::string, std::string> query;  // decoded; the last of equal names wins
  bool Has(std::string_view name) const { return query.contains(std::string(name)); }
  std::optional<std::string> Get(std::string_view name) const;
};

struct AdminReply {
  int status = 200;
  std::string content_type = "text/plain; charset=UTF-8";
  base::Buffer body;

  static AdminReply Text(std::string_view text, int status = 200);
  static AdminReply Json(std::string_view text);
  static AdminReply Html(std::string_view text);
};

// One page. Pages are plain functions on the main thread: they read what the main thread owns.
struct AdminPage {
  std::string_view path;   // "/stats"
  std::string_view about;  // one line for /help
  // Name, about; a name in <> stands for any. Others are refused.
  std::vector<std::pair<std::string_view, std::string_view>> parameters = {};
  bool changes = false;  // needs POST
  std::function<AdminReply(const AdminRequest&)> serve;
};

// The admin endpoint: a small HTTP server on the main thread's loop, over the same server side as
// the data plane's.
// Owner: the server.  Thread: main.
// Errors: an unknown path is answered 404 with the list of pages, an unknown parameter 400 with the
// list of the page's, a changing page by GET 405.
class Admin final {
 public:
  Admin(event::Loop& loop, upstream::WorkerClusters& clusters, stats::Store& stats);
  ~Admin();

  void Add(AdminPage page);
  // Begins to serve on `address`. Errors name it.
  absl::Status Listen(const net::Address& address);
  std::optional<net::Address> address() const;  // as bound

  // What a request gets; also the way that tests ask without a socket.
  AdminReply Serve(const AdminRequest& request) const;
  const absl::btree_map<std::string_view, AdminPage>& pages() const { return pages_; }

 private:
  AdminReply NotFound(const AdminRequest& request) const;

  event::Loop& loop_;
  stats::Store& stats_;
  absl::btree_map<std::string_view, AdminPage> pages_;
  ListenerWorker worker_;
  ConnectionBudget budget_;
  net::Socket socket_;
  std::optional<net::Address> address_;
  std::unique_ptr<WorkerListener> listener_;
};

// "%2F+x" -> "/ x"; nullopt when an escape is broken.
std::optional<std::string> DecodeQueryText(std::string_view text);
// Splits "a=1&b" into the request's query. False: an escape is broken.
bool ParseQuery(std::string_view query, AdminRequest& request);

}  // namespace outrigger::server
