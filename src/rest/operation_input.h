#pragma once

// What an operation was given: the URL's parameters, a Parameters resource, or the one resource
// that it takes (R4, operations.html#request). For one request.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fhir/json.h"
#include "http/message.h"

namespace lightbox::rest {

struct Call;
struct Operation;

class OperationInput {
 public:
  // `invalid` for a body that is neither Parameters nor what the operation takes, for a parameter
  // that it does not have, and for one that is given twice though it may be there once.
  static Result<OperationInput> read(const Call& call, const Operation& operation);

  // The parameter as text, whether it came in the URL or as a primitive; nullopt: it is not there.
  [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;
  // `invalid` unless it is true or false, or a whole number from 0.
  [[nodiscard]] Result<std::optional<bool>> boolean(std::string_view name) const;
  [[nodiscard]] Result<std::optional<std::size_t>> number(std::string_view name) const;
  // The value of a data type, or the resource; nullptr: it is not there. Lives as long as this.
  [[nodiscard]] const fhir::Json* value(std::string_view name) const;
  // All of them, of a parameter that may be given several times.
  [[nodiscard]] std::vector<const fhir::Json*> values(std::string_view name) const;
  // The body; nullptr: there is none.
  [[nodiscard]] const fhir::Json* body() const { return document_.root(); }
  // Names of members that were given twice in an unchecked body.
  [[nodiscard]] const std::vector<Issue>& duplicate_keys() const { return duplicate_keys_; }

 private:
  struct Given {
    std::string name;
    std::string text;
    const fhir::Json* value = nullptr;  // nullptr: it came in the URL
  };

  Result<void> read_body(const Call& call, const Operation& operation);
  Result<void> take_parameters(const fhir::Json& parameters);
  Result<void> check_names(const Operation& operation) const;

  fhir::JsonDocument document_;
  std::vector<Given> given_;
  std::vector<Issue> duplicate_keys_;
};

}  // namespace lightbox::rest
