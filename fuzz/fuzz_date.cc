// Dates: what is accepted is an interval that is not empty.

#include <cstdlib>
#include <string_view>

#include "fhir/index.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace lightbox::fhir;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto interval = parse_date(text, 60);
  if (interval && interval->low >= interval->high) std::abort();
  (void)normalise(text);
  (void)strip_uid(text);
  return 0;
}
