#pragma once

// The routes table and how a request finds its row. A pattern is segments: literals and captures
// ("/baseR4/{type}/{id}/_history/{version}"). "${name}" captures a segment that begins with '$',
// the '$' included; "{name*}" at the end captures the rest, one segment or more. Literal segments
// win over captures, and "${…}" over "{…}". Immutable once built; safe from any thread.

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace lightbox::http {

struct RoutePattern {
  Method method;
  std::string_view pattern;
};

struct RouteMatch {
  std::size_t index = 0;              // into the table
  std::vector<std::string> captures;  // decoded, in the order of the pattern
};

class Router {
 public:
  explicit Router(std::span<const RoutePattern> table);
  // Of the rows of a table that says more of each route than its method and pattern.
  template <typename Route>
  static Router of(std::span<const Route> routes) {
    std::vector<RoutePattern> table;
    for (const Route& route : routes) table.push_back({route.method, route.pattern});
    return Router(table);
  }
  // not_found, or method_not_allowed with `allowed` filled for the Allow field. HEAD finds the GET
  // row.
  Result<RouteMatch> match(Method method, std::string_view path, std::string& allowed) const;

 private:
  struct Row {
    Method method;
    std::size_t index;
    std::vector<std::string> segments;  // "{…}" is a capture
  };
  std::vector<Row> rows_;
};

}  // namespace lightbox::http
