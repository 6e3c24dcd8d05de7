#pragma once

#include <string>
#include <string_view>

// Self-signed certificates (P-256, valid for a century) with their keys, which guard nothing.
namespace outrigger::config {

inline constexpr std::string_view kWebCertificate = R"(-----BEGIN CERTIFICATE-----
MIIBjDCCATGgAwIBAgIUe8aUgqJzBNg7GVfekpGcXBybq9kwCgYIKoZIzj0EAwIw
DjEMMAoGA1UEAwwDd2ViMCAXDTI2MTEyNDE4MDM0NVoYDzIxMjYxMDMxMTgwMzQ1
WjAOMQwwCgYDVQQDDAN3ZWIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATwlsOn
3z5qH+q24Aa2UqJGNRYrZIEsWE1SI+Wpf0/JP6AT1sjigSUVYKVvmeUIW4UCcfBU
mURQKMTxtiEj663eo2swaTAdBgNVHQ4EFgQUnOEOGgMIRo5jWdABXoOvHqj+LQUw
HwYDVR0jBBgwFoAUnOEOGgMIRo5jWdABXoOvHqj+LQUwDwYDVR0TAQH/BAUwAwEB
/zAWBgNVHREEDzANggt3ZWIuZXhhbXBsZTAKBggqhkjOPQQDAgNJADBGAiEAxux0
QQFhuevKzcCIMogHsM69zmOv4CxY0+RUvaz++NACIQDIqDh7ZIqS+JKXupo3BN2S
FOivVn4WQdSciddNf9HuSA==
-----END CERTIFICATE-----
)";
inline constexpr std::string_view kWebKey = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgbPkQqKy8fMBUPwL5
DTp81otPaNyKpqDh+zM1kMONQ12hRANCAATwlsOn3z5qH+q24Aa2UqJGNRYrZIEs
WE1SI+Wpf0/JP6AT1sjigSUVYKVvmeUIW4UCcfBUmURQKMTxtiEj663e
-----END PRIVATE KEY-----
)";
inline constexpr std::string_view kOtherCertificate = R"(-----BEGIN CERTIFICATE-----
MIIBdTCCAR2gAwIBAgIUMzMXW5EvQ68IgLp8SXuS+kyIKocwCgYIKoZIzj0EAwIw
EDEOMAwGA1UEAwwFb3RoZXIwIBcNMjYxMTI0MTgwMzQ1WhgPMjEyNjEwMzExODAz
NDVaMBAxDjAMBgNVBAMMBW90aGVyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
+Z/WFrPBgevcmzD9mCpjS9WYL32VLGzR9d21/f7wDepyzqdgpb5EcImcXu/Bs/4n
AxRTyDSmvZP1T0AdHZdLT6NTMFEwHQYDVR0OBBYEFJ3o66Y303XFAyS1qYSZKKaW
X8KLMB8GA1UdIwQYMBaAFJ3o66Y303XFAyS1qYSZKKaWX8KLMA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDRgAwQwIgMcCCEBja3TrYYSAemz9XHg4WaD8vZWN1
cWAQMcY43EcCHzTQOHTdZ8Hb6P1Ib06iewJW9PWlKb8ELEkqxDvFJdE=
-----END CERTIFICATE-----
)";
inline constexpr std::string_view kOtherKey = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgQISYcGSLomcYOeTW
hD1yvAxzZyqM66zh4AmC9Fz81vqhRANCAAT5n9YWs8GB69ybMP2YKmNL1ZgvfZUs
bNH13bX9/vAN6nLOp2ClvkRwiZxe78Gz/icDFFPINKa9k/VPQB0dl0tP
-----END PRIVATE KEY-----
)";

// {inline_string: ...} in YAML's flow style.
inline std::string Inline(std::string_view text) {
  std::string yaml = "{inline_string: \"";
  for (const char c : text) {
    if (c == '\n') {
      yaml += "\\n";
    } else {
      yaml += c;
    }
  }
  return yaml + "\"}";
}

// A TlsCertificate, likewise.
inline std::string WebCertificate() {
  return "{certificate_chain: " + Inline(kWebCertificate) + ", private_key: " + Inline(kWebKey) +
         "}";
}

}  // namespace outrigger::config
