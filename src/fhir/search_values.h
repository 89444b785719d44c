#pragma once

// The values of search parameters: text of a URL to typed values (R4, search.html, by type). Pure;
// safe from any thread. A failure is a sentence that says what is wrong and what would be right.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/search.h"

namespace lightbox::fhir {

// Cuts at each `separator` that no backslash escapes; the pieces keep their escapes.
[[nodiscard]] std::vector<std::string_view> split_unescaped(std::string_view text, char separator);
// Resolves `\,` `\|` `\$` `\\`; any other backslash stands for itself.
[[nodiscard]] std::string unescape(std::string_view text);

struct ValueContext {
  Modifier modifier = Modifier::none;
  const ResourceType* type = nullptr;  // of the modifier :[type]
  const IndexOptions& index;
  std::int64_t now_ms = 0;
};

template <typename T>
using Parsed = std::expected<T, std::string>;

// One alternative of a comma-separated value, still escaped. Several values when it means several:
// `system|` on an element with few codes.
[[nodiscard]] Parsed<std::vector<SearchValue>> parse_value(std::string_view text,
                                                           const SearchParameter& parameter,
                                                           const ValueContext& context);

[[nodiscard]] Parsed<DateValue> parse_date_value(std::string_view text,
                                                 const ValueContext& context);
// `targets`: what a bare id may mean; empty is anything.
[[nodiscard]] Parsed<ReferenceValue> parse_reference_value(
    std::string_view text, const std::vector<const ResourceType*>& targets,
    const ValueContext& context);

}  // namespace lightbox::fhir
