#pragma once

// The words of a FHIRPath expression.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lightbox::fhir {

struct FhirPathToken {
  enum class Kind : unsigned char {
    end,
    identifier,  // text without backticks
    quoted,      // an identifier in backticks: never a keyword
    string,      // text without quotes and escapes
    number,
    date,       // without the @
    date_time,  // without a trailing T
    time,       // without the @T
    symbol      // . ( ) [ ] { } , + - * / & | = ~ != !~ < > <= >= $ %
  };
  Kind kind = Kind::end;
  std::string text;
  std::size_t offset = 0;
};

class FhirPathLexer {
 public:
  explicit FhirPathLexer(std::string_view text) : text_(text) {}
  // The next word; `invalid` with its place when there is none such.
  Result<FhirPathToken> next();

 private:
  Result<void> skip_space();
  Result<FhirPathToken> quoted(char quote, FhirPathToken::Kind kind);
  Result<void> escape(std::string& out);
  FhirPathToken number();
  FhirPathToken temporal();
  [[nodiscard]] Problem wrong(std::string_view what, std::size_t offset) const;

  std::string_view text_;
  std::size_t at_ = 0;
};

// Kind `invalid`: "In the FHIRPath "…", at character 3: …".
[[nodiscard]] Problem fhirpath_problem(std::string_view text, std::size_t offset,
                                       std::string_view what);

}  // namespace lightbox::fhir
