#pragma once

// What the mapping knows of DICOM's codes: definitions/dicom-codes.tsv, generated
// (docs/definitions.md). Immutable; safe from any thread; views are valid for the program's life.

#include <optional>
#include <string_view>

namespace lightbox::ingest {

inline constexpr std::string_view dcm_system = "http://dicom.nema.org/resources/ontology/DCM";
inline constexpr std::string_view snomed_system = "http://snomed.info/sct";

// PS3.16 CID 33: (0008,0060).
struct ModalityCode {
  std::string_view display;
  bool is_acquisition = false;  // CID 29; else CID 32
};
[[nodiscard]] std::optional<ModalityCode> find_modality(std::string_view code);

struct SnomedCode {
  std::string_view code;  // "" for the few body parts that have none
  std::string_view display;
};
// PS3.16 annex L: (0018,0015), whatever its case; spaces, hyphens and underscores do not matter.
[[nodiscard]] std::optional<SnomedCode> find_body_part(std::string_view body_part_examined);
// PS3.16 CID 244: (0020,0060) and (0020,0062).
[[nodiscard]] std::optional<SnomedCode> find_laterality(std::string_view laterality);

// The title of a rejection note (IHE RAD TF-2 4.66) -> ImagingStudy.status of a study of which
// nothing else is left. nullopt when the code is not one.
[[nodiscard]] std::optional<std::string_view> find_rejection(std::string_view code);

// PS3.16 table 8-1: (0008,0102) -> the code system's URI, or "".
[[nodiscard]] std::string_view scheme_uri(std::string_view designator);

}  // namespace lightbox::ingest
