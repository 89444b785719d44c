// Where frames lie in an object, and what the index keeps of it: each must lie within the object
// and be found again.

#include <cstdlib>
#include <string>

#include "dicom/frames.h"
#include "dicom/part10.h"
#include "dicom/segments.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace lightbox;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)dicom::find_in_page(bytes, size % 300);
  dicom::MemorySource source(bytes);
  const auto object = dicom::Part10::read(source, {.dicom_header_bytes_max = 1U << 20U});
  if (!object) return 0;
  const auto index = dicom::index_frames(*object, source);
  if (!index || !*index) return 0;
  const dicom::FrameIndex& found = **index;
  const auto pages = dicom::pages_of(found);
  for (std::uint32_t frame = 0; found.is_encapsulated() && frame < found.frame_count; ++frame) {
    const auto fragments =
        dicom::find_in_page(pages[frame / dicom::frames_per_page], frame % dicom::frames_per_page);
    const auto expected = found.fragments_of(frame);
    if (!fragments || fragments->size() != expected.size()) std::abort();
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if ((*fragments)[i].offset != expected[i].offset ||
          expected[i].offset + expected[i].length > size) {
        std::abort();
      }
    }
  }
  if (!found.is_encapsulated() &&
      found.offset * 8 + found.frame_count * found.frame_bits > size * 8) {
    std::abort();
  }
  (void)dicom::to_explicit_little_endian(*object);
  return 0;
}
