// A patch and a document, one line each: never a crash, and a result that can be written and read.

#include <cstdlib>
#include <string>

#include "fhir/json_patch.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace lightbox::fhir;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(text.find('\n'), text.size());
  const auto patch = parse_json(text.substr(0, line));
  auto document = parse_json(text.substr(std::min(line + 1, text.size())));
  if (!patch || !document) return 0;
  const auto operations = read_json_patch(*patch->root());
  if (!operations) return 0;
  const auto result = apply_json_patch(*operations, std::move(*document));
  if (!result) return 0;
  std::string written;
  write_json(*result->root(), written);
  if (!parse_json(written)) std::abort();
  return 0;
}
