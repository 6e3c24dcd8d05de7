#pragma once

#include "source/base/buffer.h"
#include "source/http/head.h"
#include "source/http/stream_error.h"

// The seam between one stream and the codec of its connection. HTTP/1 and HTTP/2 implement the
// writers; the server side of a stream and the router implement the receivers. All on one worker.
//
//   peer -> codec -> Receiver -> ...          ... -> Writer -> codec -> peer
//
// A direction is: one head, body pieces, at most one trailer section. `last` on head or body says
// that nothing follows in this direction.
//
// Tunnels (RequestHead::asks_for_tunnel, ResponseHead::switches_protocol): until the response's
// head no body is written to an upstream; a client on HTTP/2 may send some all the same, one on
// HTTP/1 is not read. Where the head switches the protocol, body pieces are opaque, there are no
// trailers, each direction ends by itself with a `last` piece, and writer and receiver stay until
// both have. Where it does not, the request is over with it.

namespace outrigger::http {

// What both kinds of receiver hear about the output side of their codec.
class OutputEvents {
 public:
  virtual ~OutputEvents() = default;
  // The codec holds more unsent bytes of this stream than its watermark: stop producing.
  virtual void OnOutputHigh() = 0;
  // It fell low again. In turns with OnOutputHigh.
  virtual void OnOutputLow() = 0;
};

// The request as it arrives at our server side. After the last piece only OnRequestError may come,
// with kConnectionClosed: the client did not wait for the response.
class RequestReceiver : public OutputEvents {
 public:
  // Where the codec builds the head; its arena is the stream's. Asked before OnRequestHead, and
  // again when a tunnel begins.
  virtual RequestHead& request_head() = 0;
  virtual HeaderMap& request_trailers() = 0;
  virtual void OnRequestHead(bool last) = 0;  // once
  // Takes all of `piece`.
  virtual void OnRequestBody(base::Buffer& piece, bool last) = 0;  // any number of times
  virtual void OnRequestTrailers() = 0;                            // at most once, last
  // The request broke a rule (kProtocol, kLimit: answer error.status if the response has not
  // begun; an HTTP/1 codec takes no more requests after), the client gave it up (kReset), or its
  // connection died (kConnectionClosed). After the last two the writer is gone.
  // Last call. May come instead of OnRequestHead.
  virtual void OnRequestError(const StreamError& error) = 0;
};

// Our response on its way to the client. Owner: the codec; valid until the response's last piece
// was written, Reset was called or OnRequestError(kConnectionClosed or kReset) was heard.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;
  virtual void WriteInformational(const ResponseHead& head) = 0;  // 1xx but 101, before the head
  virtual void WriteHead(const ResponseHead& head, bool last) = 0;
  virtual void WriteBody(base::Buffer& piece, bool last) = 0;  // takes all of it
  virtual void WriteTrailers(const HeaderMap& trailers) = 0;   // ends the response
  // Ends the exchange without a complete response: HTTP/1 closes the connection.
  virtual void Reset(const StreamError& error) = 0;
  // Back-pressure on the request body; counted.
  virtual void PauseReading() = 0;
  virtual void ResumeReading() = 0;
};

// Where a server codec announces requests.
class ServerStreams {
 public:
  virtual ~ServerStreams() = default;
  // A request began: its head is complete or broke a rule. The receiver must stay until the
  // response's last piece was written, Reset was called or it heard kConnectionClosed or kReset;
  // the codec forgets it then. HTTP/1: one at a time, a pipelined request waits for the response
  // before it. HTTP/2: any number at a time.
  virtual RequestReceiver& NewStream(ResponseWriter& writer) = 0;
  // At most once: the client broke a rule of its connection that is no stream's (HTTP/2), and the
  // connection ends. What has a counter of its own, such as a flood, is not told.
  virtual void OnProtocolError() {}
  // At most once, last: the codec closed the connection at once, so OnClosed will not come. From
  // inside OnData, Refuse, ResponseWriter::Reset, or from the loop.
  virtual void OnCodecDone() = 0;
};

// HTTP as the server of one connection speaks it, whichever version.
// Owner: the holder of the connection, who hands OnData, OnClosed and the output events on.
// Thread: the connection's worker.  Lifetime: as the connection's.
class ServerCodec {
 public:
  virtual ~ServerCodec() = default;
  virtual void OnData(base::Buffer& in, bool end) = 0;
  // The connection is gone. Streams are forgotten without a call: their owner ends them. Last call.
  virtual void OnClosed() = 0;
  virtual void OnOutputHigh() = 0;
  virtual void OnOutputLow() = 0;
  // Tells the client that the connection ends. HTTP/1: the present response, or the next one, says
  // `Connection: close` and is the last. HTTP/2: GOAWAY; streams that are open or that the client
  // had begun before it knew go on to their end, then OnCodecDone.
  virtual void Drain() = 0;
  // A request's head did not complete in time: answered where there is one to answer (HTTP/1),
  // else the connection ends (HTTP/2). Only while is_idle() or is_reading_head().
  virtual void Refuse(const StreamError& error) = 0;
  // No stream is open and no part of a head has come.
  virtual bool is_idle() const = 0;
  virtual bool is_reading_head() const = 0;
};

// The response as it arrives from an upstream.
class ResponseReceiver : public OutputEvents {
 public:
  // Where the codec builds heads (1xx ones too: it is cleared before each); the stream's arena.
  virtual ResponseHead& response_head() = 0;
  virtual HeaderMap& response_trailers() = 0;
  virtual void OnInformational() = 0;                               // any number of times, first
  virtual void OnResponseHead(bool last) = 0;                       // once
  virtual void OnResponseBody(base::Buffer& piece, bool last) = 0;  // takes all of `piece`
  virtual void OnResponseTrailers() = 0;                            // at most once, last
  // The exchange failed; last call, at any time before the response's end.
  virtual void OnResponseError(const StreamError& error) = 0;
};

// Our request on its way to an upstream. Owner: the codec; valid until the response's last piece
// or OnResponseError was received, or Reset was called.
class RequestWriter {
 public:
  virtual ~RequestWriter() = default;
  virtual void WriteHead(const RequestHead& head, bool last) = 0;
  virtual void WriteBody(base::Buffer& piece, bool last) = 0;
  virtual void WriteTrailers(const HeaderMap& trailers) = 0;
  // Gives the exchange up; no receiver call follows. HTTP/1 closes the connection.
  virtual void Reset() = 0;
  virtual void PauseReading() = 0;  // back-pressure on the response body; counted
  virtual void ResumeReading() = 0;
};

}  // namespace outrigger::http
