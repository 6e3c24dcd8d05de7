#pragma once

#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "source/config/loading/message_loader.h"

namespace outrigger::config {

// A message from YAML; a text that does not load fails the test.
template <typename Message>
Message FromYaml(std::string_view text) {
  Message message;
  const absl::Status status = loading::LoadMessageFromText(text, message);
  EXPECT_TRUE(status.ok()) << status.message() << "\n" << text;
  return message;
}

}  // namespace outrigger::config
