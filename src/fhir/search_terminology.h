#pragma once

// What a search asks about the meaning of codes, as the codes that satisfy it (R4,
// search.html#modifiers, search_filter.html#ops). Pure but for reading value sets and code systems.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "fhir/search.h"

namespace lightbox::fhir {

// in: the code is in the value set whose url is given. below, above: of `system|code`, the code
// itself and what is below (above) it in its code system.
enum class Meaning : std::uint8_t { in, below, above };

// As the index has them; none when the value set is empty. Fails when the text is not of that form,
// the value set or code system is not known, there are more than `codes_max` codes, or the context
// has no terminology; the issue says what is wrong without naming the parameter.
Result<std::vector<TokenValue>> tokens_by_meaning(Meaning meaning, std::string_view text,
                                                  const SearchParameter& parameter,
                                                  const SearchContext& context,
                                                  std::size_t codes_max);

}  // namespace lightbox::fhir
