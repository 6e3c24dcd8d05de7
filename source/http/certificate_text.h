#pragma once

#include <string>
#include <string_view>

namespace outrigger::http {

// Appends a PEM text in the form that fits into a header and a log line: every byte but letters,
// digits, "-", "." and "_" as %XX (RFC 3986 2.1).
void AppendEncodedPem(std::string_view pem, std::string& out);

// Appends `value` in double quotes, in which only a backslash makes a quote part of the value. What
// is escaped already stays as it is; control bytes become %XX, so nothing ends the field.
void AppendQuoted(std::string_view value, std::string& out);

}  // namespace outrigger::http
