// The operators that tell of TLS: what was agreed, and who the two sides are.
#include "source/http/access_values.h"
#include "source/http/certificate_text.h"

namespace outrigger::http {
namespace {

using Arguments = OperatorArguments;
using net::CertificateInfo;
using net::TlsInfo;

ValueKind Text(std::string_view text, std::string& out) {
  if (text.empty()) return ValueKind::kMissing;
  out += text;
  return ValueKind::kText;
}

ValueKind ServerName(const StreamSummary& s, const Arguments&, std::string& out) {
  return Text(s.ServerName(), out);
}

// --- whose -------------------------------------------------------------------------------------

using TlsOf = const TlsInfo*(const StreamSummary&);
const TlsInfo* Downstream(const StreamSummary& s) { return s.downstream_tls(); }
const TlsInfo* Upstream(const StreamSummary& s) { return s.upstream_tls.get(); }

using CertificateOf = const CertificateInfo*(const StreamSummary&);
template <TlsOf* kOf>
const CertificateInfo* Peer(const StreamSummary& s) {
  const TlsInfo* tls = kOf(s);
  return tls == nullptr ? nullptr : tls->peer.get();
}
template <TlsOf* kOf>
const CertificateInfo* Local(const StreamSummary& s) {
  const TlsInfo* tls = kOf(s);
  return tls == nullptr ? nullptr : tls->local.get();
}

// --- what --------------------------------------------------------------------------------------

template <TlsOf* kOf, auto kMember>
ValueKind Agreed(const StreamSummary& s, const Arguments&, std::string& out) {
  const TlsInfo* tls = kOf(s);
  return tls == nullptr ? ValueKind::kMissing : Text(tls->*kMember, out);
}

template <CertificateOf* kOf, std::string CertificateInfo::*kMember>
ValueKind Of(const StreamSummary& s, const Arguments&, std::string& out) {
  const CertificateInfo* certificate = kOf(s);
  return certificate == nullptr ? ValueKind::kMissing : Text(certificate->*kMember, out);
}

template <CertificateOf* kOf, std::vector<std::string> CertificateInfo::*kMember>
ValueKind Names(const StreamSummary& s, const Arguments&, std::string& out) {
  const CertificateInfo* certificate = kOf(s);
  if (certificate == nullptr || (certificate->*kMember).empty()) return ValueKind::kMissing;
  const size_t begin = out.size();
  for (const std::string& name : certificate->*kMember) {
    if (out.size() > begin) out += ',';
    out += name;
  }
  return ValueKind::kText;
}

template <CertificateOf* kOf>
ValueKind Pem(const StreamSummary& s, const Arguments&, std::string& out) {
  const CertificateInfo* certificate = kOf(s);
  if (certificate == nullptr || certificate->pem.empty()) return ValueKind::kMissing;
  AppendEncodedPem(certificate->pem, out);
  return ValueKind::kText;
}

template <CertificateOf* kOf, absl::Time CertificateInfo::*kMember>
ValueKind Moment(const StreamSummary& s, const Arguments& arguments, std::string& out) {
  const CertificateInfo* certificate = kOf(s);
  if (certificate == nullptr) return ValueKind::kMissing;
  arguments.time.Append(certificate->*kMember, out);
  return ValueKind::kText;
}

using C = CertificateInfo;
using Rule = ArgumentRule;

constexpr OperatorSpec kSpecs[] = {
    {"DOWNSTREAM_LOCAL_DNS_SAN", Rule::kNone, Names<Local<Downstream>, &C::dns_names>},
    {"DOWNSTREAM_LOCAL_EMAIL_SAN", Rule::kNone, Names<Local<Downstream>, &C::emails>},
    {"DOWNSTREAM_LOCAL_IP_SAN", Rule::kNone, Names<Local<Downstream>, &C::ip_addresses>},
    {"DOWNSTREAM_LOCAL_SUBJECT", Rule::kNone, Of<Local<Downstream>, &C::subject>},
    {"DOWNSTREAM_LOCAL_URI_SAN", Rule::kNone, Names<Local<Downstream>, &C::uris>},
    {"DOWNSTREAM_PEER_CERT", Rule::kNone, Pem<Peer<Downstream>>},
    {"DOWNSTREAM_PEER_CERT_V_END", Rule::kTime, Moment<Peer<Downstream>, &C::valid_to>},
    {"DOWNSTREAM_PEER_CERT_V_START", Rule::kTime, Moment<Peer<Downstream>, &C::valid_from>},
    {"DOWNSTREAM_PEER_DNS_SAN", Rule::kNone, Names<Peer<Downstream>, &C::dns_names>},
    {"DOWNSTREAM_PEER_EMAIL_SAN", Rule::kNone, Names<Peer<Downstream>, &C::emails>},
    {"DOWNSTREAM_PEER_FINGERPRINT_1", Rule::kNone, Of<Peer<Downstream>, &C::sha1>},
    {"DOWNSTREAM_PEER_FINGERPRINT_256", Rule::kNone, Of<Peer<Downstream>, &C::sha256>},
    {"DOWNSTREAM_PEER_IP_SAN", Rule::kNone, Names<Peer<Downstream>, &C::ip_addresses>},
    {"DOWNSTREAM_PEER_ISSUER", Rule::kNone, Of<Peer<Downstream>, &C::issuer>},
    {"DOWNSTREAM_PEER_SERIAL", Rule::kNone, Of<Peer<Downstream>, &C::serial>},
    {"DOWNSTREAM_PEER_SUBJECT", Rule::kNone, Of<Peer<Downstream>, &C::subject>},
    {"DOWNSTREAM_PEER_URI_SAN", Rule::kNone, Names<Peer<Downstream>, &C::uris>},
    {"DOWNSTREAM_TLS_CIPHER", Rule::kNone, Agreed<Downstream, &TlsInfo::cipher>},
    {"DOWNSTREAM_TLS_SESSION_ID", Rule::kNone, Agreed<Downstream, &TlsInfo::session_id>},
    {"DOWNSTREAM_TLS_VERSION", Rule::kNone, Agreed<Downstream, &TlsInfo::version>},
    {"REQUESTED_SERVER_NAME", Rule::kNone, ServerName},
    {"UPSTREAM_LOCAL_DNS_SAN", Rule::kNone, Names<Local<Upstream>, &C::dns_names>},
    {"UPSTREAM_LOCAL_EMAIL_SAN", Rule::kNone, Names<Local<Upstream>, &C::emails>},
    {"UPSTREAM_LOCAL_IP_SAN", Rule::kNone, Names<Local<Upstream>, &C::ip_addresses>},
    {"UPSTREAM_LOCAL_SUBJECT", Rule::kNone, Of<Local<Upstream>, &C::subject>},
    {"UPSTREAM_LOCAL_URI_SAN", Rule::kNone, Names<Local<Upstream>, &C::uris>},
    {"UPSTREAM_PEER_CERT", Rule::kNone, Pem<Peer<Upstream>>},
    {"UPSTREAM_PEER_DNS_SAN", Rule::kNone, Names<Peer<Upstream>, &C::dns_names>},
    {"UPSTREAM_PEER_EMAIL_SAN", Rule::kNone, Names<Peer<Upstream>, &C::emails>},
    {"UPSTREAM_PEER_IP_SAN", Rule::kNone, Names<Peer<Upstream>, &C::ip_addresses>},
    {"UPSTREAM_PEER_ISSUER", Rule::kNone, Of<Peer<Upstream>, &C::issuer>},
    {"UPSTREAM_PEER_SUBJECT", Rule::kNone, Of<Peer<Upstream>, &C::subject>},
    {"UPSTREAM_PEER_URI_SAN", Rule::kNone, Names<Peer<Upstream>, &C::uris>},
    {"UPSTREAM_TLS_CIPHER", Rule::kNone, Agreed<Upstream, &TlsInfo::cipher>},
    {"UPSTREAM_TLS_SESSION_ID", Rule::kNone, Agreed<Upstream, &TlsInfo::session_id>},
    {"UPSTREAM_TLS_VERSION", Rule::kNone, Agreed<Upstream, &TlsInfo::version>},
};

}  // namespace

absl::Span<const OperatorSpec> TlsOperatorSpecs() { return kSpecs; }

}  // namespace outrigger::http
