#include "source/config/loading/unpack_any.h"

#include <string_view>

#include <google/protobuf/struct.pb.h>
#include "absl/strings/str_cat.h"
#include "source/config/loading/absl_view.h"
#include "source/config/loading/dynamic_values.h"
#include "source/config/loading/message_loader.h"
#include "source/config/loading/message_types.h"

namespace outrigger::loading {
namespace {

using google::protobuf::Any;

bool IsTypedStruct(std::string_view type_name) {
  return type_name == "xds.type.v3.TypedStruct" || type_name == "udpa.type.v1.TypedStruct";
}

absl::Status NotValid(std::string_view type_name) {
  return absl::InvalidArgumentError(
      absl::StrCat("the bytes are not a valid ", AbslView(type_name)));
}

}  // namespace

absl::Status UnpackAny(const Any& any, google::protobuf::Message& out,
                       std::vector<std::string>* unknown_fields) {
  const std::string& wanted = out.GetDescriptor()->full_name();
  const std::string_view type_name = TypeName(any.type_url());
  if (type_name == wanted) {
    return out.ParseFromString(any.value()) ? absl::OkStatus() : NotValid(type_name);
  }
  if (!IsTypedStruct(type_name)) {
    return absl::InvalidArgumentError(
        absl::StrCat("must be of type ", wanted, ", got \"", any.type_url(), "\""));
  }
  // TypedStruct{string type_url = 1; Struct value = 2} has the bytes of an Any around a Struct, so
  // both packages' TypedStruct are read without either being linked in.
  Any typed_struct;
  google::protobuf::Struct fields;
  if (!typed_struct.ParseFromString(any.value()) || !fields.ParseFromString(typed_struct.value())) {
    return NotValid(type_name);
  }
  if (TypeName(typed_struct.type_url()) != wanted) {
    return absl::InvalidArgumentError(absl::StrCat("must be of type ", wanted, ", got a ",
                                                   AbslView(type_name), " of \"",
                                                   typed_struct.type_url(), "\""));
  }
  LoadOptions options;
  options.unknown_fields = unknown_fields;
  return LoadMessage(FromStruct(fields), out, options);
}

std::string ResolvedTypeName(const Any& any) {
  const std::string_view type_name = TypeName(any.type_url());
  Any typed_struct;
  if (!IsTypedStruct(type_name) || !typed_struct.ParseFromString(any.value())) {
    return std::string(type_name);
  }
  return std::string(TypeName(typed_struct.type_url()));
}

}  // namespace outrigger::loading
