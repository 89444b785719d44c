// What Part10 reads must become DICOM JSON that can be read again, to the same JSON.

#include <cstdlib>
#include <string>

#include "dicom/json.h"
#include "dicom/part10.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace lightbox;
  const Limits limits{.dicom_header_bytes_max = 1U << 20U,
                      .dicom_inline_bytes_max = 256,
                      .dicom_text_bytes_max = 4096,
                      .dicom_inflated_bytes_max = 1U << 20U};
  const Limits json_limits{.dicom_header_bytes_max = 64U << 20U};
  dicom::MemorySource source({reinterpret_cast<const char*>(data), size});
  for (const char* transfer_syntax : {"", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"}) {
    const auto object = dicom::Part10::read(source, limits, transfer_syntax);
    if (!object) continue;
    const dicom::JsonOptions options{
        .bulk_uri = [](std::string_view path) { return std::string(path); }};
    std::string once;
    dicom::append_json(object->data_set(), options, once);
    const auto parsed = dicom::ParsedJson::parse(once, json_limits);
    if (!parsed) std::abort();
    const dicom::JsonOptions again_options{};
    std::string twice;
    std::string without_bulk;
    dicom::append_json(parsed->data_set(), again_options, twice);
    dicom::append_json(object->data_set(), again_options, without_bulk);
    if (twice != without_bulk) std::abort();
    for (const auto& element : object->data_set().elements) object->data_set().texts(element.tag);
  }
  return 0;
}
