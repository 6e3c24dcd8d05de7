#include "test/net/tls/world.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "source/base/check.h"
#include "source/base/text.h"

namespace outrigger::net::tls {

std::string FileText(std::string_view name) {
  std::ifstream file(base::StrCat("test/net/tls/certs/", name), std::ios::binary);
  CHECK(file.good());
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::shared_ptr<const Certificate> Cert(std::string_view name, bool ocsp) {
  CertificateText text{.chain_pem = FileText(base::StrCat(name, ".pem")),
                       .key_pem = FileText(base::StrCat(name, ".key"))};
  if (ocsp) text.ocsp_response = FileText(base::StrCat(name, ".ocsp"));
  auto loaded = Certificate::Load(text);
  CHECK(loaded.ok());
  return *loaded;
}

std::shared_ptr<const Trust> TrustIn(std::string_view name, const ChangeTrust& change) {
  TrustSettings settings{.ca_pem = FileText(base::StrCat(name, ".pem"))};
  if (change) change(settings);
  auto trust = Trust::Make(std::move(settings));
  CHECK(trust.ok());
  return *trust;
}

SanRule ExactSan(SanType type, std::string_view text, std::string_view oid) {
  return {.type = type,
          .oid = std::string(oid),
          .matches = std::make_shared<const absl::AnyInvocable<bool(std::string_view) const>>(
              [wanted = std::string(text)](std::string_view name) { return name == wanted; }),
          .text = base::StrCat("exact \"", text, "\"")};
}

uint64_t Counted::operator[](std::string_view name) const {
  return store.Value(base::StrCat("listener.x.ssl.", name)).value_or(0);
}

ServerSettings PlainServer(const Counted& counted) {
  return {.certificates = {Cert("server")}, .counters = counted.counters};
}

ClientSettings PlainClient(const Counted& counted) {
  return {.trust = TrustIn("root"), .server_name = "web.example.com", .counters = counted.counters};
}

std::shared_ptr<ServerContexts> Serving(ServerSettings settings) {
  auto context = ServerContext::Make(std::move(settings));
  CHECK(context.ok());
  auto contexts = ServerContexts::New();
  contexts->Set(*context);
  return contexts;
}

std::shared_ptr<ClientContexts> Calling(ClientSettings settings) {
  auto context = ClientContext::Make(std::move(settings));
  CHECK(context.ok());
  auto contexts = ClientContexts::New();
  contexts->Set(*context);
  return contexts;
}

Pair::Pair(const ServerContexts& server, const ClientContexts& client,
           const ClientTransportOptions& options, size_t cut)
    : Pair(server.Make(), client.Make(options), cut) {}

Pair::Pair(std::unique_ptr<Transport> server, std::unique_ptr<Transport> client, size_t cut)
    : server_(std::move(server)),
      client_(std::move(client)),
      block_(base::Block::New(base::Block::kReadBytes)),
      cut_(cut) {}

Pair::~Pair() { block_->Unref(); }

Pair& Pair::Shake() {
  client_->Start();
  server_->Start();
  Move();
  return *this;
}

void Pair::Move() {
  for (;;) {
    const bool to_server = MoveOnce(*client_, *server_, server_plain_);
    const bool to_client = MoveOnce(*server_, *client_, client_plain_);
    if (!to_server && !to_client) return;
  }
}

bool Pair::MoveOnce(Transport& from, Transport& to, base::Buffer& plain) {
  const size_t most = base::Block::kReadBytes - Transport::kHeadroom;
  const size_t n = std::min({from.wire().size(), cut_ == 0 ? most : cut_, most});
  if (n == 0) return false;
  const std::string bytes(from.wire().Linearize(n));
  from.wire().RemovePrefix(n);
  Give(to, bytes, plain);
  return true;
}

Transport::State Pair::Give(Transport& to, std::string_view bytes, base::Buffer& plain) {
  if (block_->is_shared()) {
    block_->Unref();
    block_ = base::Block::New(base::Block::kReadBytes);
  }
  std::memcpy(block_->begin() + Transport::kHeadroom, bytes.data(), bytes.size());
  return to.Receive(*block_, bytes.size(), plain);
}

void Pair::Say(Transport& from, std::string_view text) {
  base::Buffer plain;
  plain.Append(text);
  while (!plain.empty()) {
    from.Seal(plain);
    Move();
  }
}

std::string Pair::TakeAt(const Transport& at) {
  base::Buffer& plain = &at == server_.get() ? server_plain_ : client_plain_;
  std::string text = plain.ToString();
  plain.Clear();
  return text;
}

}  // namespace outrigger::net::tls
