#include <cstdlib>
#include <png.h>

#include "dicom/jpeg_errors.h"
#include "dicom/picture.h"

namespace lightbox::dicom {
namespace {

// libjpeg jumps out of it: nothing with a destructor may live here.
bool write_jpeg(const Picture& picture, int quality, JpegErrors& errors, unsigned char*& out,
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

Result<std::string> to_jpeg(const Picture& picture, int quality) {
  JpegErrors errors;
  unsigned char* out = nullptr;
  unsigned long size = 0;
  const bool is_written = write_jpeg(picture, quality, errors, out, size);
  std::string bytes(reinterpret_cast<char*>(out), is_written ? size : 0);
  std::free(out);
  if (!is_written) return problem(ProblemKind::unprocessable, "JPEG: " + errors.message);
  return bytes;
}

Result<std::string> to_png(const Picture& picture) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = picture.columns;
  image.height = picture.rows;
  image.format = picture.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  image.flags = PNG_IMAGE_FLAG_FAST;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string bytes(size, '\0');
  if (png_image_write_to_memory(&image, bytes.data(), &size, 0, picture.bytes.data(), 0, nullptr) ==
      0) {
    return problem(ProblemKind::unprocessable, std::string("PNG: ") + image.message);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace lightbox::dicom
