#pragma once

#include <cstdint>
#include <string>

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include "absl/status/statusor.h"
#include "source/config/loading/document.h"

// Reads one scalar of a document as one type of protobuf, by the rules of protobuf's JSON mapping.
// More is accepted where the meaning is plain: a string field takes an unquoted 1.10 or true as
// written. Messages say only what is wrong and what would be right; the caller adds the place.
namespace outrigger::loading {

absl::StatusOr<bool> ReadBool(const Node& node);
absl::StatusOr<int64_t> ReadSigned(const Node& node, int64_t min, int64_t max);
absl::StatusOr<uint64_t> ReadUnsigned(const Node& node, uint64_t max);
absl::StatusOr<double> ReadDouble(const Node& node);
absl::StatusOr<float> ReadFloat(const Node& node);
absl::StatusOr<std::string> ReadString(const Node& node);
absl::StatusOr<std::string> ReadBase64(const Node& node);
// "1.5s", "-0.25s"
absl::StatusOr<google::protobuf::Duration> ReadDuration(const Node& node);
// "2024-05-01T12:00:00.5Z", RFC 3339
absl::StatusOr<google::protobuf::Timestamp> ReadTimestamp(const Node& node);

}  // namespace outrigger::loading
