// A Parameters resource and what it patches, one line each: never a crash, and a result that can be
// written and read.

#include <cstdlib>
#include <string>

#include "fhir/fhirpath_patch.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace lightbox::fhir;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(text.find('\n'), text.size());
  const auto parameters = parse_json(text.substr(0, line));
  auto document = parse_json(text.substr(std::min(line + 1, text.size())));
  if (!parameters || !document) return 0;
  lightbox::Limits limits;
  limits.fhirpath_steps_max = 100'000;
  const auto patch = read_fhirpath_patch(*parameters->root(), limits);
  if (!patch) return 0;
  const auto result = apply_fhirpath_patch(*patch, std::move(*document), limits);
  if (!result) return 0;
  std::string written;
  write_json(*result->root(), written);
  if (!parse_json(written)) std::abort();
  return 0;
}
