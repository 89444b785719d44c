#pragma once

// The Native DICOM Model (PS3.19 A.1), data sets as XML: what DICOMweb calls application/dicom+xml.

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dicom/data_set.h"

namespace lightbox::dicomweb {

// The URI of the element at a path as dicom/json.h has them; "" when its value is not elsewhere.
using BulkUri = std::function<std::string(std::string_view path)>;

// A whole document. `bulk_uri` is asked for elements without a value; nullptr: none has one
// elsewhere.
[[nodiscard]] std::string write_native_model(const dicom::DataSet& data_set,
                                             const BulkUri& bulk_uri = nullptr);

// The same content in the DICOM JSON model (PS3.18 F), to be read as such: one object. `invalid`,
// with line and column, when it is not XML of that model, and for a DOCTYPE.
Result<std::string> native_model_to_json(std::string_view xml);

}  // namespace lightbox::dicomweb
