#include "http/router.h"

#include <algorithm>

namespace lightbox::http {
namespace {

bool is_dollar_capture(std::string_view segment) { return segment.starts_with("${"); }
bool is_capture(std::string_view segment) {
  return segment.starts_with('{') || is_dollar_capture(segment);
}

bool is_rest(std::string_view segment) { return is_capture(segment) && segment.ends_with("*}"); }

// Which of two segments is the better one: a literal, "${…}", "{…}".
int rank(std::string_view segment) {
  return is_dollar_capture(segment) ? 1 : is_capture(segment) ? 2 : 0;
}

// "/a/b" -> "a", "b". One trailing slash is ignored: clients write "/baseR4/" for "/baseR4".
std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return segments;
}

// The same shape: literals equal, captures in the same places, whatever their names.
bool same_shape(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return (is_capture(x) && rank(x) == rank(y)) || x == y;
  });
}

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  const bool has_rest = !pattern.empty() && is_rest(pattern.back());
  if (has_rest ? path.size() < pattern.size() : path.size() != pattern.size()) return false;
  return std::equal(pattern.begin(), pattern.end(), path.begin(),
                    [](const std::string& segment, const std::string& given) {
                      if (is_dollar_capture(segment)) return given.starts_with('$');
                      return is_capture(segment) ? !given.empty() : segment == given;
                    });
}

void add_allowed(Method method, std::string& allowed) {
  const auto add = [&](std::string_view method_name) {
    if (!allowed.empty()) allowed += ", ";
    allowed += method_name;
  };
  add(name(method));
  if (method == Method::get) add(name(Method::head));
}

}  // namespace

Router::Router(std::span<const RoutePattern> table) {
  for (std::size_t index = 0; index < table.size(); ++index) {
    const auto segments = split(table[index].pattern);
    rows_.push_back({table[index].method, index, {segments.begin(), segments.end()}});
  }
  // Literals before captures, from the left: the first row that fits a path is then the best one.
  std::stable_sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) {
    return std::lexicographical_compare(
        a.segments.begin(), a.segments.end(), b.segments.begin(), b.segments.end(),
        [](const auto& x, const auto& y) { return rank(x) < rank(y); });
  });
}

Result<RouteMatch> Router::match(Method method, std::string_view path, std::string& allowed) const {
  allowed.clear();
  std::vector<std::string> given;
  for (const std::string_view segment : split(path)) {
    TRY(std::string decoded, decode_path_segment(segment));
    given.push_back(std::move(decoded));
  }
  const auto best = std::find_if(rows_.begin(), rows_.end(),
                                 [&](const Row& row) { return fits(row.segments, given); });
  if (best == rows_.end()) {
    return problem(ProblemKind::not_found, "There is nothing at " + std::string(path));
  }
  const Method wanted = method == Method::head ? Method::get : method;
  for (auto row = best; row != rows_.end(); ++row) {
    if (!same_shape(row->segments, best->segments)) continue;
    if (row->method != wanted) {
      add_allowed(row->method, allowed);
      continue;
    }
    allowed.clear();
    RouteMatch match{row->index, {}};
    const std::size_t count = row->segments.size();
    for (std::size_t i = 0; i < count; ++i) {
      if (is_capture(row->segments[i])) match.captures.push_back(std::move(given[i]));
    }
    for (std::size_t i = count; i < given.size(); ++i) match.captures.back() += '/' + given[i];
    return match;
  }
  return problem(ProblemKind::method_not_allowed,
                 std::string(method == Method::other ? "This method" : name(method)) +
                     " is not possible here; what is: " + allowed);
}

}  // namespace lightbox::http
