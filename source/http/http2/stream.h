#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "source/base/buffer.h"
#include "source/base/clock.h"
#include "source/base/intrusive_list.h"
#include "source/http/header_map.h"
#include "source/http/http2/closed_streams.h"
#include "source/http/http2/outgoing_fields.h"

namespace outrigger::http::http2 {

class Framer;

struct DueStreams {};       // tag: something is to be delivered
struct FlushingStreams {};  // tag: written to the end, waiting for the peer

// One stream of a connection, as both sides know it: body in both directions, its end, its reset.
// Heads are the business of ServerStream and ClientStream.
// Owner: the session's StreamTable.  Lifetime: until is_over(), then to the next sweep.
// What comes from nghttp2 is noted down; Deliver tells it to the receiver, outside the library.
class Stream : public base::ListLink<>,
               public base::ListLink<DueStreams>,
               public base::ListLink<FlushingStreams> {
 public:
  explicit Stream(Framer& framer) : framer_(framer) {}
  virtual ~Stream() = default;

  int32_t id() const { return id_; }

  // From nghttp2, by way of the framer.
  void TakeBody(base::Slice piece);
  void TakeEnd();
  // nghttp2 forgets the stream. How it ended, for those who send to it still.
  ClosedStreams::End TakeClose(uint32_t error_code, bool by_peer);
  // What may go into a DATA frame of at most `room` bytes, in nghttp2's words.
  ssize_t OfferBody(size_t room, uint32_t* flags);
  // Moves that many bytes to the connection's output.
  void MoveBody(size_t size, base::Buffer& to);
  // Our END_STREAM went out.
  virtual void OnEndSent() { base::ListLink<FlushingStreams>::Unlink(); }

  // Tells what is due to the user of the stream.
  virtual void Deliver() = 0;
  // The connection is over. Last call but the destructor.
  virtual void OnConnectionLost(std::string_view detail) = 0;
  // nghttp2 knows it no longer, and its user holds no reference.
  bool is_over() const { return is_closed_ && is_let_go(); }
  // When the peer last took something of a message that was written to its end.
  base::MonoTime flushing_since() const { return flushing_since_; }
  // That was too long ago.
  void GiveUpFlush();

 protected:
  virtual bool is_let_go() const = 0;
  // Notes that the body is not as long as content-length said; Deliver reports it.
  virtual void OnBadLength() = 0;

  // Output
  // Where nghttp2 asks for body.
  nghttp2_data_provider BodySource();
  void QueueBody(base::Buffer& piece, bool last);
  void QueueTrailers(const HeaderMap& trailers);
  void DropOutput();
  // +1: the output rose above its watermark; -1: it fell below; 0: neither.
  int CrossedWatermark();
  void SendReset(uint32_t error_code);
  // nghttp2 never knew it.
  void CloseUnopened();

  // Input
  void MarkDue();
  void Pause() { ++pauses_; }
  void Resume();
  bool has_input_to_deliver() const { return pauses_ == 0 && (!held_.empty() || is_end_held_); }
  // What is held, with the stream's window given back.
  base::Buffer TakeHeld();
  // No one wants what came, nor what still comes: it is dropped, and the window stays shut.
  void DiscardInput();

  Framer& framer_;
  int32_t id_ = -1;
  uint32_t close_code_ = 0;
  uint32_t abort_code_ = 0;     // not 0: the message ends by a reset behind its last byte
  uint32_t flushed_bytes_ = 0;  // since flushing_since_
  base::Buffer output_;
  base::Buffer held_;  // received, not delivered
  std::unique_ptr<KeptFields> trailers_;
  std::optional<uint64_t> length_left_;  // of the body that content-length promised
  base::MonoTime flushing_since_{};
  uint16_t pauses_ = 0;
  bool is_reset_by_us_ = false;
  bool is_reset_by_peer_ = false;
  bool is_output_ended_ = false;
  bool is_output_high_ = false;
  bool is_deferred_ = false;  // nghttp2 waits for body
  bool is_fair_ = false;      // takes turns with the others of its connection
  bool is_input_ended_ = false;
  bool is_end_held_ = false;  // the end came and was not delivered
  bool discards_input_ = false;
  bool is_closed_ = false;  // nghttp2 knows it no longer
};

}  // namespace outrigger::http::http2
