#include "cli/problem_groups.h"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>

namespace lightbox::cli {
namespace {

constexpr std::size_t groups_max = 200;
constexpr std::size_t names_max = 3;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Its numbers and UIDs as one '#' each.
std::string pattern_of(const std::string& reason) {
  std::string out;
  for (const char c : reason) {
    const bool goes_on = out.ends_with('#') && (is_digit(c) || c == '.');
    if (!goes_on) out += is_digit(c) ? '#' : c;
  }
  return out;
}

}  // namespace

void ProblemGroups::add(const std::string& what, const std::string& name,
                        const std::string& reason) {
  ++total_;
  std::pair key(what, pattern_of(reason));
  const bool is_full = groups_.size() >= groups_max && !groups_.contains(key);
  if (is_full) key.second = "";
  Group& group = groups_[key];
  if (group.count++ == 0) group.reason = is_full ? "other reasons" : reason;
  if (group.names.size() < names_max) group.names.push_back(name);
}

void ProblemGroups::add(const std::string& what, const std::string& name, const Problem& problem) {
  add(what, name, problem.issues.empty() ? "" : problem.issues.front().diagnostics);
}

void ProblemGroups::print() const {
  std::vector<std::pair<std::string, const Group*>> sorted;
  for (const auto& [key, group] : groups_) sorted.emplace_back(key.first, &group);
  std::ranges::stable_sort(
      sorted, [](const auto& a, const auto& b) { return a.second->count > b.second->count; });
  for (const auto& [what, group] : sorted) {
    fmt::print(stderr, "{} {}: {}\n", group->count, what, group->reason);
    for (const auto& name : group->names) fmt::print(stderr, "    {}\n", name);
    if (group->count > group->names.size()) {
      fmt::print(stderr, "    and {} more\n", group->count - group->names.size());
    }
  }
}

}  // namespace lightbox::cli
