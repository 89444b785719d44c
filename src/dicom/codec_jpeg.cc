#include <cstdlib>
#include <fmt/format.h>

#include "dicom/codecs.h"
#include "dicom/jpeg_errors.h"
#include "dicom/picture.h"

namespace lightbox::dicom {
namespace {

constexpr int default_quality = 90;

Problem damaged(std::string_view what) {
  return problem(ProblemKind::unprocessable,
                 fmt::format("The JPEG image cannot be decoded: {}", what));
}

bool is_other_process(int code) {
  return code == JERR_BAD_PRECISION || code == JERR_SOF_UNSUPPORTED || code == JERR_ARITH_NOTIMPL ||
         code == JERR_NOT_COMPILED;
}

// One image of libjpeg's: it jumps out of the calls between begin() and end(), so nothing with a
// destructor may live there.
class Decoding {
 public:
  Decoding() {
    info_.err = errors_.install();
    jpeg_create_decompress(&info_);
  }
  ~Decoding() { jpeg_destroy_decompress(&info_); }
  Decoding(const Decoding&) = delete;
  Decoding& operator=(const Decoding&) = delete;

  // False: errors() say why.
  bool read_header(std::string_view bytes) {
    if (setjmp(errors_.jump) != 0) return false;
    jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    return jpeg_read_header(&info_, TRUE) == JPEG_HEADER_OK;
  }
  bool start(bool is_ycc, std::uint32_t factor) {
    if (setjmp(errors_.jump) != 0) return false;
    if (info_.num_components == 3) {
      info_.jpeg_color_space = is_ycc ? JCS_YCbCr : JCS_RGB;
      info_.out_color_space = JCS_RGB;
    }
    info_.scale_num = 1;
    info_.scale_denom = factor;
    return jpeg_start_decompress(&info_) == TRUE;
  }
  bool read(char* out) {
    if (setjmp(errors_.jump) != 0) return false;
    const std::size_t stride =
        std::size_t{info_.output_width} * static_cast<std::size_t>(info_.output_components);
    while (info_.output_scanline < info_.output_height) {
      auto* line = reinterpret_cast<JSAMPLE*>(out + info_.output_scanline * stride);
      jpeg_read_scanlines(&info_, &line, 1);
    }
    return true;
  }
  [[nodiscard]] const jpeg_decompress_struct& info() const { return info_; }
  [[nodiscard]] const JpegErrors& errors() const { return errors_; }

 private:
  JpegErrors errors_;
  jpeg_decompress_struct info_{};
};

// It jumps out: nothing with a destructor may live here.
bool encode(const Picture& picture, int quality, JpegErrors& errors, unsigned char*& out,
            unsigned long& size) {
  jpeg_compress_struct info{};
  info.err = errors.install();
  if (setjmp(errors.jump) != 0) {
    jpeg_destroy_compress(&info);
    return false;
  }
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &out, &size);
  info.image_width = picture.columns;
  info.image_height = picture.rows;
  info.input_components = static_cast<int>(picture.channels);
  info.in_color_space = picture.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  jpeg_start_compress(&info, TRUE);
  const std::size_t stride = std::size_t{picture.columns} * picture.channels;
  while (info.next_scanline < info.image_height) {
    auto* line = reinterpret_cast<JSAMPLE*>(
        const_cast<char*>(picture.bytes.data() + info.next_scanline * stride));
    jpeg_write_scanlines(&info, &line, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  return true;
}

}  // namespace

Result<std::optional<FrameSamples>> decode_jpeg_8(std::string_view bytes, const ImagePixel& pixel,
                                                  const DecodeOptions& options) {
  Decoding decoding;
  if (!decoding.read_header(bytes)) {
    if (is_other_process(decoding.errors().code)) return std::optional<FrameSamples>();
    return damaged(decoding.errors().message);
  }
  const jpeg_decompress_struct& info = decoding.info();
  if (info.image_width != pixel.columns || info.image_height != pixel.rows ||
      info.num_components != pixel.samples_per_pixel ||
      (info.num_components != 1 && info.num_components != 3)) {
    return damaged(
        fmt::format("it has {} by {} pixels of {} samples, the attributes say {} by {} of {}",
                    info.image_width, info.image_height, info.num_components, pixel.columns,
                    pixel.rows, pixel.samples_per_pixel));
  }
  if (pixel.bits_allocated != 8) return std::optional<FrameSamples>();
  const bool is_ycc = pixel.photometric_interpretation.starts_with("YBR");
  if (!decoding.start(is_ycc, reduction(pixel, options))) {
    return damaged(decoding.errors().message);
  }
  FrameSamples frame{.pixel = pixel, .bytes = {}};
  frame.pixel.columns = info.output_width;
  frame.pixel.rows = info.output_height;
  frame.pixel.is_planar = false;
  if (pixel.samples_per_pixel == 3) frame.pixel.photometric_interpretation = "RGB";
  frame.bytes.resize(frame.pixel.frame_bytes());
  if (!decoding.read(frame.bytes.data())) return damaged(decoding.errors().message);
  if (decoding.errors().is_truncated) return damaged("it is truncated");
  return std::optional(std::move(frame));
}

Result<EncodedFrame> encode_jpeg_8(const FrameSamples& frame) {
  const ImagePixel& pixel = frame.pixel;
  const bool is_rgb = pixel.samples_per_pixel == 3 && pixel.photometric_interpretation == "RGB";
  if (pixel.bits_allocated != 8 || pixel.bits_stored != 8 || pixel.is_signed || pixel.is_planar ||
      !(is_rgb || pixel.is_monochrome())) {
    return problem(ProblemKind::not_supported,
                   "JPEG baseline holds 8 bits of MONOCHROME1, MONOCHROME2 and RGB only");
  }
  TRY(auto bytes, to_jpeg({.columns = pixel.columns,
                           .rows = pixel.rows,
                           .channels = pixel.samples_per_pixel,
                           .bytes = frame.bytes},
                          default_quality));
  return EncodedFrame{
      .bytes = std::move(bytes),
      .photometric_interpretation = is_rgb ? "YBR_FULL_422" : pixel.photometric_interpretation};
}

Result<std::string> to_jpeg(const Picture& picture, int quality) {
  JpegErrors errors;
  unsigned char* out = nullptr;
  unsigned long size = 0;
  const bool is_written = encode(picture, quality, errors, out, size);
  std::string bytes(reinterpret_cast<char*>(out), is_written ? size : 0);
  std::free(out);
  if (!is_written) return problem(ProblemKind::unprocessable, "JPEG: " + errors.message);
  return bytes;
}

}  // namespace lightbox::dicom
