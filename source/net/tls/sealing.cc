// The sending half of TlsTransport: how much goes into a record.
#include <openssl/err.h>
#include <time.h>

#include <algorithm>
#include <cstring>

#include "source/base/check.h"
#include "source/net/tls/tls_transport.h"

namespace outrigger::net::tls {
namespace {

constexpr size_t kMostWireBytes = 128 * 1024;
constexpr size_t kFullRecordBytes = SSL3_RT_MAX_PLAIN_LENGTH;
// What fits into one packet of 1,500 bytes with IPv6, TCP's time stamps and a record's own 22
// bytes: the peer can read the first packet when it has come, not when the record's last has.
constexpr size_t kSmallRecordBytes = 1400;
// As many packets as TCP sends before it has heard of the first (RFC 6928).
constexpr uint8_t kSmallRecords = 10;
constexpr int64_t kIdleMs = 1000;
constexpr size_t kRecordOverheadBytes = 64;
constexpr size_t kLargePlainBytes = 12 * 1024;
// RFC 8446 5.5: a key of AES-GCM is good for 2^24.5 full records.
constexpr uint32_t kMostRecordsPerKey = 1u << 24;

int64_t CoarseNowMs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

// The first `n` bytes in one piece; what spans slices goes through `scratch`.
std::string_view Gather(const base::Buffer& plain, size_t n, char* scratch) {
  if (plain.Front().size() >= n) return plain.Front().substr(0, n);
  size_t copied = 0;
  for (size_t i = 0; copied < n; ++i) {
    const std::string_view slice = plain.slice(i).view();
    const size_t part = std::min(slice.size(), n - copied);
    std::memcpy(scratch + copied, slice.data(), part);
    copied += part;
  }
  return {scratch, n};
}

}  // namespace

size_t TlsTransport::NextRecordBytes() {
  if (small_records_left_ == 0) return kFullRecordBytes;
  --small_records_left_;
  return kSmallRecordBytes;
}

void TlsTransport::Seal(base::Buffer& plain) {
  DCHECK(state_ == State::kOpen || state_ == State::kEnded);
  if (state_ != State::kOpen && state_ != State::kEnded) return;
  thread_local char scratch[kFullRecordBytes];
  const int64_t now_ms = CoarseNowMs();
  if (now_ms - last_seal_ms_ > kIdleMs) small_records_left_ = kSmallRecords;
  last_seal_ms_ = now_ms;
  ERR_clear_error();
  size_t room = 0;
  while (!plain.empty() && wire_.size() < kMostWireBytes && state_ != State::kFailed) {
    const size_t size = std::min(plain.size(), NextRecordBytes());
    if (plain.size() > kLargePlainBytes && room < size + kRecordOverheadBytes) {
      // Records side by side in blocks that the thread keeps, rather than in one of its own each.
      room = base::Block::kReadBytes;
      wire_.Reserve(room);
    }
    room -= std::min(room, size + kRecordOverheadBytes);
    SealRecord(Gather(plain, size, scratch));
    plain.RemovePrefix(size);
  }
}

void TlsTransport::SealRecord(std::string_view record) {
  if (++records_since_key_ >= kMostRecordsPerKey && SSL_version(ssl_.get()) == TLS1_3_VERSION) {
    records_since_key_ = 0;
    SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_NOT_REQUESTED);
  }
  const int sealed = SSL_write(ssl_.get(), record.data(), static_cast<int>(record.size()));
  if (sealed != static_cast<int>(record.size())) Fail();
}

void TlsTransport::Finish() {
  if (state_ != State::kOpen && state_ != State::kEnded) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

}  // namespace outrigger::net::tls
