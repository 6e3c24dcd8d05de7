#pragma once

#include <optional>
#include <string>
#include <vector>

#include "source/route/route_table.h"

namespace outrigger::route {

// What RouteTable promises, said the slow and plain way: every route asked in turn.
// A condition on the header "x" stands for all conditions.
struct ReferenceRoute {
  PathMatch path;
  std::optional<std::string> header_x;
};
struct ReferenceHost {
  std::vector<std::string> domains;
  std::vector<ReferenceRoute> routes;
};
using ReferenceTable = std::vector<ReferenceHost>;

// "<host number>/<route number>", or "" when nothing matches.
std::string FindLinearly(const ReferenceTable& table, const http::RequestHead& head);

// The same table for RouteTable::Compile, its routes named by their numbers as above.
RouteTableSpec ToSpec(const ReferenceTable& table);

}  // namespace outrigger::route
