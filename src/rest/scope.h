#pragma once

// Where a search looks (R4, http.html#search; compartmentdefinition.html): in one type, in the
// whole server, or in a compartment.

#include <optional>
#include <string>
#include <vector>

#include "fhir/search.h"
#include "rest/api.h"

namespace lightbox::rest {

struct Scope {
  enum class Kind : std::uint8_t { one_type, several_types };
  Kind kind = Kind::one_type;
  std::vector<const fhir::ResourceType*> types;  // never empty
  std::optional<fhir::SearchContext::Compartment> compartment;
  std::string path;  // of the links: "/Patient/123/ImagingStudy"
};

// GET [base]/[type]
Result<Scope> type_scope(const Call& call);
// GET [base]
Result<Scope> system_scope(const Call& call);
// GET [base]/Patient/123/ImagingStudy and …/*. not_found, with the reason, for what R4 does not
// define as a compartment, or a type that is not in it.
Result<Scope> compartment_scope(const Call& call);

// Of several types those that `_type` names. `invalid` when it names none of them, or is given
// twice.
Result<void> narrow(const http::Parameters& parameters, Scope& scope);

}  // namespace lightbox::rest
