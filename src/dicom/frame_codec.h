#pragma once

// Frames between their transfer syntaxes, by Debian's libraries: libjpeg-turbo (8 bits), DCMTK
// (JPEG of 12 and 16 bits and lossless, JPEG-LS, RLE), OpenJPEG (JPEG 2000, and HTJ2K to be read).
// Takes CPU time: not for a connection's thread. Safe from any thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dicom/image_pixel.h"

namespace lightbox::dicom {

// Whether frames of it can be made native; native ones are.
[[nodiscard]] bool can_decode(std::string_view transfer_syntax);
// Whether frames can be written in it: explicit little endian; RLE, JPEG lossless, JPEG-LS and JPEG
// 2000 lossless, all without loss; and JPEG baseline, with loss.
[[nodiscard]] bool can_encode(std::string_view transfer_syntax);

struct DecodeOptions {
  // A picture of at least so many columns and rows will do: where a codec can, it gives a half, a
  // quarter or an eighth, which is much faster. 0: all of it.
  std::uint32_t columns_wanted = 0;
  std::uint32_t rows_wanted = 0;
};

// `bytes` is one frame, its fragments joined. The result is native, with samples by pixel and
// without chrominance subsampling; colour transforms of the codec that the photometric
// interpretation names are undone (YBR_FULL_422 of JPEG, YBR_RCT and YBR_ICT become RGB).
// `unprocessable`: it is damaged, or does not fit its attributes; `not_supported`.
Result<FrameSamples> decode_frame(std::string_view bytes, std::string_view transfer_syntax,
                                  const ImagePixel& pixel, const DecodeOptions& options = {});

struct EncodedFrame {
  std::string bytes;
  std::string photometric_interpretation;
};
// Of a native frame. `not_supported`: the transfer syntax cannot hold such samples.
Result<EncodedFrame> encode_frame(const FrameSamples& frame, std::string_view transfer_syntax);

}  // namespace lightbox::dicom
