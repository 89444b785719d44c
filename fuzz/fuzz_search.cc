// The query of a search URL: never a crash, whatever stands there.

#include <string_view>

#include "fhir/search.h"
#include "http/message.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace lightbox;
  const auto parameters = http::decode_form({reinterpret_cast<const char*>(data), size});
  if (!parameters) return 0;
  for (const auto* name : {"ImagingStudy", "Patient", "Observation", "MolecularSequence"}) {
    const auto* type = fhir::Definitions::r4().resource_type(name);
    (void)fhir::parse_search(*type, *parameters, {});
    (void)fhir::parse_search(*type, *parameters, {.handling = fhir::Handling::strict});
  }
  return 0;
}
