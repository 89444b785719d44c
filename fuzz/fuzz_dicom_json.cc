// What ParsedJson reads must be written again, and read back the same.

#include <cstdlib>
#include <string>

#include "dicom/json.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace lightbox;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)dicom::ParsedJson::parse_all(text, Limits{});
  const auto first = dicom::ParsedJson::parse(text, Limits{});
  if (!first) return 0;
  std::string once;
  dicom::append_json(first->data_set(), {}, once);
  const auto second = dicom::ParsedJson::parse(once, Limits{});
  if (!second) std::abort();
  std::string twice;
  dicom::append_json(second->data_set(), {}, twice);
  if (once != twice) std::abort();
  return 0;
}
