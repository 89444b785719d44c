#include "fhir/terminology.h"

#include <algorithm>
#include <fmt/format.h>

#include "fhir/findings.h"
#include "fhir/index.h"
#include "fhir/terminology_evaluate.h"

namespace lightbox::fhir {
namespace {

// url|version
std::pair<std::string_view, std::string_view> split_canonical(std::string_view canonical) {
  const auto bar = canonical.find('|');
  if (bar == std::string_view::npos) return {canonical, {}};
  return {canonical.substr(0, bar), canonical.substr(bar + 1)};
}

Problem unknown(std::string_view kind, std::string_view canonical) {
  return problem(ProblemKind::not_found,
                 fmt::format("The {} {} is not known: it is not built in, and no {} with this url "
                             "is stored here",
                             kind, quoted(canonical), kind));
}

// What a search's URL asks for is a fault of the request, whatever an operation would call it.
Problem of_request(Problem problem) {
  problem.kind = ProblemKind::invalid;
  return problem;
}

Problem too_many(std::string_view what, std::size_t codes, std::size_t codes_max) {
  return problem(ProblemKind::invalid, "too-costly",
                 fmt::format("{} has {} codes; a search takes {} at most (search_values_max)", what,
                             codes, codes_max));
}

}  // namespace

std::string CodeSystem::key(std::string_view code) const {
  return is_case_sensitive ? std::string(code) : normalise(code);
}

const Concept* CodeSystem::find(std::string_view code) const {
  const auto found = by_code.find(key(code));
  return found == by_code.end() ? nullptr : &concepts[found->second];
}

std::vector<const Concept*> CodeSystem::ancestors(const Concept& of) const {
  std::vector<bool> marked(concepts.size());
  std::vector<const Concept*> next{&of};
  while (!next.empty()) {
    const Concept* at = next.back();
    next.pop_back();
    const auto place = static_cast<std::size_t>(at - concepts.data());
    if (marked[place]) continue;
    marked[place] = true;
    for (const std::uint32_t parent : at->parents) next.push_back(&concepts[parent]);
  }
  std::vector<const Concept*> found;
  for (std::size_t i = 0; i < concepts.size(); ++i) {
    if (marked[i]) found.push_back(&concepts[i]);
  }
  return found;
}

std::vector<const Concept*> CodeSystem::descendants(const Concept& of) const {
  std::vector<std::vector<std::uint32_t>> children(concepts.size());
  for (std::uint32_t i = 0; i < concepts.size(); ++i) {
    for (const std::uint32_t parent : concepts[i].parents) children[parent].push_back(i);
  }
  std::vector<bool> marked(concepts.size());
  std::vector<std::uint32_t> next{static_cast<std::uint32_t>(&of - concepts.data())};
  while (!next.empty()) {
    const std::uint32_t at = next.back();
    next.pop_back();
    if (marked[at]) continue;
    marked[at] = true;
    next.insert(next.end(), children[at].begin(), children[at].end());
  }
  std::vector<const Concept*> found;
  for (std::size_t i = 0; i < concepts.size(); ++i) {
    if (marked[i]) found.push_back(&concepts[i]);
  }
  return found;
}

bool CodeSystem::subsumes(const Concept& ancestor, const Concept& descendant) const {
  const auto above = ancestors(descendant);
  return std::ranges::find(above, &ancestor) != above.end();
}

Terminology::Terminology(FindStored find_stored, const Limits& limits)
    : find_stored_(std::move(find_stored)), limits_(limits) {}

Result<Terminology::CodeSystemPointer> Terminology::code_system(std::string_view canonical) const {
  const auto [url, version] = split_canonical(canonical);
  if (find_stored_) {
    TRY(auto text, find_stored_(Kind::code_system, url, version));
    if (text) {
      TRY(auto document, parse_json(*text, limits_));
      return read_code_system(std::move(document));
    }
  }
  if (auto known = built_in_code_system(url, version)) return known;
  return unknown("CodeSystem", canonical);
}

Result<Terminology::ValueSetPointer> Terminology::value_set(std::string_view canonical) const {
  const auto [url, version] = split_canonical(canonical);
  if (find_stored_) {
    TRY(auto text, find_stored_(Kind::value_set, url, version));
    if (text) {
      TRY(auto document, parse_json(*text, limits_));
      return read_value_set(std::move(document));
    }
  }
  if (auto known = built_in_value_set(url, version)) return known;
  return unknown("ValueSet", canonical);
}

Result<std::vector<ExpandedCode>> Terminology::expand(const ValueSetContent& value_set,
                                                      const ExpansionFilter& filter) const {
  return ValueSetEvaluation(*this, limits_).list(value_set, filter);
}

Result<std::optional<ExpandedCode>> Terminology::find_in(const ValueSetContent& value_set,
                                                         std::string_view system,
                                                         std::string_view code) const {
  return ValueSetEvaluation(*this, limits_).find(value_set, system, code);
}

Result<std::vector<SystemCode>> Terminology::codes_in(std::string_view canonical,
                                                      std::size_t codes_max) const {
  const auto content = value_set(canonical);
  if (!content) return of_request(content.error());
  auto codes = expand(**content);
  if (!codes) return of_request(codes.error());
  if (codes->size() > codes_max) {
    return too_many(fmt::format("The ValueSet {}", quoted(canonical)), codes->size(), codes_max);
  }
  std::vector<SystemCode> found;
  found.reserve(codes->size());
  for (ExpandedCode& code : *codes) {
    found.push_back({std::move(code.system), std::move(code.code)});
  }
  return found;
}

Result<std::vector<SystemCode>> Terminology::related(std::string_view system, std::string_view code,
                                                     Direction direction,
                                                     std::size_t codes_max) const {
  const auto known = code_system(system);
  if (!known) return of_request(known.error());
  const Concept* start = (*known)->find(code);
  if (start == nullptr) {
    return problem(ProblemKind::invalid, "code-invalid",
                   fmt::format("The CodeSystem {} has no code {} that is known here",
                               quoted(system), quoted(code)));
  }
  if (!(*known)->is_complete()) {
    return problem(ProblemKind::invalid, "not-supported",
                   fmt::format("Of the CodeSystem {} only a part is known here, and not what is "
                               "above and below its codes",
                               quoted(system)));
  }
  const auto concepts =
      direction == Direction::above ? (*known)->ancestors(*start) : (*known)->descendants(*start);
  if (concepts.size() > codes_max) return too_many(quoted(code), concepts.size(), codes_max);
  std::vector<SystemCode> found;
  found.reserve(concepts.size());
  for (const Concept* one : concepts) {
    found.push_back({std::string((*known)->url), std::string(one->code)});
  }
  return found;
}

}  // namespace lightbox::fhir
