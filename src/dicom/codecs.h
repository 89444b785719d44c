#pragma once

// What frame_codec.cc chooses from: one for each library. As decode_frame and encode_frame.

#include <optional>

#include "dicom/frame_codec.h"

namespace lightbox::dicom {

// libjpeg-turbo: JPEG of 8 bits with a DCT. nullopt: it is something else.
Result<std::optional<FrameSamples>> decode_jpeg_8(std::string_view bytes, const ImagePixel& pixel,
                                                  const DecodeOptions& options);
Result<EncodedFrame> encode_jpeg_8(const FrameSamples& frame);

// OpenJPEG.
Result<FrameSamples> decode_jpeg_2000(std::string_view bytes, const ImagePixel& pixel,
                                      const DecodeOptions& options);
Result<EncodedFrame> encode_jpeg_2000(const FrameSamples& frame);

// DCMTK.
Result<FrameSamples> decode_by_dcmtk(std::string_view bytes, std::string_view transfer_syntax,
                                     const ImagePixel& pixel);
Result<EncodedFrame> encode_by_dcmtk(const FrameSamples& frame, std::string_view transfer_syntax);

// The largest of 1, 2, 4 and 8 by which a picture may be divided and still be as large as wanted.
[[nodiscard]] std::uint32_t reduction(const ImagePixel& pixel, const DecodeOptions& options);

}  // namespace lightbox::dicom
