#include <png.h>

#include "dicom/picture.h"

namespace lightbox::dicom {
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
