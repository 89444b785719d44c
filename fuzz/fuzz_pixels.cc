// Frames that are decoded, rendered, scaled and written, also as a presentation state has them:
// whatever the bytes and the attributes are. The first bytes say how the rest is taken.

#include <array>
#include <string>

#include "dicom/frame_codec.h"
#include "dicom/overlay.h"
#include "dicom/part10.h"
#include "dicom/present.h"
#include "dicom/render.h"

namespace {

using namespace lightbox;

constexpr std::array<std::string_view, 14> syntaxes = {
    "1.2.840.10008.1.2.1",     "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",  "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",  "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",  "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",  "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2",       "1.2.3"};
constexpr std::array<std::string_view, 7> interpretations = {
    "MONOCHROME2", "MONOCHROME1", "RGB", "YBR_FULL_422", "PALETTE COLOR", "YBR_RCT", "YBR_FULL"};
constexpr std::array<std::uint16_t, 5> allocated = {8, 16, 1, 32, 64};

void show(const dicom::FrameSamples& frame, std::string_view object) {
  dicom::MemorySource source(object);
  const auto part10 =
      dicom::Part10::read(source, {.dicom_header_bytes_max = 1U << 20U}, "1.2.840.10008.1.2.1");
  if (!part10) return;
  dicom::ObjectValues values(*part10, source);
  auto picture = dicom::render(frame, values, 0, {});
  if (!picture) return;
  (void)dicom::draw_overlays(values, 0, *picture);
  (void)dicom::to_png(dicom::resize(*picture, 9, 7));
}

// The object taken for a presentation state: of its class, so that it is read at all.
void present(const dicom::FrameSamples& frame, std::string_view object) {
  const std::string bytes =
      std::string("\x08\0\x16\0UI\x1C\0", 8) + "1.2.840.10008.5.1.4.1.1.11.1" + std::string(object);
  dicom::MemorySource source(bytes);
  const auto part10 =
      dicom::Part10::read(source, {.dicom_header_bytes_max = 1U << 20U}, "1.2.840.10008.1.2.1");
  if (!part10) return;
  dicom::ObjectValues values(*part10, source);
  const auto state = dicom::PresentationState::of(values);
  if (!state) return;
  const dicom::FrameOfImage shown{.sop_instance_uid = "1.2"};
  const auto grayscale = state->grayscale_of(shown);
  auto picture = dicom::render(frame, values, 0, {.grayscale = &grayscale});
  if (!picture) return;
  (void)dicom::present(std::move(*picture), *state, shown, values, {.pixels_max = 1U << 16U});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size < 8) return 0;
  dicom::ImagePixel pixel;
  pixel.rows = 1 + data[0] % 64;
  pixel.columns = 1 + data[1] % 64;
  pixel.samples_per_pixel = data[2] % 4 == 0 ? 3 : 1;
  pixel.photometric_interpretation = interpretations[data[3] % interpretations.size()];
  pixel.bits_allocated = allocated[data[4] % allocated.size()];
  pixel.bits_stored = static_cast<std::uint16_t>(1 + data[5] % pixel.bits_allocated);
  pixel.high_bit = static_cast<std::uint16_t>(pixel.bits_stored - 1);
  pixel.is_signed = data[6] % 2 != 0;
  pixel.is_planar = data[6] % 4 > 1;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 8, size - 8);
  const std::string_view syntax = syntaxes[data[7] % syntaxes.size()];
  const std::string_view frame = rest.substr(0, rest.size() / 2);
  const std::string_view object = rest.substr(rest.size() / 2);
  const dicom::DecodeOptions small{.columns_wanted = 4, .rows_wanted = 4};
  for (const auto& decoded : {dicom::decode_frame(frame, syntax, pixel),
                              dicom::decode_frame(rest, syntax, pixel, small)}) {
    if (!decoded) continue;
    show(*decoded, object);
    present(*decoded, object);
    for (const char* target : {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.90"}) {
      (void)dicom::encode_frame(*decoded, target);
    }
  }
  return 0;
}
