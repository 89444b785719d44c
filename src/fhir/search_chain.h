#pragma once

// The steps of a chain (R4, search.html#chaining): `subject` or `subject:Patient` of
// subject:Patient.name. Pure; safe from any thread.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/search.h"

namespace lightbox::fhir {

struct ChainStep {
  const SearchParameter* reference = nullptr;
  // Where it leads: the named type, or all types that the parameter may refer to and that have the
  // next parameter. At least one.
  std::vector<const ResourceType*> types;
};

struct ChainStepError {
  bool is_unknown = false;  // a parameter that is not known, which lenient handling ignores
  std::string what;         // a sentence
};

// `next`: what stands behind the dot: "name:exact", "organization.name", "_has:…".
[[nodiscard]] std::expected<ChainStep, ChainStepError> chain_step(const ResourceType& type,
                                                                  std::string_view step,
                                                                  std::string_view next);

// Either of these: "_has:Observation:patient", or a step of chain_step.
[[nodiscard]] std::expected<ChainStep, ChainStepError> path_step(const ResourceType& type,
                                                                 std::string_view step,
                                                                 std::string_view next);
[[nodiscard]] inline bool is_reverse_step(std::string_view step) {
  return step.starts_with("_has:");
}
// Of _has:[type]:[reference]: the one type that refers to what is searched, and by what.
[[nodiscard]] std::expected<ChainStep, ChainStepError> has_step(const ResourceType& type,
                                                                std::string_view referring_type,
                                                                std::string_view reference);

}  // namespace lightbox::fhir
