#include "source/server/admin/runtime_page.h"

#include <google/protobuf/struct.pb.h>

#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "source/base/text.h"
#include "source/config/loading/message_json.h"
#include "source/server/admin/messages.h"

namespace outrigger::server {
namespace {

using google::protobuf::ListValue;
using google::protobuf::Struct;
using google::protobuf::Value;

// By key: one text for each layer, empty where the layer does not have the key.
using LayerTexts = absl::btree_map<std::string, std::vector<std::string>>;

std::string TextOf(const Value& value) {
  if (value.kind_case() == Value::kStringValue) return value.string_value();
  return loading::MessageToJson(value, loading::JsonStyle::kCompact).value_or("");
}

// A map is a prefix of keys, unless it is a FractionalPercent.
bool IsPrefix(const Value& value) {
  return value.has_struct_value() && !value.struct_value().fields().contains("numerator");
}

void Collect(const Struct& fields, const std::string& prefix, int layer, int layer_count,
             LayerTexts& out) {
  for (const auto& [name, value] : fields.fields()) {
    const std::string key = prefix.empty() ? name : base::StrCat(prefix, ".", name);
    if (IsPrefix(value)) {
      Collect(value.struct_value(), key, layer, layer_count, out);
      continue;
    }
    std::vector<std::string>& texts = out[key];
    texts.resize(static_cast<size_t>(layer_count));
    texts[static_cast<size_t>(layer)] = TextOf(value);
  }
}

Value EntryOf(const std::vector<std::string>& texts) {
  Value entry;
  auto& fields = *entry.mutable_struct_value()->mutable_fields();
  ListValue& values = *fields["layer_values"].mutable_list_value();
  std::string last;
  for (const std::string& text : texts) {
    values.add_values()->set_string_value(text);
    if (!text.empty()) last = text;  // later layers win
  }
  fields["final_value"].set_string_value(last);
  return entry;
}

}  // namespace

AdminReply ServeRuntime(const envoy::config::bootstrap::v3::LayeredRuntime& runtime) {
  LayerTexts texts;
  Struct message;
  ListValue& layers = *(*message.mutable_fields())["layers"].mutable_list_value();
  for (int i = 0; i < runtime.layers_size(); ++i) {
    layers.add_values()->set_string_value(runtime.layers(i).name());
    Collect(runtime.layers(i).static_layer(), "", i, runtime.layers_size(), texts);
  }
  Struct& entries = *(*message.mutable_fields())["entries"].mutable_struct_value();
  for (const auto& [key, of_layers] : texts) (*entries.mutable_fields())[key] = EntryOf(of_layers);
  return MessageReply(message);
}

}  // namespace outrigger::server
