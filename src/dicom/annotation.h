#pragma once

// What a picture says about itself in its corners (PS3.18 8.3.5.1.1). Which attributes those are is
// for the server to choose: these are what viewers show. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "dicom/data_set.h"
#include "dicom/grayscale.h"
#include "dicom/picture.h"

namespace lightbox::dicom {

// Lines of UTF-8, each corner's from the top.
struct Annotation {
  std::vector<std::string> top_left = {};
  std::vector<std::string> top_right = {};
  std::vector<std::string> bottom_left = {};
  std::vector<std::string> bottom_right = {};
};

// "patient": name, ID, birth date and sex, at the top left.
void add_patient(const DataSet& data_set, Annotation& annotation);

struct ShownFrame {
  std::uint32_t number = 0;  // counted from 0
  std::uint32_t count = 1;
  std::optional<Window> window = std::nullopt;  // that it is shown with
};
// "technique": institution, study and series at the top right, how the image was made at the bottom
// left, which one it is and its window at the bottom right. Of an enhanced object, as the frame's
// functional groups say.
void add_technique(const DataSet& data_set, const ShownFrame& frame, Annotation& annotation);

// Draws it in white with black around it, which can be read on any ground, in letters of a size
// that goes with the picture's. Lines that are too long end with an ellipsis; those for which there
// is no room are left out. As Typeface::of_size.
Result<void> draw_annotation(const Annotation& annotation, Picture& picture);

}  // namespace lightbox::dicom
