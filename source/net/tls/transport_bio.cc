#include "source/net/tls/transport_bio.h"

#include <algorithm>
#include <cstring>

#include "source/net/tls/tls_transport.h"

namespace outrigger::net::tls {

int TransportBio::Read(BIO* bio, char* out, int size) {
  auto& transport = *static_cast<TlsTransport*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (transport.in_.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const size_t n = std::min(transport.in_.size(), static_cast<size_t>(size));
  std::memcpy(out, transport.in_.data(), n);
  transport.in_.remove_prefix(n);
  return static_cast<int>(n);
}

int TransportBio::Write(BIO* bio, const char* data, int size) {
  auto& transport = *static_cast<TlsTransport*>(BIO_get_data(bio));
  transport.wire_.Append(std::string_view(data, static_cast<size_t>(size)));
  return size;
}

long TransportBio::Control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* TransportBio::Method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "transport");
    BIO_meth_set_read(made, &Read);
    BIO_meth_set_write(made, &Write);
    BIO_meth_set_ctrl(made, &Control);
    return made;
  }();
  return method;
}

BIO* TransportBio::New(TlsTransport& transport) {
  BIO* bio = BIO_new(Method());
  BIO_set_data(bio, &transport);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace outrigger::net::tls
