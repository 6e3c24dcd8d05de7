#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "source/control/snapshot.h"

namespace outrigger::control {

// A response that is to be sent, in the terms of both protocol variants.
struct Push {
  std::string type_url;
  std::string version;
  std::string nonce;
  std::vector<ResourcePtr> resources;
  std::vector<std::string> removed;  // delta only
};

// What a request turned out to be.
enum class RequestKind {
  kSubscribe,  // the first of its type, or a change of what is wanted
  kAck,        // takes the response in flight; may change what is wanted as well
  kNack,       // refuses it
  kStale,      // answers a response that is no longer the last one; ignored
};

// LDS and CDS: a response holds the full state, and no names at first means all of them
// (xDS protocol, "How the client specifies what resources to return").
bool IsFullStateType(std::string_view type_url);

// The names that a client wants of one type.
class WantedNames {
 public:
  bool Has(const std::string& name) const { return everything_ || names_.count(name) > 0; }
  bool has_everything() const { return everything_; }
  const std::set<std::string>& names() const { return names_; }

  // "*" stands for everything. Both return whether something changed.
  bool Add(const std::string& name);
  bool Remove(const std::string& name);
  void Clear();

  // What the client wants and `set` has, ordered by name.
  std::vector<ResourcePtr> In(const ResourceSet& set) const;

 private:
  bool everything_ = false;
  std::set<std::string> names_;
};

}  // namespace outrigger::control
