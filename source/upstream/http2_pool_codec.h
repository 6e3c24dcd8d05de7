#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "source/http/http2/client_session.h"
#include "source/http/http2/counters.h"
#include "source/upstream/pool_codec.h"

namespace outrigger::upstream {

// HTTP/2 for a pool: as many exchanges at a time as the peer's SETTINGS and ours allow.
class Http2PoolCodec final : public PoolCodec, private http::http2::ClientSessionEvents {
 public:
  // `first_streams`: how many may begin before the peer has said how many it allows. The references
  // are borrowed and outlive this.
  Http2PoolCodec(net::Connection& connection, const http::http2::Options& options,
                 std::shared_ptr<const http::http2::Counters> counters, uint32_t first_streams,
                 PoolCodecEvents& events)
      : events_(events),
        first_streams_(first_streams),
        counters_(std::move(counters)),
        session_(connection, options, *this, counters_.get()) {}

  http::Protocol protocol() const override { return http::Protocol::kHttp2; }
  uint32_t places() const override;
  PoolCodecState state() const override;
  http::RequestWriter& StartRequest(http::ResponseReceiver& receiver) override;
  void OnData(base::Buffer& in, bool end) override { session_.OnData(in, end); }
  void OnClosed(net::CloseCause cause) override { session_.OnClosed(cause); }
  void OnOutputHigh() override { session_.OnOutputHigh(); }
  void OnOutputLow() override { session_.OnOutputLow(); }

 private:
  // http::http2::ClientSessionEvents
  void OnGoAway() override;
  void OnStreamPlaces() override;
  void OnSessionEnd(std::string_view reason) override;

  PoolCodecEvents& events_;
  const uint32_t first_streams_;
  bool has_heard_limit_ = false;  // SETTINGS come before everything else (RFC 9113 3.4)
  bool has_goaway_ = false;
  bool has_ended_ = false;
  bool has_broken_off_ = false;
  const std::shared_ptr<const http::http2::Counters>
      counters_;  // a session may outlive its cluster
  http::http2::ClientSession session_;
};

}  // namespace outrigger::upstream
