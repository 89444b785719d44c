// An expression, and on the second line a resource: never a crash, whatever stands there.

#include <algorithm>
#include <string_view>

#include "fhir/fhirpath.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace lightbox::fhir;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(text.find('\n'), text.size());
  const auto path = FhirPath::parse(text.substr(0, line));
  if (!path) return 0;
  constexpr std::string_view patient =
      R"({"resourceType":"Patient","name":[{"given":["A","B"],"_given":[null,{"id":"x"}]}]})";
  lightbox::Limits limits;
  limits.fhirpath_steps_max = 100'000;
  for (const auto resource : {patient, text.substr(std::min(line + 1, text.size()))}) {
    const auto document = parse_json(resource);
    if (document) (void)path->evaluate(*document->root(), limits);
  }
  return 0;
}
