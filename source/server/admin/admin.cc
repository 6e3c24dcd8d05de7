#include "source/server/admin/admin.h"

#include <algorithm>

#include "source/base/text.h"

namespace outrigger::server {
namespace {

// The end of the admin endpoint's chain: one page, one answer. Bodies of requests are discarded.
class AdminTerminal final : public http::Terminal {
 public:
  AdminTerminal(const Admin& admin, http::ResponseSink& sink) : admin_(admin), sink_(sink) {}

  void OnRequestHead(http::RequestHead& head, bool last) override {
    request_.method = head.method;
    request_.path = std::string(head.path());
    // There are no credentials, so a browser must not be a way in: a page of another site can make
    // it POST here, but not leave out what it says about itself (Fetch Metadata, 2.4).
    const std::string_view site = head.headers.Get("sec-fetch-site").value_or("none");
    if (head.method == http::Method::kPost && site != "none" && site != "same-origin") {
      return sink_.SendReply({.status = 403,
                              .detail = "admin_cross_site",
                              .body = "pages of other sites may not POST here\n"});
    }
    if (!ParseQuery(head.query(), request_)) {
      return sink_.SendReply({.status = 400,
                              .detail = "admin_bad_query",
                              .body = "the query has a broken %-escape\n"});
    }
    if (last) Answer();
  }
  void OnRequestBody(base::Buffer& piece, bool last) override {
    piece.Clear();
    if (last) Answer();
  }
  void OnRequestTrailers(http::HeaderMap&) override { Answer(); }
  void OnResponseHigh() override {}  // the whole answer is in memory already
  void OnResponseLow() override {}

 private:
  void Answer() {
    AdminReply reply = admin_.Serve(request_);
    http::ResponseHead& head = sink_.response_head();
    base::Arena& arena = head.headers.arena();
    head.status = reply.status;
    head.headers.Add(http::HeaderId::kContentType, arena.Copy(reply.content_type));
    head.headers.Add(http::HeaderId::kContentLength, arena.Copy(base::StrCat(reply.body.size())));
    head.headers.Add(http::HeaderId::kCacheControl, "no-cache, max-age=0");
    head.headers.Add("x-content-type-options", "nosniff");
    const bool has_body = !reply.body.empty() && request_.method != http::Method::kHead;
    sink_.SendResponseHead(!has_body);
    if (has_body) sink_.SendResponseBody(reply.body, true);
  }

  const Admin& admin_;  // outlives its connections
  http::ResponseSink& sink_;
  AdminRequest request_;
};

bool Takes(const AdminPage& page, std::string_view parameter) {
  return std::any_of(page.parameters.begin(), page.parameters.end(), [&](const auto& known) {
    return known.first == parameter || known.first.starts_with('<');
  });
}

AdminReply UnknownParameter(const AdminPage& page, std::string_view name) {
  std::string text = base::StrCat(name, ": unknown parameter of ", page.path);
  std::string_view before = "; known: ";
  for (const auto& [known, about] : page.parameters) {
    base::StrAppend(&text, before, known);
    before = ", ";
  }
  if (page.parameters.empty()) base::StrAppend(&text, ", which takes none");
  return AdminReply::Text(text + "\n", 400);
}

std::shared_ptr<const config::ListenerSpec> AdminSpec(const Admin& admin, stats::Store& stats) {
  auto http = std::make_shared<downstream::HttpOptions>();
  http->counters = downstream::HttpCounters::Declare(stats, "admin");
  http->forwarding.use_remote_address = true;
  http->forwarding.generate_request_id = false;
  http->terminal = [&admin](http::ResponseSink& sink) -> std::unique_ptr<http::Terminal> {
    return std::make_unique<AdminTerminal>(admin, sink);
  };
  auto spec = std::make_shared<config::ListenerSpec>();
  spec->name = "admin";
  spec->ignores_global_limit = true;
  spec->counters = config::ListenerCounters::Declare(stats, "admin");
  config::FilterChainSpec chain;
  chain.http = std::move(http);
  config::SetOnlyChain(*spec, std::move(chain));
  return spec;
}

}  // namespace

std::optional<std::string> AdminRequest::Get(std::string_view name) const {
  const auto at = query.find(std::string(name));
  if (at == query.end()) return std::nullopt;
  return at->second;
}

AdminReply AdminReply::Text(std::string_view text, int status) {
  AdminReply reply;
  reply.status = status;
  reply.body.Append(text);
  return reply;
}

AdminReply AdminReply::Json(std::string_view text) {
  AdminReply reply = Text(text);
  reply.content_type = "application/json";
  return reply;
}

AdminReply AdminReply::Html(std::string_view text) {
  AdminReply reply = Text(text);
  reply.content_type = "text/html; charset=UTF-8";
  return reply;
}

Admin::Admin(event::Loop& loop, upstream::WorkerClusters& clusters, stats::Store& stats)
    : loop_(loop), stats_(stats), worker_(loop, clusters) {}

Admin::~Admin() = default;

void Admin::Add(AdminPage page) {
  const std::string_view path = page.path;
  pages_.emplace(path, std::move(page));
}

absl::Status Admin::Listen(const net::Address& address) {
  auto socket = net::Listen(address, {.reuse_port = false});
  if (!socket.ok()) return socket.status();
  socket_ = *std::move(socket);
  address_ = address.is_ip() ? net::LocalAddress(socket_.fd()) : address;
  listener_ = std::make_unique<WorkerListener>(
      worker_, ListenerVersion{.spec = AdminSpec(*this, stats_), .tables = {nullptr}},
      std::vector<int>{socket_.fd()}, budget_);
  return absl::OkStatus();
}

std::optional<net::Address> Admin::address() const { return address_; }

AdminReply Admin::Serve(const AdminRequest& request) const {
  const auto at = pages_.find(request.path);
  if (at == pages_.end()) return NotFound(request);
  const bool is_read =
      request.method == http::Method::kGet || request.method == http::Method::kHead;
  if (at->second.changes && request.method != http::Method::kPost) {
    return AdminReply::Text(
        base::StrCat(request.path, " changes something: use POST, as in curl -X POST\n"), 405);
  }
  if (!is_read && request.method != http::Method::kPost) {
    return AdminReply::Text(base::StrCat(request.path, ": use GET or POST\n"), 405);
  }
  for (const auto& [name, value] : request.query) {
    if (!Takes(at->second, name)) return UnknownParameter(at->second, name);
  }
  return at->second.serve(request);
}

AdminReply Admin::NotFound(const AdminRequest& request) const {
  std::string text = base::StrCat("no page ", request.path, "; there are:\n");
  for (const auto& [path, page] : pages_) base::StrAppend(&text, "  ", path, "\n");
  return AdminReply::Text(text, 404);
}

std::optional<std::string> DecodeQueryText(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      uint8_t byte = 0;
      if (i + 2 >= text.size()) return std::nullopt;
      const auto [end, error] = std::from_chars(&text[i + 1], &text[i + 1] + 2, byte, 16);
      if (error != std::errc() || end != &text[i + 1] + 2) return std::nullopt;
      out.push_back(static_cast<char>(byte));
      i += 2;
    }
  }
  return out;
}

bool ParseQuery(std::string_view query, AdminRequest& request) {
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    const auto name = DecodeQueryText(pair.substr(0, equals));
    const auto value =
        DecodeQueryText(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
    if (!name || !value) return false;
    request.query[*name] = *value;
  }
  return true;
}

}  // namespace outrigger::server
