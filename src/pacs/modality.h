#pragma once

// Archives that do not know Modalities in Study (0008,0061) as a key, which is optional (PS3.4
// C.6.2.1.2), show all studies whatever modality was asked for. Pure.

#include <algorithm>
#include <string>

#include "dicom/data_set.h"

namespace lightbox::pacs {

inline constexpr dicom::Tag modalities_in_study = 0x00080061;

// False when a result says that its study does not have the modality. `modality` "": any.
[[nodiscard]] inline bool may_have(const dicom::DataSet& result, const std::string& modality) {
  if (modality.empty() || result.bytes(modalities_in_study).empty()) return true;
  const auto modalities = result.texts(modalities_in_study);
  return std::ranges::find(modalities, modality) != modalities.end();
}

}  // namespace lightbox::pacs
