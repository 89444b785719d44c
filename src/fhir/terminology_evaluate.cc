// ValueSet.compose as a list of codes, and as a question (R4, valueset.html#compositions): a value
// set is the union of its includes without its excludes; an include is what is in its part of its
// system and in every value set that it imports.

#include "fhir/terminology_evaluate.h"

#include <algorithm>
#include <fmt/format.h>
#include <unordered_set>

#include "fhir/findings.h"
#include "fhir/index.h"

namespace lightbox::fhir {
namespace {

// Steps of an evaluation for each code that an expansion may have.
constexpr std::size_t steps_per_code = 25;
constexpr std::size_t imports_depth_max = 32;

Problem refused(std::string_view code, std::string diagnostics) {
  return problem(ProblemKind::unprocessable, code, std::move(diagnostics));
}

void add_designations(const Json* of, ExpandedCode& code) {
  const Json* list = of == nullptr ? nullptr : of->find("designation");
  if (list == nullptr) return;
  for (const Json* item = list->first; item != nullptr; item = item->next) {
    write_json(*item, code.designations.emplace_back());
  }
}

ExpandedCode expanded(const CodeSystem& system, const Concept& from) {
  ExpandedCode code{.system = std::string(system.url),
                    .version = std::string(system.version),
                    .code = std::string(from.code),
                    .display = std::string(from.display),
                    .is_abstract = from.is_abstract,
                    .is_inactive = from.is_inactive,
                    .designations = {}};
  add_designations(from.json, code);
  return code;
}

// A code that a part lists; `known` is the concept in its system, when that is known.
ExpandedCode expanded(const ValueSetPart& part, const ValueSetCode& listed,
                      const CodeSystem* system) {
  const Concept* known = system == nullptr ? nullptr : system->find(listed.code);
  ExpandedCode code;
  if (known != nullptr) code = expanded(*system, *known);
  code.system = part.system;
  code.code = listed.code;
  if (!listed.display.empty()) code.display = listed.display;
  add_designations(listed.json, code);
  return code;
}

void list_contains(const Json* list, std::vector<ExpandedCode>& codes) {
  if (list == nullptr) return;
  for (const Json* item = list->first; item != nullptr; item = item->next) {
    const auto is_true = [item](std::string_view name) {
      const Json* flag = item->find(name);
      return flag != nullptr && flag->text == "true";
    };
    if (!item->string("code").empty()) {
      ExpandedCode& code = codes.emplace_back();
      code.system = item->string("system");
      code.version = item->string("version");
      code.code = item->string("code");
      code.display = item->string("display");
      code.is_abstract = is_true("abstract");
      code.is_inactive = is_true("inactive");
      add_designations(item, code);
    }
    list_contains(item->find("contains"), codes);
  }
}

std::string key_of(const ExpandedCode& code) { return code.system + '|' + code.code; }

// Each word is somewhere in the display, or the code begins with it.
bool has_words(const ExpandedCode& code, const std::vector<std::string>& words) {
  if (words.empty()) return true;
  const std::string display = normalise(code.display);
  const std::string own = normalise(code.code);
  return std::ranges::all_of(words, [&](const std::string& word) {
    return display.find(word) != std::string::npos || own.starts_with(word);
  });
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string normal = normalise(text);
  std::string_view rest = normal;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(' '), rest.size());
    if (end > 0) words.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return words;
}

}  // namespace

ValueSetEvaluation::ValueSetEvaluation(const Terminology& terminology, const Limits& limits)
    : terminology_(terminology), limits_(limits) {}

Result<std::vector<ExpandedCode>> ValueSetEvaluation::list(const ValueSetContent& value_set,
                                                           const ExpansionFilter& filter) {
  TRY(auto codes, list_all(value_set));
  const auto words = words_of(filter.text);
  std::erase_if(codes, [&](const ExpandedCode& code) {
    return (filter.active_only && code.is_inactive) || !has_words(code, words);
  });
  return codes;
}

