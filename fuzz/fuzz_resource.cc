// A resource that is accepted can be stored, sent and accepted again, and indexed.

#include <cstdlib>
#include <string>

#include "fhir/index.h"
#include "fhir/resource.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace lightbox::fhir;
  const auto resource = parse_resource({reinterpret_cast<const char*>(data), size});
  if (!resource) return 0;
  const std::string stored = to_stored(resource->json());
  std::string sent;
  append_resource({.type = resource->type->name, .id = "x", .version = 1, .updated_ms = 0}, stored,
                  sent);
  const auto again = parse_resource(sent);
  if (!again || to_stored(again->json()) != stored) std::abort();
  index_resource(*resource->type, resource->json(), {});
  return 0;
}
