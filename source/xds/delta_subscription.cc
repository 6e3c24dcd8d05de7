#include <deque>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "envoy/service/discovery/v3/discovery.pb.h"
#include "source/base/check.h"
#include "source/xds/subscription.h"

namespace outrigger::xds {
namespace {

using envoy::config::core::v3::Node;
using envoy::service::discovery::v3::DeltaDiscoveryRequest;

constexpr int kInvalidArgument = 3;  // google.rpc.Code

// A stream's first request says everything, later ones only what changed. Each response gets an
// answer of its own, which carries no change of names: a change carries no nonce.
class DeltaSubscription final : public Subscription {
 public:
  DeltaSubscription(std::string_view type_url, bool is_wildcard, HeldVersions held)
      : type_url_(type_url), is_wildcard_(is_wildcard), held_(std::move(held)) {}

  void BeginWildcard() override {
    DCHECK(is_wildcard_);
    has_begun_ = true;
  }

  void SetInterest(const std::string& name, bool is_wanted) override {
    DCHECK(!is_wildcard_);
    if (is_wanted) {
      names_.insert(name);
    } else {
      names_.erase(name);
    }
    // Both since the last request: the server need not hear of it.
    const auto [change, is_new] = changes_.try_emplace(name, is_wanted);
    if (!is_new && change->second != is_wanted) changes_.erase(change);
  }

  void StartStream() override {
    has_asked_ = false;
    answers_.clear();
  }

  void SetAnswer(Answer answer) override { answers_.push_back(std::move(answer)); }

  std::optional<std::string> TakeRequest(const Node* node) override {
    DeltaDiscoveryRequest request;
    if (!has_asked_) {
      changes_.clear();
      answers_.clear();  // nobody asked for what they answer
      if (is_wildcard_ ? !has_begun_ : names_.empty()) return std::nullopt;
      AskForAll(request);
    } else if (!answers_.empty()) {
      TakeAnswer(request);
    } else if (!changes_.empty()) {
      TakeChanges(request);
    } else {
      return std::nullopt;
    }
    if (node != nullptr) *request.mutable_node() = *node;
    request.set_type_url(type_url_);
    return request.SerializeAsString();
  }

 private:
  // No name at all is the wildcard. What is held at which version saves the server from sending it
  // again; of a refused resource that is the version before.
  void AskForAll(DeltaDiscoveryRequest& request) {
    has_asked_ = true;
    for (const std::string& name : names_) request.add_resource_names_subscribe(name);
    held_([&](const std::string& name, const std::string& version) {
      (*request.mutable_initial_resource_versions())[name] = version;
    });
  }

  void TakeAnswer(DeltaDiscoveryRequest& request) {
    Answer answer = std::move(answers_.front());
    answers_.pop_front();
    request.set_response_nonce(std::move(answer.nonce));
    if (!answer.refusal.empty()) {
      request.mutable_error_detail()->set_code(kInvalidArgument);
      request.mutable_error_detail()->set_message(std::move(answer.refusal));
    }
  }

  void TakeChanges(DeltaDiscoveryRequest& request) {
    for (const auto& [name, is_wanted] : std::exchange(changes_, {})) {
      if (is_wanted) {
        request.add_resource_names_subscribe(name);
      } else {
        request.add_resource_names_unsubscribe(name);
      }
    }
  }

  const std::string type_url_;
  const bool is_wildcard_;
  const HeldVersions held_;
  absl::btree_set<std::string> names_;
  absl::btree_map<std::string, bool> changes_;  // since the last request; true: subscribe
  std::deque<Answer> answers_;  // as many as responses came between two turns of the loop
  bool has_begun_ = false;
  bool has_asked_ = false;  // on this stream
};

}  // namespace

std::unique_ptr<Subscription> NewDeltaSubscription(std::string_view type_url, bool is_wildcard,
                                                   HeldVersions held) {
  return std::make_unique<DeltaSubscription>(type_url, is_wildcard, std::move(held));
}

}  // namespace outrigger::xds
