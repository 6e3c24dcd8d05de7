#pragma once

#include <string_view>

#include <google/protobuf/message.h>
#include "absl/types/span.h"

namespace outrigger::loading {

// A field whose content must not be shown: names as in the .proto file.
struct SensitiveField {
  std::string_view message;  // "envoy.extensions.transport_sockets.tls.v3.TlsCertificate"
  std::string_view field;    // "private_key"
};

// The fields of xDS that hold secrets. A new one is added here when its message enters api/.
absl::Span<const SensitiveField> SensitiveFields();

// Overwrites every string and byte in a sensitive field with "[redacted]", at any depth of
// `message`, also inside each Any and TypedStruct whose type is linked in; bytes whose type is not
// known stay. File names and names of environment variables stay too: they tell where a secret
// comes from, not what it is.
void Redact(google::protobuf::Message& message,
            absl::Span<const SensitiveField> sensitive = SensitiveFields());

}  // namespace outrigger::loading
