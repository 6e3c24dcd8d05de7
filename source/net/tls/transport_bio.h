#pragma once

#include <openssl/bio.h>

namespace outrigger::net::tls {

class TlsTransport;

// Where BoringSSL reads and writes: what Receive was given, and wire().
struct TransportBio {
  // For SSL_set_bio, which takes it. `transport` outlives it.
  static BIO* New(TlsTransport& transport);

 private:
  static const BIO_METHOD* Method();
  static int Read(BIO* bio, char* out, int size);
  static int Write(BIO* bio, const char* data, int size);
  static long Control(BIO* bio, int command, long number, void* pointer);
};

}  // namespace outrigger::net::tls
