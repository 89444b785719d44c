#pragma once

// Narrative.div: the safe subset of XHTML (R4, narrative.html). What passes can be put into a web
// page: no scripts, no events, no styles or frames from elsewhere. Pure; safe from any thread.

#include <string>
#include <string_view>

namespace lightbox::fhir {

// What is wrong with the `div`, to be read by whoever wrote it; empty when nothing is. Stops at the
// first finding: after it, markup is guesswork.
[[nodiscard]] std::string check_narrative(std::string_view div);

}  // namespace lightbox::fhir
