#include "dicom/character_set.h"

namespace lightbox::dicom {

std::string to_utf8(std::string_view bytes, std::string_view, Vr) { return std::string(bytes); }

}  // namespace lightbox::dicom
