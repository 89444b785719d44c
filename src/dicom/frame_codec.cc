#include "dicom/frame_codec.h"

#include <algorithm>
#include <array>

#include "dicom/codecs.h"
#include "dicom/frames.h"

namespace lightbox::dicom {
namespace {

enum class Codec : std::uint8_t { native, jpeg, dcmtk, jpeg_2000 };

struct Row {
  std::string_view transfer_syntax;
  Codec codec;
  bool is_written = false;
};
constexpr std::array rows{
    Row{"1.2.840.10008.1.2.1", Codec::native, true},
    Row{"1.2.840.10008.1.2.4.50", Codec::jpeg, true},
    Row{"1.2.840.10008.1.2.4.51", Codec::jpeg},
    Row{"1.2.840.10008.1.2.4.53", Codec::jpeg},
    Row{"1.2.840.10008.1.2.4.55", Codec::jpeg},
    Row{"1.2.840.10008.1.2.4.57", Codec::dcmtk, true},
    Row{"1.2.840.10008.1.2.4.70", Codec::dcmtk, true},
    Row{"1.2.840.10008.1.2.4.80", Codec::dcmtk, true},
    Row{"1.2.840.10008.1.2.4.81", Codec::dcmtk},
    Row{"1.2.840.10008.1.2.4.90", Codec::jpeg_2000, true},
    Row{"1.2.840.10008.1.2.4.91", Codec::jpeg_2000},
    Row{"1.2.840.10008.1.2.4.201", Codec::jpeg_2000},
    Row{"1.2.840.10008.1.2.4.202", Codec::jpeg_2000},
    Row{"1.2.840.10008.1.2.4.203", Codec::jpeg_2000},
    Row{"1.2.840.10008.1.2.5", Codec::dcmtk, true},
};

const Row* find(std::string_view transfer_syntax) {
  const auto found = std::ranges::find(rows, transfer_syntax, &Row::transfer_syntax);
  return found == rows.end() ? nullptr : &*found;
}

Problem not_supported(std::string_view what, std::string_view transfer_syntax) {
  return problem(
      ProblemKind::not_supported,
      "Frames cannot be " + std::string(what) + " transfer syntax " + std::string(transfer_syntax));
}

Result<FrameSamples> take_native(std::string_view bytes, const ImagePixel& pixel) {
  if (bytes.size() < pixel.frame_bytes()) {
    return problem(ProblemKind::unprocessable, "The pixel data is shorter than its frames");
  }
  return FrameSamples{.pixel = pixel, .bytes = std::string(bytes.substr(0, pixel.frame_bytes()))};
}

}  // namespace

bool can_decode(std::string_view transfer_syntax) {
  return is_native(transfer_syntax) || find(transfer_syntax) != nullptr;
}

bool can_encode(std::string_view transfer_syntax) {
  const Row* row = find(transfer_syntax);
  return row != nullptr && row->is_written;
}

std::uint32_t reduction(const ImagePixel& pixel, const DecodeOptions& options) {
  if (options.columns_wanted == 0 || options.rows_wanted == 0) return 1;
  std::uint32_t factor = 1;
  while (factor < 8 && pixel.columns / (factor * 2) >= options.columns_wanted &&
         pixel.rows / (factor * 2) >= options.rows_wanted) {
    factor *= 2;
  }
  return factor;
}

Result<FrameSamples> decode_frame(std::string_view bytes, std::string_view transfer_syntax,
                                  const ImagePixel& pixel, const DecodeOptions& options) {
  if (is_native(transfer_syntax)) return take_native(bytes, pixel);
  const Row* row = find(transfer_syntax);
  if (row == nullptr) return not_supported("decoded from", transfer_syntax);
  switch (row->codec) {
    case Codec::native:
      return take_native(bytes, pixel);
    case Codec::jpeg_2000:
      return decode_jpeg_2000(bytes, pixel, options);
    case Codec::jpeg: {
      TRY(auto decoded, decode_jpeg_8(bytes, pixel, options));
      if (decoded) return std::move(*decoded);
      break;
    }
    case Codec::dcmtk:
      break;
  }
  return decode_by_dcmtk(bytes, transfer_syntax, pixel);
}

Result<EncodedFrame> encode_frame(const FrameSamples& frame, std::string_view transfer_syntax) {
  const Row* row = find(transfer_syntax);
  if (row == nullptr || !row->is_written) return not_supported("written in", transfer_syntax);
  switch (row->codec) {
    case Codec::native:
      return EncodedFrame{frame.bytes, frame.pixel.photometric_interpretation};
    case Codec::jpeg:
      return encode_jpeg_8(frame);
    case Codec::jpeg_2000:
      return encode_jpeg_2000(frame);
    case Codec::dcmtk:
      break;
  }
  return encode_by_dcmtk(frame, transfer_syntax);
}

}  // namespace lightbox::dicom
