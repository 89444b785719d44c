// The text of a _filter, with terminology: never a crash, whatever stands there.

#include <string>

#include "fhir/search.h"
#include "fhir/terminology.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace lightbox::fhir;
  static const Terminology terminology;
  const SearchContext context{.terminology = &terminology};
  const std::pair<std::string, std::string> filter[] = {
      {"_filter", std::string(reinterpret_cast<const char*>(data), size)}};
  for (const auto* name : {"ImagingStudy", "Patient", "Observation"}) {
    (void)parse_search(*Definitions::r4().resource_type(name), filter, context);
  }
  return 0;
}
