// Indexing whatever JSON: it need not be valid FHIR, and must not crash; entries are in order.

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "fhir/index.h"
#include "fhir/json.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace lightbox::fhir;
  const auto document = parse_json({reinterpret_cast<const char*>(data), size});
  if (!document || document->root() == nullptr) return 0;
  for (const auto* name : {"ImagingStudy", "Patient", "Observation", "Bundle", "Group",
                           "MolecularSequence", "QuestionnaireResponse", "CarePlan"}) {
    const auto* type = Definitions::r4().resource_type(name);
    const auto entries = index_resource(*type, *document->root(), {{"http://a/"}, 60});
    if (!std::ranges::is_sorted(entries.tokens)) std::abort();
    if (!std::ranges::is_sorted(entries.composites)) std::abort();
    for (const auto& date : entries.dates) {
      if (date.low >= date.high) std::abort();
    }
  }
  return 0;
}
