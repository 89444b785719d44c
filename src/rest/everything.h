#pragma once

// What the operations $everything have in common: searches one after the other, as one result in
// pages, with the resources that the matches refer to (R4, patient-operation-everything.html).

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fhir/search.h"
#include "rest/api.h"
#include "rest/operation.h"

namespace lightbox::rest {

// One search of a plan. `keeps`, when there is one, looks at each resource that it found.
struct EverythingSection {
  const fhir::ResourceType* type = nullptr;
  std::vector<fhir::Criterion> criteria;
  std::function<bool(const fhir::Json& resource, const fhir::IndexEntries& entries)> keeps;
};

struct EverythingPlan {
  std::string path;  // of the links: "/Patient/123/$everything"
  std::vector<EverythingSection> sections;
  // Whether a resource that a match refers to is a match of the plan itself, and so comes anyway.
  std::function<bool(const fhir::ResourceType& type, const fhir::Json& resource,
                     const fhir::IndexEntries& entries)>
      is_match;
  std::vector<Issue> notes;  // for the Bundle, in its first page
};

// Adds _since and _type to the plan and answers the page that _count and _cursor ask for. Blocks;
// for the slow lane.
Result<http::Response> everything_page(const OperationCall& call, EverythingPlan plan);

// A criterion on the parameters, of which any may hold one of the references.
[[nodiscard]] fhir::Criterion refers_to(const std::vector<const fhir::SearchParameter*>& parameters,
                                        std::string_view reference);
// The resource itself.
[[nodiscard]] fhir::Criterion has_id(std::string_view id);
// Whether one of the parameters has this reference.
[[nodiscard]] bool has_reference(const fhir::IndexEntries& entries,
                                 const std::vector<const fhir::SearchParameter*>& parameters,
                                 const std::function<bool(std::string_view)>& is_it);

// All literal references in a resource, as they are compared ("Patient/123"), each once.
[[nodiscard]] std::vector<std::string> references_of(const fhir::Json& resource,
                                                     const fhir::IndexOptions& options);

}  // namespace lightbox::rest
