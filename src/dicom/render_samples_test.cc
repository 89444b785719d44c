// The first frame of every image of ../shared/samples/dicom, when that folder is there: rendered,
// or refused for the reason below. The test says how many it saw.

#include <fcntl.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iostream>
#include <map>
#include <string>
#include <unistd.h>

#include "dicom/encoding.h"
#include "dicom/frames.h"
#include "dicom/overlay.h"
#include "dicom/render.h"
#include "dicom/segments.h"

namespace lightbox::dicom {
namespace {

const std::filesystem::path folder = "../shared/samples/dicom";

// What cannot be rendered, and why.
const std::map<std::string, std::string_view> refused = {
    {"GoogleCloudPlatform+healthcare-dicom-dicomweb-adapter/integration_test/data/example3.dcm",
     "Not a JPEG file"},
    {"fo-dicom+fo-dicom/Tests/FO-DICOM.Tests/Test Data/genFile.dcm", "Not a JPEG file"},
    // Packed, as ACR-NEMA had it.
    {"fo-dicom+fo-dicom/Tests/FO-DICOM.Tests/Test Data/GH340.dcm", "Bits Allocated is 12"},
    // One bit a sample, compressed.
    {"pydicom+pydicom-data/data_store/data/liver_j2k.dcm", "Bits Allocated must be 8"},
    {"pydicom+pydicom-data/data_store/data/liver_nonbyte_aligned_j2k.dcm",
     "Bits Allocated must be 8"},
    {"pydicom+pydicom-data/data_store/data/liver_rle.dcm", "cannot be decoded"},
    {"pydicom+pydicom-data/data_store/data/liver_nonbyte_aligned_rle.dcm", "cannot be decoded"},
    // Deflated image frames.
    {"pydicom+pydicom-data/data_store/data/liver_deflate.dcm", "1.2.840.10008.1.2.8.1"},
    {"pydicom+pydicom-data/data_store/data/liver_nonbyte_aligned_deflate.dcm",
     "1.2.840.10008.1.2.8.1"},
};

// How many of each transfer syntax are rendered.
const std::map<std::string, int> rendered = {
    {"1.2.840.10008.1.2", 24},      {"1.2.840.10008.1.2.1", 93},    {"1.2.840.10008.1.2.2", 8},
    {"1.2.840.10008.1.2.4.201", 1}, {"1.2.840.10008.1.2.4.202", 3}, {"1.2.840.10008.1.2.4.50", 8},
    {"1.2.840.10008.1.2.4.51", 2},  {"1.2.840.10008.1.2.4.53", 1},  {"1.2.840.10008.1.2.4.55", 1},
    {"1.2.840.10008.1.2.4.57", 2},  {"1.2.840.10008.1.2.4.70", 8},  {"1.2.840.10008.1.2.4.80", 10},
    {"1.2.840.10008.1.2.4.81", 3},  {"1.2.840.10008.1.2.4.90", 11}, {"1.2.840.10008.1.2.4.91", 8},
    {"1.2.840.10008.1.2.5", 12}};

Result<std::string> first_frame(const FrameIndex& index, Source& source) {
  std::string bytes;
  std::vector<Fragment> fragments;
  if (index.is_encapsulated()) {
    const auto of_frame = index.fragments_of(0);
    fragments.assign(of_frame.begin(), of_frame.end());
  } else {
    fragments.push_back({index.offset, static_cast<std::uint32_t>((index.frame_bits + 7) / 8)});
  }
  for (const Fragment& fragment : fragments) {
    const std::size_t before = bytes.size();
    bytes.resize(before + fragment.length);
    const Segment range{
        .offset = fragment.offset, .length = fragment.length, .swapped_bytes = index.swapped_bytes};
    TRY_DO(read_range(source, range, 0, std::span(bytes).subspan(before)));
  }
  return bytes;
}

// nullopt: it has no frames.
Result<std::optional<Picture>> picture_of(const Part10& object, Source& source) {
  TRY(const auto index, index_frames(object, source));
  if (!index || index->frame_count == 0) return std::optional<Picture>();
  TRY(const auto pixel, ImagePixel::of(object.data_set(), index->tag));
  TRY(const auto bytes, first_frame(*index, source));
  TRY(const auto frame, decode_frame(bytes, object.transfer_syntax(), pixel));
  ObjectValues values(object, source);
  TRY(auto picture, render(frame, values, 0, {}));
  TRY_DO(draw_overlays(values, 0, picture));
  return std::optional(std::move(picture));
}

TEST(RenderSamples, EveryImageIsRenderedOrRefusedForItsReason) {
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is missing";
  std::map<std::string, int> seen;
  std::size_t refused_count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const std::string name = std::filesystem::relative(entry.path(), folder).string();
    const int descriptor = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    auto source = FileSource::of(descriptor);
    const auto object = Part10::read(*source, {});
    if (object) {
      const auto picture = picture_of(*object, *source);
      const auto expected = refused.find(name);
      if (expected != refused.end()) {
        ASSERT_FALSE(picture) << name;
        EXPECT_THAT(picture.error().issues[0].diagnostics,
                    ::testing::HasSubstr(std::string(expected->second)));
        ++refused_count;
      } else if (!picture) {
        ADD_FAILURE() << name << ": " << picture.error().issues[0].diagnostics;
      } else if (*picture) {
        EXPECT_EQ((*picture)->bytes.size(), (*picture)->pixels() * (*picture)->channels) << name;
        ++seen[object->transfer_syntax()];
      }
    }
    ::close(descriptor);
  }
  int count = 0;
  for (const auto& [syntax, number] : seen) {
    std::cout << syntax << ": " << number << '\n';
    count += number;
  }
  std::cout << count << " pictures, " << refused_count << " refused\n";
  EXPECT_EQ(refused_count, refused.size());
  EXPECT_EQ(seen, rendered);
}

}  // namespace
}  // namespace lightbox::dicom
