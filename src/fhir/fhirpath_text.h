#pragma once

// What FHIRPath does with text, in Unicode, by ICU. Positions and lengths are in code points. Pure
// functions; safe from any thread.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lightbox::fhir {

[[nodiscard]] std::string upper_case(std::string_view text);
[[nodiscard]] std::string lower_case(std::string_view text);
// Case-folded, runs of white space as one space: for equivalence.
[[nodiscard]] std::string folded(std::string_view text);

[[nodiscard]] std::size_t length_of(std::string_view text);
// `count` code points from number `start` on; less when the text ends.
[[nodiscard]] std::string_view substring_of(std::string_view text, std::size_t start,
                                            std::size_t count);

enum class Match { anywhere, whole };
// Kind `unprocessable` for a regular expression that is malformed, or takes too long on this text.
Result<bool> matches(std::string_view text, std::string_view expression, Match match);
Result<std::string> replace_matches(std::string_view text, std::string_view expression,
                                    std::string_view substitution);

}  // namespace lightbox::fhir