Result<ValueSetEvaluation::Codes> ValueSetEvaluation::list_all(const ValueSetContent& value_set) {
  TRY_DO(enter(value_set));
  Codes codes;
  if (value_set.expansion != nullptr) list_contains(value_set.expansion->find("contains"), codes);
  std::unordered_set<std::string> seen;
  for (const ValueSetPart& part : value_set.includes) {
    TRY(auto more, list_part(part));
    for (ExpandedCode& code : more) {
      if (code.is_inactive && !value_set.has_inactive) continue;
      if (!seen.insert(key_of(code)).second) continue;
      TRY(const bool excluded, is_excluded(value_set, code));
      if (excluded) continue;
      codes.push_back(std::move(code));
    }
    TRY_DO(check_size(codes.size()));
  }
  path_.pop_back();
  return codes;
}

Result<ValueSetEvaluation::Codes> ValueSetEvaluation::list_part(const ValueSetPart& part) {
  TRY(const Prepared* prepared, prepare(part));
  Codes candidates;
  auto others = prepared->imports;
  if (!part.system.empty()) {
    TRY(candidates, list_system(part, *prepared));
  } else if (!others.empty()) {
    TRY(candidates, list_all(*others.front()));
    others.erase(others.begin());
  }
  if (others.empty()) return candidates;
  Codes kept;
  for (ExpandedCode& code : candidates) {
    TRY(const bool is_in, is_in_all(others, code));
    if (is_in) kept.push_back(std::move(code));
  }
  return kept;
}

Result<ValueSetEvaluation::Codes> ValueSetEvaluation::list_system(const ValueSetPart& part,
                                                                  const Prepared& prepared) {
  Codes codes;
  if (!part.codes.empty()) {
    for (const ValueSetCode& listed : part.codes) {
      codes.push_back(expanded(part, listed, prepared.system.get()));
    }
    TRY_DO(check_size(codes.size()));
    return codes;
  }
  if (!prepared.system->is_complete()) {
    return refused("not-supported",
                   fmt::format("Of the CodeSystem {} only a part is known here; its codes cannot "
                               "be listed",
                               quoted(part.system)));
  }
  for (const Concept& each : prepared.system->concepts) {
    bool is_match = true;
    for (const ConceptMatcher& matches : prepared.matchers) {
      TRY(is_match, matches(each));
      if (!is_match) break;
    }
    if (!is_match) continue;
    codes.push_back(expanded(*prepared.system, each));
    TRY_DO(check_size(codes.size()));
  }
  return codes;
}

Result<std::optional<ExpandedCode>> ValueSetEvaluation::find(const ValueSetContent& value_set,
                                                             std::string_view system,
                                                             std::string_view code) {
  TRY_DO(enter(value_set));
  Found found;
  if (value_set.expansion != nullptr) {
    Codes codes;
    list_contains(value_set.expansion->find("contains"), codes);
    const auto is_it = [&](const ExpandedCode& one) {
      return one.code == code && (system.empty() || one.system == system);
    };
    if (auto one = std::ranges::find_if(codes, is_it); one != codes.end()) found = *one;
  }
  for (const ValueSetPart& part : value_set.includes) {
    if (found) break;
    TRY(found, find_in_part(part, system, code));
    if (found && found->is_inactive && !value_set.has_inactive) found.reset();
    if (!found) continue;
    TRY(const bool excluded, is_excluded(value_set, *found));
    if (excluded) found.reset();
  }
  path_.pop_back();
  return found;
}

Result<std::optional<ExpandedCode>> ValueSetEvaluation::find_in_part(const ValueSetPart& part,
                                                                     std::string_view system,
                                                                     std::string_view code) {
  if (!part.system.empty() && !system.empty() && part.system != system) return Found();
  TRY_DO(count_step());
  TRY(const Prepared* prepared, prepare(part));
  Found found;
  auto others = prepared->imports;
  if (!part.system.empty()) {
    TRY(found, find_in_system(part, *prepared, code));
  } else if (!others.empty()) {
    TRY(found, find(*others.front(), system, code));
    others.erase(others.begin());
  }
  if (!found) return found;
  TRY(const bool is_in, is_in_all(others, *found));
  return is_in ? found : Found();
}

