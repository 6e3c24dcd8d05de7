#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "source/http/head.h"
#include "source/route/route.h"

// What routes write over paths and hosts. All results live in the head's arena or in the route.
namespace outrigger::route {

// The target after the route's rewrite, its query kept; nullopt: the route leaves it alone.
std::optional<std::string_view> RewriteTarget(const PathMatch& matched, const PathRewrite& rewrite,
                                              http::RequestHead& head);

// The host after the rewrites that need no endpoint; nullopt: the route leaves it alone.
// `target_host` is the weighted cluster's own, which wins, or empty.
std::optional<std::string_view> RewriteHost(const HostRewrite& rewrite,
                                            std::string_view target_host, http::RequestHead& head);

// Writes `host` over the head's, appending the old one to x-forwarded-host where the route says so.
void ReplaceHost(const HostRewrite& rewrite, std::string_view host, http::RequestHead& head);

// The Location of a redirect of this request.
std::string RedirectLocation(const PathMatch& matched, const RedirectAction& action,
                             const http::RequestHead& head);

}  // namespace outrigger::route
