#include "source/config/upgrade_config.h"

#include "source/base/text.h"

namespace outrigger::config {

void CheckUpgradeName(const std::string& name, const http::UpgradeRules& before,
                      const Place& place) {
  const bool is_one_name = name.find_first_of(", \t") == std::string::npos;
  if (name.empty()) {
    place.Refuse("must be given");
  } else if (!is_one_name) {
    place.Refuse(base::StrCat("must be one protocol name, got \"", name, "\""));
  } else if (http::EqualsIgnoreCase(name, "h2c")) {
    place.Refuse(
        "h2c is HTTP, whose requests must not pass unseen; clients speak HTTP/2 with codec_type "
        "AUTO or HTTP2");
  } else if (before.Find(name)) {
    place.Refuse(base::StrCat("must be unique, got \"", name, "\" again"));
  }
}

}  // namespace outrigger::config
