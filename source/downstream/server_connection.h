#pragma once

#include <cstdint>
#include <memory>

#include "source/base/intrusive_list.h"
#include "source/base/local_ptr.h"
#include "source/downstream/http_options.h"
#include "source/downstream/http_worker.h"
#include "source/event/timer.h"
#include "source/http/http1/server_codec.h"
#include "source/http/stream_summary.h"
#include "source/net/accepted.h"
#include "source/net/connection.h"

namespace outrigger::downstream {

class ServerConnection;
class ServerStream;

// Whoever accepted a connection.
class ServerConnectionOwner {
 public:
  virtual ~ServerConnectionOwner() = default;
  // Once: the connection is over. Hand it to DeleteLater; it may still be on the stack.
  virtual void OnConnectionEnd(ServerConnection& connection) = 0;
};

// One client's HTTP connection, as we serve it: the codec, its streams, and every deadline that
// concerns them.
//
//   ServerConnection 1--1 net::Connection
//                    1--1 http1::ServerCodec, 0..1 http2::ServerSession, which then takes its place
//                    1--* ServerStream 1--1 http::FilterChain 1--* HttpFilter, 1--1 Terminal
//
// Owner: the worker's listener.  Thread: its worker.
// Lifetime: ends by the client, a deadline, an error or Drain, with OnConnectionEnd. Destroying it
// ends its streams first.
// Limits: HttpOptions. An idle connection holds no buffer and no stream; one of HTTP/2 its session.
class ServerConnection final : public event::Deletable,
                               public base::ListLink<>,
                               private net::ConnectionEvents,
                               private http::ServerStreams {
 public:
  // `worker` and `slot` outlive the connection. A transport in `accepted` is past its handshake,
  // and its ALPN says what the client speaks, where codec_type does not. What concerns the
  // connection itself (codec limits, its timeouts) is as the slot says now; each stream takes the
  // options of its own time.
  ServerConnection(HttpWorker& worker, const HttpSlot& slot, net::Accepted accepted,
                   ServerConnectionOwner& owner);
  ~ServerConnection() override;

  // Graceful. HTTP/1: the next response tells the client that the connection closes after it
  // (`connection: close`); an idle connection stays open, since a request may be on its way, unless
  // `closes_idle`. HTTP/2: GOAWAY now; the connection closes when its streams are over.
  void Drain(bool closes_idle);
  // Takes Drain back, if the connection is still open. A GOAWAY cannot be taken back.
  void StopDraining();
  // What is known of the connection itself, for its listener's log.
  void Describe(http::StreamSummary& summary);
  // Ends everything now; streams are logged as cut off.
  void Close();
  // Whether it has another certificate or trust than what `present` (null: nothing) makes, and does
  // not drain yet.
  bool IsOutdated(const net::ServerTransports* present) const;

 private:
  friend class ServerStream;

  // net::ConnectionEvents
  void OnData(base::Buffer& in, bool end) override;
  void OnOutputHigh() override;
  void OnOutputLow() override;
  void OnClosed(net::CloseCause cause) override;
  // http::ServerStreams
  http::RequestReceiver& NewStream(http::ResponseWriter& writer) override;
  void OnProtocolError() override { options_->counters.downstream_cx_protocol_error.Increment(); }
  void OnCodecDone() override;

  void SetProtocol(http::Protocol protocol);
  // What is known before the client's first byte.
  void TakeAgreedProtocol();
  // The client's first bytes tell what it speaks. False: there are not enough of them.
  bool DetectProtocol(base::Buffer& in, bool end);
  http::ServerCodec& codec() {
    return http2_ != nullptr ? *http2_ : static_cast<http::ServerCodec&>(http1_);
  }
  bool is_http2() const { return http2_ != nullptr; }

  // For ServerStream
  void OnStreamEnd(ServerStream& stream);
  // The codec has told a stream that the client is gone; the connection's end follows.
  void NoteLostStream() { has_lost_stream_ = true; }
  // A stream is about to send its head: says whether it is the connection's last.
  void BeforeResponseHead();
  // Something is due at `deadline`: makes sure that OnTimer runs by then.
  void Watch(base::MonoTime deadline);

  void OnTimer();
  void WatchIdle();
  void CheckHeadProgress(bool is_reading_head);
  bool RefuseSlowHead(base::MonoTime now);
  void EndLongLife(base::MonoTime now);
  void CheckStreams(base::MonoTime now);
  void CheckIdle(base::MonoTime now);
  void NoteMaxRequests();
  void DrainHttp2();
  void CloseIdle(stats::Counter cause);
  enum class Ender : uint8_t { kClient, kCodec, kOwner };
  void EndOnce(Ender ender);

  HttpWorker& worker_;
  const base::LocalPtr<HttpOptions> options_;
  const HttpSlot& slot_;
  ServerConnectionOwner& owner_;
  const std::unique_ptr<net::Arrival> arrival_;  // null: listener filters found out nothing
  net::Connection connection_;
  http::http1::ServerCodec http1_;
  std::unique_ptr<http::ServerCodec> http2_;
  base::IntrusiveList<ServerStream> streams_;  // owned
  event::Timer timer_;
  base::MonoTime watching_until_ = base::MonoTime::max();  // when timer_ fires
  base::MonoTime start_;
  base::MonoTime idle_since_;
  base::MonoTime head_since_{};  // first byte of an unfinished head; epoch: none
  base::MonoTime drain_until_ = base::MonoTime::max();  // HTTP/2, after GOAWAY
  const uint64_t id_;
  uint32_t requests_ = 0;
  uint32_t stream_count_ = 0;
  bool is_protocol_known_ = false;
  bool has_lost_stream_ = false;
  bool is_draining_ = false;
  bool is_over_ = false;
};

}  // namespace outrigger::downstream
