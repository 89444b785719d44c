#pragma once

// The terminology that a request sees: what is built in, and the CodeSystem and ValueSet resources
// in the store. And what the terminology operations have in common.

#include <string>
#include <string_view>

#include "fhir/terminology.h"
#include "rest/api.h"
#include "rest/operation.h"

namespace lightbox::rest {

// Reads the store when it is asked, on the caller's thread. Valid as long as `api`.
[[nodiscard]] fhir::Terminology terminology_of(Api& api);

// A code to be looked at: the parameters code and system (and display), coding, or each of
// codeableConcept.
struct CodeAsked {
  std::string system;
  std::string version;
  std::string code;
  std::string display;
};
// `required` when there is none, `invalid` when more than one of the forms is given.
Result<std::vector<CodeAsked>> codes_asked(const OperationInput& input);

// The CodeSystem or ValueSet that an operation is about: the instance, the resource that it was
// given under `resource_name`, or the one of its `url` (and version). `required` when none is
// named.
Result<fhir::Terminology::ValueSetPointer> value_set_asked(const OperationCall& call,
                                                           const fhir::Terminology& terminology);
Result<fhir::Terminology::CodeSystemPointer> code_system_asked(const OperationCall& call,
                                                               const fhir::Terminology& terminology,
                                                               std::string_view url_name);

// The items of a Parameters resource.
class ParametersWriter {
 public:
  // `value_name`: valueString, valueCode, …
  void add(std::string_view name, std::string_view value_name, std::string_view text);
  void add(std::string_view name, bool value);
  // `json` is everything of the item behind its name: "\"part\":[…]".
  void add_raw(std::string_view name, std::string_view json);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace lightbox::rest
