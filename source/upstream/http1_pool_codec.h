#pragma once

#include "source/http/http1/client_codec.h"
#include "source/upstream/pool_codec.h"

namespace outrigger::upstream {

// HTTP/1 for a pool: one exchange at a time.
class Http1PoolCodec final : public PoolCodec, private http::http1::ClientCodecEvents {
 public:
  // All are borrowed and outlive this.
  Http1PoolCodec(net::Connection& connection, const http::http1::Options& options,
                 PoolCodecEvents& events)
      : events_(events), codec_(connection, options, *this) {}

  http::Protocol protocol() const override { return http::Protocol::kHttp11; }
  uint32_t places() const override { return codec_.is_reusable() ? 1 : 0; }
  PoolCodecState state() const override;
  http::RequestWriter& StartRequest(http::ResponseReceiver& receiver) override;
  void OnData(base::Buffer& in, bool end) override { codec_.OnData(in, end); }
  void OnClosed(net::CloseCause cause) override;
  void OnOutputHigh() override { codec_.OnOutputHigh(); }
  void OnOutputLow() override { codec_.OnOutputLow(); }

 private:
  // http::http1::ClientCodecEvents
  void OnExchangeEnd(bool reusable) override;
  void OnIdleEnd() override;

  PoolCodecEvents& events_;
  http::http1::ClientCodec codec_;
  bool is_busy_ = false;
  bool takes_more_ = true;
};

}  // namespace outrigger::upstream
