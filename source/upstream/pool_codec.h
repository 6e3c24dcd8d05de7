#pragma once

#include <cstdint>

#include "source/base/buffer.h"
#include "source/http/codec.h"
#include "source/net/connection.h"

namespace outrigger::upstream {

// What a pool asks about one connection when something on it has changed.
struct PoolCodecState {
  uint32_t open = 0;       // exchanges that go on
  uint32_t limit = 0;      // exchanges that the peer lets go on at a time; 0: it did not say yet
  bool takes_more = true;  // false: no exchange will ever begin here again
  bool was_announced = false;   // the peer said that it will close: `Connection: close`, GOAWAY
  bool has_broken_off = false;  // an exchange, with the connection or by our own reset
};

// Who holds a PoolCodec.
class PoolCodecEvents {
 public:
  virtual ~PoolCodecEvents() = default;
  // Exchanges ended, may begin again or never will. From inside OnData, OnClosed, a request's
  // Reset, or from the loop; any number of times. When nothing is open and takes_more is false, the
  // codec is done and its connection closed, or about to be by its holder.
  virtual void OnCodecChange() = 0;
};

// HTTP as the client of one connection of a pool speaks it: HTTP/1 or HTTP/2, in the few words that
// a pool needs.
// Owner: the PoolConnection, which hands its connection's events on.  Thread: one worker.
class PoolCodec {
 public:
  virtual ~PoolCodec() = default;
  virtual http::Protocol protocol() const = 0;  // kHttp11 or kHttp2
  // How many exchanges may begin now.
  virtual uint32_t places() const = 0;
  virtual PoolCodecState state() const = 0;
  // While places() > 0. The receiver must stay until its last call or Reset.
  virtual http::RequestWriter& StartRequest(http::ResponseReceiver& receiver) = 0;
  virtual void OnData(base::Buffer& in, bool end) = 0;
  virtual void OnClosed(net::CloseCause cause) = 0;
  virtual void OnOutputHigh() = 0;
  virtual void OnOutputLow() = 0;
};

}  // namespace outrigger::upstream
