// A resource that XML gives is JSON of the same content, and becomes XML of the same content again.

#include <cstdlib>
#include <string>

#include "fhir/xml_read.h"
#include "fhir/xml_write.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace lightbox::fhir;
  const auto resource = parse_resource_xml({reinterpret_cast<const char*>(data), size});
  if (!resource) return 0;
  std::string json;
  write_json(resource->json(), json);
  const auto as_json = parse_resource(json);
  if (!as_json) std::abort();
  const auto xml = write_xml(as_json->json());
  if (!xml) std::abort();
  const auto again = parse_resource_xml(*xml);
  if (!again || *write_xml(again->json()) != *xml) std::abort();
  return 0;
}
