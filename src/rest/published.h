#pragma once

// The definitions behind the CapabilityStatement: a SearchParameter for each parameter that it
// names, as the definitions table has it, an OperationDefinition for each operation and a
// CompartmentDefinition for each compartment; HL7's, and those of Lightbox's own for what means
// more here than HL7's (design, decision 6) or that HL7 does not have. They can be read and
// searched like resources, but nothing of them is stored: what a client stores under the same id
// stands in their place. Safe from any thread.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fhir/definitions.h"
#include "store/store.h"

namespace lightbox::rest {

struct Call;
struct Operation;

// What is published depends on where the server is, and on its operations.
struct Publisher {
  std::string_view base;  // "http://localhost:8080/baseR4"
  std::span<const Operation> operations;
};
[[nodiscard]] Publisher publisher_of(const Call& call);

// Where the parameter is defined: HL7's URL, or for Lightbox's own
// "http://localhost:8080/baseR4/SearchParameter/lightbox-ImagingStudy-modality".
[[nodiscard]] std::string definition_url(std::string_view base,
                                         const fhir::SearchParameter& parameter);
// "token"
[[nodiscard]] std::string_view search_type_name(fhir::SearchType type);

struct Published {
  store::StoredResource resource;  // version 1, as old as this release
  fhir::IndexEntries entries;
};

// SearchParameter, OperationDefinition and CompartmentDefinition.
[[nodiscard]] bool has_published(const fhir::ResourceType& type);
// All of a type that has some, by their ids.
[[nodiscard]] std::vector<std::shared_ptr<const Published>> all_published(
    const fhir::ResourceType& type, const Publisher& publisher);
[[nodiscard]] std::optional<store::StoredResource> find_published(const fhir::ResourceType& type,
                                                                  std::string_view id,
                                                                  const Publisher& publisher);
// What the store found, or else what is published under that id, when nothing is stored there.
[[nodiscard]] Result<store::StoredResource> or_published(Result<store::StoredResource> found,
                                                         const fhir::ResourceType& type,
                                                         std::string_view id,
                                                         const Publisher& publisher);

// The resources as JSON, by their ids.
struct PublishedText {
  std::string id;
  std::string json;
};
[[nodiscard]] std::vector<PublishedText> search_parameters_of_hl7();
[[nodiscard]] std::vector<PublishedText> own_search_parameters(std::string_view base);
[[nodiscard]] std::vector<PublishedText> operations_of_hl7();
[[nodiscard]] std::vector<PublishedText> own_operations(const Publisher& publisher);
[[nodiscard]] std::vector<PublishedText> compartments_of_hl7();
// "patient"
[[nodiscard]] std::string compartment_id(const fhir::ResourceType& type);

// A search of a type that has some (R4, http.html#search): what is stored, then what is published,
// by its ids. Of a criterion that needs other resources (chains, brackets, words) nothing published
// is a match.
Result<store::SearchPage> search_with_published(store::Store& store, const fhir::SearchQuery& query,
                                                const Publisher& publisher, store::Effort effort);

}  // namespace lightbox::rest
