#pragma once

#include <set>
#include <string>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

namespace outrigger::grpc_json_transcoder {

// A linked-in file with everything it imports, in order, as `protoc --include_imports` writes it.
inline void AddToSet(const google::protobuf::FileDescriptor& file,
                     google::protobuf::FileDescriptorSet& set, std::set<std::string>& done) {
  if (!done.insert(file.name()).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) AddToSet(*file.dependency(i), set, done);
  file.CopyTo(set.add_file());
  file.CopyJsonNameTo(set.mutable_file(set.file_size() - 1));
}

inline google::protobuf::FileDescriptorSet DescriptorSetOf(
    const google::protobuf::FileDescriptor& file) {
  google::protobuf::FileDescriptorSet set;
  std::set<std::string> done;
  AddToSet(file, set, done);
  return set;
}

}  // namespace outrigger::grpc_json_transcoder
