#pragma once

// A DICOM attribute for people to read, and whether two values say the same. Pure functions; safe
// from any thread.

#include <string>

#include "dicom/data_set.h"

namespace lightbox::ingest {

// "(0018,0015) BodyPartExamined"
[[nodiscard]] std::string name_of_attribute(dicom::Tag tag);

// All of its values as one text, separated by backslashes; a sequence's items in parentheses, their
// values separated by commas. Not longer than a few lines. "" when it is not there or empty.
[[nodiscard]] std::string value_text(const dicom::DataSet& data, dicom::Tag tag);

// Whether it is there with a value.
[[nodiscard]] bool has_value(const dicom::DataSet& data, dicom::Tag tag);

// Whether both say the same: padding and a name's empty components say nothing (PS3.5 6.2).
[[nodiscard]] bool same_value(const dicom::DataSet& left, const dicom::DataSet& right,
                              dicom::Tag tag);

}  // namespace lightbox::ingest