Result<std::optional<ExpandedCode>> ValueSetEvaluation::find_in_system(const ValueSetPart& part,
                                                                       const Prepared& prepared,
                                                                       std::string_view code) {
  if (!part.codes.empty()) {
    const auto listed = prepared.codes.find(code);
    if (listed == prepared.codes.end()) return Found();
    return Found(expanded(part, *listed->second, prepared.system.get()));
  }
  const Concept* known = prepared.system->find(code);
  if (known == nullptr) {
    if (prepared.system->is_complete()) return Found();
    return refused(
        "not-supported",
        fmt::format("Of the CodeSystem {} only a part is known here, and {} is not in it",
                    quoted(part.system), quoted(code)));
  }
  for (const ConceptMatcher& matches : prepared.matchers) {
    TRY(const bool is_match, matches(*known));
    if (!is_match) return Found();
  }
  return Found(expanded(*prepared.system, *known));
}

Result<bool> ValueSetEvaluation::is_in_all(
    const std::vector<Terminology::ValueSetPointer>& value_sets, const ExpandedCode& code) {
  for (const auto& value_set : value_sets) {
    TRY(const Found found, find(*value_set, code.system, code.code));
    if (!found) return false;
  }
  return true;
}

Result<bool> ValueSetEvaluation::is_excluded(const ValueSetContent& value_set,
                                             const ExpandedCode& code) {
  for (const ValueSetPart& part : value_set.excludes) {
    TRY(const Found found, find_in_part(part, code.system, code.code));
    if (found) return true;
  }
  return false;
}

Result<const ValueSetEvaluation::Prepared*> ValueSetEvaluation::prepare(const ValueSetPart& part) {
  if (const auto known = prepared_.find(&part); known != prepared_.end()) return &known->second;
  Prepared made;
  if (!part.system.empty()) {
    TRY(made.system, system_of(part));
    for (const ValueSetCode& code : part.codes) made.codes.emplace(code.code, &code);
    for (const ValueSetFilter& filter : part.filters) {
      TRY(made.matchers.emplace_back(), make_matcher(*made.system, filter));
    }
  }
  for (const std::string_view canonical : part.imports) {
    auto [place, is_new] = value_sets_.try_emplace(std::string(canonical));
    if (is_new) {
      auto imported = terminology_.value_set(canonical);
      if (!imported) return refused("not-found", imported.error().issues.front().diagnostics);
      place->second = *imported;
    }
    made.imports.push_back(place->second);
  }
  return &prepared_.emplace(&part, std::move(made)).first->second;
}

// A part that lists its codes can do without its system, which then gives no displays.
Result<Terminology::CodeSystemPointer> ValueSetEvaluation::system_of(const ValueSetPart& part) {
  std::string canonical(part.system);
  if (!part.version.empty()) canonical.append("|").append(part.version);
  auto [place, is_new] = systems_.try_emplace(canonical);
  if (is_new) {
    auto system = terminology_.code_system(canonical);
    if (system) {
      place->second = *system;
    } else if (system.error().kind != ProblemKind::not_found) {
      return system.error();
    }
  }
  if (place->second == nullptr && part.codes.empty()) {
    return refused("not-found",
                   fmt::format("The ValueSet needs the CodeSystem {}, which is not known: it is "
                               "not built in, and no CodeSystem with this url is stored here",
                               quoted(canonical)));
  }
  return place->second;
}

Result<void> ValueSetEvaluation::enter(const ValueSetContent& value_set) {
  if (std::ranges::find(path_, &value_set) != path_.end()) {
    std::string circle;
    for (const ValueSetContent* on_path : path_) circle.append(on_path->url).append(" -> ");
    return refused("processing", fmt::format("Value sets import each other in a circle: {}{}",
                                             circle, value_set.url));
  }
  path_.push_back(&value_set);
  if (path_.size() > imports_depth_max) {
    return refused("too-costly",
                   fmt::format("Value sets import each other more than {} deep, from {} on",
                               imports_depth_max, quoted(path_.front()->url)));
  }
  return count_step();
}

Result<void> ValueSetEvaluation::count_step() {
  if (++steps_ <= limits_.expansion_codes_max * steps_per_code) return {};
  return refused("too-costly", fmt::format("The ValueSet {} takes too many steps to evaluate",
                                           quoted(path_.front()->url)));
}

Result<void> ValueSetEvaluation::check_size(std::size_t codes) const {
  if (codes <= limits_.expansion_codes_max) return {};
  return refused(
      "too-costly",
      fmt::format("The ValueSet {} has more than {} codes (expansion_codes_max)",
                  quoted(path_.empty() ? "" : path_.front()->url), limits_.expansion_codes_max));
}

}  // namespace lightbox::fhir
