#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace outrigger::http {

// Values in logs come from clients. Both act on `out` from `begin` on, and cost one scan when there
// is nothing to do.

// Control bytes become \xNN: a value can neither end a line nor start a terminal's sequence.
void SanitizeText(std::string& out, size_t begin);
// What may stand between the quotes of a JSON string (RFC 8259 7). Bytes that are not UTF-8 become
// \u00NN.
void EscapeJson(std::string& out, size_t begin);

void AppendJsonString(std::string_view text, std::string& out);  // with its quotes

}  // namespace outrigger::http
