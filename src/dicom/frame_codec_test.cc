#include "dicom/frame_codec.h"

#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <utility>
#include <vector>

namespace lightbox::dicom {
namespace {

constexpr std::string_view jpeg_lossless = "1.2.840.10008.1.2.4.70";
constexpr std::string_view jpeg_2000 = "1.2.840.10008.1.2.4.90";
constexpr std::string_view rle = "1.2.840.10008.1.2.5";
constexpr std::array<std::string_view, 6> lossless = {"1.2.840.10008.1.2.1",
                                                      "1.2.840.10008.1.2.4.57",
                                                      jpeg_lossless,
                                                      "1.2.840.10008.1.2.4.80",
                                                      jpeg_2000,
                                                      rle};

FrameSamples frame_of(std::uint16_t bits_allocated, std::uint16_t bits_stored, bool is_signed,
                      std::uint16_t samples = 1) {
  FrameSamples frame;
  frame.pixel = {.rows = 37,
                 .columns = 50,
                 .samples_per_pixel = samples,
                 .photometric_interpretation = samples == 3 ? "RGB" : "MONOCHROME2",
                 .bits_allocated = bits_allocated,
                 .bits_stored = bits_stored,
                 .high_bit = static_cast<std::uint16_t>(bits_stored - 1),
                 .is_signed = is_signed};
  const std::uint64_t count = frame.pixel.pixels() * samples;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::int64_t range = std::int64_t{1} << bits_stored;
    std::int64_t value = static_cast<std::int64_t>(i * i * 31 + i * 7) % range;
    if (is_signed) value -= range / 2;
    frame.bytes += static_cast<char>(value);
    if (bits_allocated == 16) frame.bytes += static_cast<char>(value >> 8);
  }
  return frame;
}

TEST(FrameCodec, WhatIsLosslessComesBackAsItWas) {
  int count = 0;
  for (const FrameSamples& frame :
       {frame_of(8, 8, false), frame_of(16, 12, false), frame_of(16, 16, false),
        frame_of(16, 16, true), frame_of(8, 8, false, 3)}) {
    for (const std::string_view syntax : lossless) {
      ASSERT_TRUE(can_encode(syntax) && can_decode(syntax));
      const auto encoded = encode_frame(frame, syntax);
      ASSERT_TRUE(encoded) << syntax << ' ' << encoded.error().issues[0].diagnostics;
      ImagePixel pixel = frame.pixel;
      pixel.photometric_interpretation = encoded->photometric_interpretation;
      const auto decoded = decode_frame(encoded->bytes, syntax, pixel);
      ASSERT_TRUE(decoded) << syntax << ' ' << decoded.error().issues[0].diagnostics;
      EXPECT_TRUE(decoded->bytes == frame.bytes)
          << syntax << ' ' << frame.pixel.bits_stored << ' ' << frame.pixel.samples_per_pixel;
      EXPECT_EQ(decoded->pixel.photometric_interpretation, frame.pixel.photometric_interpretation);
      ++count;
    }
  }
  EXPECT_EQ(count, 30);
}

TEST(FrameCodec, ASmallPictureIsDecodedSmall) {
  const FrameSamples frame = frame_of(8, 8, false, 3);
  for (const std::string_view syntax : {jpeg_2000, std::string_view("1.2.840.10008.1.2.4.50")}) {
    const auto encoded = encode_frame(frame, syntax);
    ASSERT_TRUE(encoded);
    ImagePixel pixel = frame.pixel;
    pixel.photometric_interpretation = encoded->photometric_interpretation;
    const auto decoded =
        decode_frame(encoded->bytes, syntax, pixel, {.columns_wanted = 12, .rows_wanted = 9});
    ASSERT_TRUE(decoded) << decoded.error().issues[0].diagnostics;
    EXPECT_EQ(decoded->pixel.columns, 13U);
    EXPECT_EQ(decoded->pixel.rows, 10U);
    EXPECT_EQ(decoded->bytes.size(), 13U * 10 * 3);
  }
}

// The last pixel's chrominance is there, too, though its neighbour is not.
TEST(FrameCodec, SubsampledPixelsAreCountedInPairs) {
  ImagePixel pixel;
  pixel.rows = 1;
  pixel.columns = 3;
  pixel.samples_per_pixel = 3;
  pixel.photometric_interpretation = "YBR_FULL_422";
  pixel.bits_allocated = pixel.bits_stored = 8;
  pixel.high_bit = 7;
  EXPECT_EQ(pixel.frame_bytes(), 8U);
  EXPECT_FALSE(decode_frame("YYBRYY", "1.2.840.10008.1.2.1", pixel));
}

TEST(FrameCodec, WhatDoesNotFitIsRefused) {
  const FrameSamples frame = frame_of(8, 8, false);
  for (const std::string_view syntax : lossless) {
    const auto encoded = encode_frame(frame, syntax);
    ASSERT_TRUE(encoded);
    // Cut off, of another size, and no image at all.
    ImagePixel larger = frame.pixel;
    larger.rows *= 3;
    for (const auto& [bytes, pixel] : std::vector<std::pair<std::string, ImagePixel>>{
             {encoded->bytes, larger}, {"no image", frame.pixel}, {"", frame.pixel}}) {
      const auto decoded = decode_frame(bytes, syntax, pixel);
      ASSERT_FALSE(decoded) << syntax << ' ' << bytes.size();
      EXPECT_EQ(decoded.error().kind, ProblemKind::unprocessable);
    }
  }
  EXPECT_EQ(decode_frame("", "1.2.840.10008.1.2.4.102", frame.pixel).error().kind,
            ProblemKind::not_supported);
  EXPECT_EQ(encode_frame(frame, "1.2.840.10008.1.2.4.201").error().kind,
            ProblemKind::not_supported);
  FrameSamples deep = frame;
  deep.pixel.bits_allocated = 32;
  deep.bytes += deep.bytes + deep.bytes + deep.bytes;
  for (const std::string_view syntax : {jpeg_lossless, jpeg_2000, rle}) {
    EXPECT_EQ(encode_frame(deep, syntax).error().kind, ProblemKind::not_supported) << syntax;
  }
}

}  // namespace
}  // namespace lightbox::dicom
