#pragma once

// Files that CMake's lightbox_embed puts into the program, as text. Valid for the life of the
// program.

#include <string_view>

extern "C" {
extern const char embedded_elements_tsv[];
extern const char embedded_elements_tsv_end[];
extern const char embedded_search_parameters_tsv[];
extern const char embedded_search_parameters_tsv_end[];
extern const char embedded_terminology_tsv[];
extern const char embedded_terminology_tsv_end[];
extern const char embedded_operations_ndjson[];
extern const char embedded_operations_ndjson_end[];
extern const char embedded_dicom_elements_tsv[];
extern const char embedded_dicom_elements_tsv_end[];
extern const char embedded_dicom_uids_tsv[];
extern const char embedded_dicom_uids_tsv_end[];
extern const char embedded_dicom_codes_tsv[];
extern const char embedded_dicom_codes_tsv_end[];
extern const char embedded_dejavusans_ttf[];
extern const char embedded_dejavusans_ttf_end[];
extern const char embedded_web_pack[];
extern const char embedded_web_pack_end[];
}

namespace lightbox {

inline std::string_view embedded_text(const char* begin, const char* end) { return {begin, end}; }

// definitions/elements.tsv and definitions/search-parameters.tsv (docs/definitions.md).
inline std::string_view embedded_elements() {
  return embedded_text(embedded_elements_tsv, embedded_elements_tsv_end);
}
inline std::string_view embedded_search_parameters() {
  return embedded_text(embedded_search_parameters_tsv, embedded_search_parameters_tsv_end);
}
// definitions/terminology.tsv
inline std::string_view embedded_terminology() {
  return embedded_text(embedded_terminology_tsv, embedded_terminology_tsv_end);
}

// definitions/operations.ndjson
inline std::string_view embedded_operations() {
  return embedded_text(embedded_operations_ndjson, embedded_operations_ndjson_end);
}

// definitions/dicom-elements.tsv and definitions/dicom-uids.tsv
inline std::string_view embedded_dicom_elements() {
  return embedded_text(embedded_dicom_elements_tsv, embedded_dicom_elements_tsv_end);
}
inline std::string_view embedded_dicom_uids() {
  return embedded_text(embedded_dicom_uids_tsv, embedded_dicom_uids_tsv_end);
}

// definitions/dicom-codes.tsv
inline std::string_view embedded_dicom_codes() {
  return embedded_text(embedded_dicom_codes_tsv, embedded_dicom_codes_tsv_end);
}

// DejaVu Sans (dicom/typeface.h)
inline std::string_view embedded_typeface() {
  return embedded_text(embedded_dejavusans_ttf, embedded_dejavusans_ttf_end);
}

// The study browser (src/web/files.h)
inline std::string_view embedded_web() {
  return embedded_text(embedded_web_pack, embedded_web_pack_end);
}

}  // namespace lightbox
