#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "source/http/header_map.h"

namespace outrigger::http::http2 {

// A head or trailer section in nghttp2's form. Nothing is copied but names that need lower case
// (by nghttp2): names and values must live until the frame was serialised.
using FieldList = absl::InlinedVector<nghttp2_nv, 24>;

void AppendField(std::string_view name, std::string_view value, FieldList& out);
// All but `host`, which goes as :authority, and what belongs to a connection (RFC 9113 8.2.2).
void AppendHeaders(const HeaderMap& headers, FieldList& out);
// As AppendHeaders, without what must not stand in trailers (RFC 9110 6.5.1).
void AppendTrailers(const HeaderMap& trailers, FieldList& out);

// Fields that have to wait, with copies of their own.
class KeptFields {
 public:
  explicit KeptFields(FieldList fields);
  const FieldList& fields() const { return fields_; }

 private:
  FieldList fields_;
  std::unique_ptr<char[]> bytes_;
};

// Whether the field may stand in a trailer section of ours or a peer's.
bool MayStandInTrailers(HeaderId id);
// RFC 9113 8.2.2: such a field makes a message malformed; `te` only if it is not "trailers".
bool IsForConnection(HeaderId id, std::string_view value);

}  // namespace outrigger::http::http2
