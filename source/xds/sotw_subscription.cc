#include <utility>

#include "absl/container/btree_set.h"
#include "envoy/service/discovery/v3/discovery.pb.h"
#include "source/base/check.h"
#include "source/xds/subscription.h"

namespace outrigger::xds {
namespace {

using envoy::config::core::v3::Node;
using envoy::service::discovery::v3::DiscoveryRequest;

constexpr int kInvalidArgument = 3;  // google.rpc.Code

// Every request says everything: all names, the last version that was accepted, and the nonce of
// the response that was answered last. So one flag is enough: a request is due, or it is not.
class SotwSubscription final : public Subscription {
 public:
  SotwSubscription(std::string_view type_url, bool is_wildcard)
      : type_url_(type_url), is_wildcard_(is_wildcard) {}

  void BeginWildcard() override {
    DCHECK(is_wildcard_);
    is_due_ = has_begun_ = true;
  }

  void SetInterest(const std::string& name, bool is_wanted) override {
    DCHECK(!is_wildcard_);
    if (is_wanted) {
      names_.insert(name);
    } else {
      names_.erase(name);
    }
    is_due_ = true;
  }

  void StartStream() override {
    nonce_.clear();
    refusal_.clear();
    has_asked_ = false;
    is_due_ = true;
  }

  void SetAnswer(Answer answer) override {
    if (answer.refusal.empty()) accepted_version_ = std::move(answer.version);
    nonce_ = std::move(answer.nonce);
    refusal_ = std::move(answer.refusal);
    is_due_ = true;
  }

  // A change of names while a response is still being compiled carries the nonce before it, so the
  // server ignores it as stale; the answer to that response then carries the names again.
  std::optional<std::string> TakeRequest(const Node* node) override {
    if (!std::exchange(is_due_, false) || !MayAsk()) return std::nullopt;
    has_asked_ = true;
    DiscoveryRequest request;
    if (node != nullptr) *request.mutable_node() = *node;
    request.set_type_url(type_url_);
    request.set_version_info(accepted_version_);
    request.set_response_nonce(nonce_);
    for (const std::string& name : names_) request.add_resource_names(name);
    if (!refusal_.empty()) {
      request.mutable_error_detail()->set_code(kInvalidArgument);
      request.mutable_error_detail()->set_message(std::exchange(refusal_, {}));
    }
    return request.SerializeAsString();
  }

 private:
  // An empty list is the wildcard while no name was sent on the stream; after that it means none.
  bool MayAsk() const { return is_wildcard_ ? has_begun_ : has_asked_ || !names_.empty(); }

  const std::string type_url_;
  const bool is_wildcard_;
  absl::btree_set<std::string> names_;
  std::string accepted_version_;
  std::string nonce_;    // of this stream; empty: nothing answered on it yet
  std::string refusal_;  // goes with the next request
  bool has_begun_ = false;
  bool has_asked_ = false;  // on this stream
  bool is_due_ = false;
};

}  // namespace

std::unique_ptr<Subscription> NewSotwSubscription(std::string_view type_url, bool is_wildcard) {
  return std::make_unique<SotwSubscription>(type_url, is_wildcard);
}

}  // namespace outrigger::xds
