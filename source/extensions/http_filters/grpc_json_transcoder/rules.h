#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/config/place.h"
#include "source/extensions/http_filters/grpc_json_transcoder/field_text.h"
#include "source/extensions/http_filters/grpc_json_transcoder/message_types.h"
#include "source/extensions/http_filters/grpc_json_transcoder/path_template.h"
#include "source/extensions/http_filters/grpc_json_transcoder/path_trie.h"

namespace google::protobuf {
class MethodDescriptor;
}
namespace google::api {
class HttpRule;
}

namespace outrigger::grpc_json_transcoder {

// One way to call one gRPC method over HTTP: a google.api.http rule, compiled.
struct Rule {
  enum class Body : uint8_t { kNone, kMessage, kField };

  const google::protobuf::Descriptor* request = nullptr;
  const google::protobuf::Descriptor* response = nullptr;
  std::string grpc_path;  // "/bookstore.Bookstore/GetShelf"
  bool client_streams = false;
  bool server_streams = false;

  PathTemplate path;
  std::vector<FieldPath> variables;  // one for each of path.variables
  Body body = Body::kNone;
  const google::protobuf::FieldDescriptor* body_field = nullptr;      // of Body::kField
  const google::protobuf::FieldDescriptor* response_field = nullptr;  // null: the whole message
  bool takes_raw_body = false;  // the body is a google.api.HttpBody
  bool gives_raw_body = false;

  std::string name;  // for messages: `bookstore.Bookstore.GetShelf, GET "/shelves/{shelf}"`
};

// The rules of the chosen services.
// Thread: any, once filled. Lifetime: borrows the types.
class Rules {
 public:
  explicit Rules(const MessageTypes& types) : types_(types) {}

  // Adds the methods of a service; what is wrong is said by method and template. `maps_all`: a
  // method without a rule is called by POST to its gRPC path.
  void AddService(const google::protobuf::ServiceDescriptor& service, bool maps_all,
                  const config::Place& place);
  struct Match {
    const Rule* rule = nullptr;
    PathMatch path;
  };
  // See PathTrie. Null when no rule matches.
  Match Find(std::string_view method, std::string_view path, bool knows_verbs_only) const;
  bool empty() const { return rules_.empty(); }

 private:
  void AddRule(const google::protobuf::MethodDescriptor& method, const google::api::HttpRule& rule,
               const config::Place& place);
  absl::Status ReadBodies(const google::api::HttpRule& from, Rule& rule) const;
  absl::Status ReadVariables(Rule& rule) const;

  const MessageTypes& types_;
  PathTrie trie_;
  std::vector<Rule> rules_;
};

}  // namespace outrigger::grpc_json_transcoder
