// Metadata as XML: what is taken for the Native DICOM Model must come to JSON, whatever the DICOM
// JSON model then says of it.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dicom/json.h"
#include "dicom/write.h"
#include "dicomweb/native_model.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lightbox;
  const auto json = dicomweb::native_model_to_json({reinterpret_cast<const char*>(data), size});
  if (!json) return 0;
  const auto parsed = dicom::ParsedJson::parse(*json, {});
  if (!parsed) return 0;
  (void)dicom::write_explicit_little_endian(parsed->data_set(), {},
                                            [](std::string_view) { return Result<void>{}; });
  (void)dicomweb::write_native_model(parsed->data_set());
  return 0;
}
