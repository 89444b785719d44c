#pragma once

// One evaluation of a value set: what Terminology::expand and find_in do. Holds what it has looked
// up meanwhile. For one thread.

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fhir/terminology.h"
#include "fhir/terminology_filter.h"

namespace lightbox::fhir {

class ValueSetEvaluation {
 public:
  ValueSetEvaluation(const Terminology& terminology, const Limits& limits);

  Result<std::vector<ExpandedCode>> list(const ValueSetContent& value_set,
                                         const ExpansionFilter& filter);
  Result<std::optional<ExpandedCode>> find(const ValueSetContent& value_set,
                                           std::string_view system, std::string_view code);

 private:
  using Codes = std::vector<ExpandedCode>;
  using Found = std::optional<ExpandedCode>;

  // What is known of a part besides its own members, made once.
  struct Prepared {
    Terminology::CodeSystemPointer system;  // nullptr: not known, or not needed
    std::unordered_map<std::string_view, const ValueSetCode*> codes;
    std::vector<ConceptMatcher> matchers;
    std::vector<Terminology::ValueSetPointer> imports;
  };
  Result<const Prepared*> prepare(const ValueSetPart& part);
  Result<Terminology::CodeSystemPointer> system_of(const ValueSetPart& part);

  Result<Codes> list_all(const ValueSetContent& value_set);
  Result<Codes> list_part(const ValueSetPart& part);
  Result<Codes> list_system(const ValueSetPart& part, const Prepared& prepared);
  Result<Found> find_in_part(const ValueSetPart& part, std::string_view system,
                             std::string_view code);
  Result<Found> find_in_system(const ValueSetPart& part, const Prepared& prepared,
                               std::string_view code);
  Result<bool> is_in_all(const std::vector<Terminology::ValueSetPointer>& value_sets,
                         const ExpandedCode& code);
  Result<bool> is_excluded(const ValueSetContent& value_set, const ExpandedCode& code);

  // Enters a value set: refused when it is being evaluated already.
  Result<void> enter(const ValueSetContent& value_set);
  Result<void> count_step();
  Result<void> check_size(std::size_t codes) const;

  const Terminology& terminology_;
  const Limits& limits_;
  std::size_t steps_ = 0;
  std::vector<const ValueSetContent*> path_;
  std::unordered_map<const ValueSetPart*, Prepared> prepared_;
  std::unordered_map<std::string, Terminology::CodeSystemPointer> systems_;
  std::unordered_map<std::string, Terminology::ValueSetPointer> value_sets_;
};

}  // namespace lightbox::fhir
