#pragma once

// Presentation states byte by byte, for tests.

#include <bit>
#include <string>
#include <vector>

#include "dicom/part10_test_support.h"
#include "dicom/presentation_state.h"

namespace lightbox::dicom::testing {

inline std::string floats(const std::vector<float>& numbers) {
  std::string bytes;
  for (const float number : numbers) bytes += number_32(std::bit_cast<std::uint32_t>(number));
  return bytes;
}
inline std::string text(const std::string& value) {
  return value.size() % 2 == 0 ? value : value + " ";
}
inline std::string sequence(Tag tag, const std::string& items) { return element(tag, "SQ", items); }
inline std::string pair_of(std::int32_t first, std::int32_t second) {
  return number_32(static_cast<std::uint32_t>(first)) +
         number_32(static_cast<std::uint32_t>(second));
}
inline std::string image_reference(const std::string& uid, const std::string& frames = {}) {
  return item(element(0x00081155, "UI", uid.size() % 2 == 0 ? uid : uid + '\0') +
              (frames.empty() ? "" : element(0x00081160, "IS", text(frames))));
}

inline std::string graphic(const std::string& type, const std::vector<float>& numbers,
                           const std::string& units = "PIXEL", const std::string& filled = "N") {
  return item(element(0x00700005, "CS", text(units)) + element(0x00700022, "FL", floats(numbers)) +
              element(0x00700023, "CS", text(type)) + element(0x00700024, "CS", text(filled)));
}
// Of these items of graphic and text objects.
inline std::string graphic_annotation(const std::string& graphics, const std::string& texts = {}) {
  return sequence(0x00700001, item(element(0x00700002, "CS", "LAYER ") +
                                   sequence(0x00700008, texts) + sequence(0x00700009, graphics)));
}

// Elements after (0008,0016), ascending.
inline std::string presentation_file(const std::string& elements,
                                     std::string_view its_class = "1.2.840.10008.5.1.4.1.1.11.1") {
  return file(element(0x00080016, "UI", its_class) + elements);
}
inline Result<PresentationState> state_of(const std::string& elements) {
  const std::string bytes = presentation_file(elements);
  MemorySource source(bytes);
  const auto object = Part10::read(source, {});
  if (!object) return object.error();
  ObjectValues values(*object, source);
  return PresentationState::of(values);
}

}  // namespace lightbox::dicom::testing
