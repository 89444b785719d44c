// parse_json on any bytes: no crash, and what it accepts it accepts again after writing it.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "fhir/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lightbox::fhir;
  auto document = parse_json({reinterpret_cast<const char*>(data), size});
  if (!document) return 0;
  std::string once, twice;
  write_json(*document->root(), once);
  auto again = parse_json(once);
  if (!again) std::abort();
  write_json(*again->root(), twice);
  if (once != twice) std::abort();
  return 0;
}
