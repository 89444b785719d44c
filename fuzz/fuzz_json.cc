// What parse_json accepts must be written again, and read back the same.

#include <cstdlib>
#include <string>

#include "fhir/json.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace lightbox::fhir;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto first = parse_json(text);
  if (!first) return 0;
  std::string once;
  write_json(*first->root(), once);
  const auto second = parse_json(once);
  if (!second) std::abort();
  std::string twice;
  write_json(*second->root(), twice);
  if (once != twice) std::abort();
  prettify_json(once);
  return 0;
}
