#include "source/config/loading/unknown_fields.h"

#include <memory>
#include <utility>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/unknown_field_set.h>
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "source/config/loading/message_types.h"
#include "source/config/loading/message_walk.h"

namespace outrigger::loading {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;
using google::protobuf::UnknownFieldSet;

class Search {
 public:
  // `depth` guards the stack against an Any inside an Any inside an Any...
  void Visit(const Message& message, const std::string& path, int depth) {
    constexpr int kMaxDepth = 200;
    if (depth > kMaxDepth) return;
    Note(message, path);
    if (message.GetDescriptor()->well_known_type() == Descriptor::WELLKNOWNTYPE_ANY) {
      const auto inner = DecodeAny(static_cast<const google::protobuf::Any&>(message));
      if (inner != nullptr) Visit(*inner, path, depth + 1);
      return;
    }
    ForEachChild(message, [&](const Message& child, const std::string& step) {
      Visit(child, path.empty() ? step : absl::StrCat(path, ".", step), depth + 1);
    });
  }

  std::vector<UnknownField> TakeFound() { return std::move(found_); }

 private:
  void Note(const Message& message, const std::string& path) {
    const UnknownFieldSet& fields = message.GetReflection()->GetUnknownFields(message);
    for (int i = 0; i < fields.field_count(); ++i) {
      const int number = fields.field(i).number();
      const auto [slot, is_new] =
          index_.emplace(std::make_pair(message.GetDescriptor(), number), found_.size());
      if (is_new) found_.push_back({path, message.GetDescriptor()->full_name(), number, 0});
      ++found_[slot->second].count;
    }
  }

  std::vector<UnknownField> found_;
  absl::flat_hash_map<std::pair<const Descriptor*, int>, size_t> index_;
};

}  // namespace

std::vector<UnknownField> FindUnknownFields(const Message& message) {
  Search search;
  search.Visit(message, "", 0);
  return search.TakeFound();
}

std::string Describe(const UnknownField& field) {
  return absl::StrCat(field.path, field.path.empty() ? "" : ": ", "unknown field ", field.number,
                      " of ", field.message_type);
}

}  // namespace outrigger::loading
