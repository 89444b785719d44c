#pragma once

// The data dictionary (PS3.6): definitions/dicom-elements.tsv and definitions/dicom-uids.tsv,
// generated. Immutable; safe from any thread.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "dicom/tag.h"
#include "dicom/vr.h"

namespace lightbox::dicom {

struct DictionaryEntry {
  Tag tag = 0;
  // Where the standard lets several, that of implicit VR (PS3.5 A.1: OB or OW: OW; US or OW: OW),
  // or US of US or SS, which Pixel Representation decides.
  Vr vr = Vr::UN;
  Vr other_vr = Vr::UN;  // the second of several; else the same as vr
  std::string_view keyword;
};
// Repeating groups (50xx, 60xx, …) by their first. nullopt for private and unknown tags.
[[nodiscard]] std::optional<DictionaryEntry> find_tag(Tag tag);
[[nodiscard]] std::optional<DictionaryEntry> find_keyword(std::string_view keyword);

enum class UidKind : std::uint8_t { sop_class, transfer_syntax, other };
struct UidEntry {
  std::string_view uid;
  UidKind kind = UidKind::other;
  std::string_view name;  // "CT Image Storage"
};
[[nodiscard]] std::optional<UidEntry> find_uid(std::string_view uid);
// All storage SOP classes of the standard (PS3.4 B.5 and GG.3), retired ones included.
[[nodiscard]] const std::vector<UidEntry>& storage_sop_classes();
[[nodiscard]] const std::vector<UidEntry>& transfer_syntaxes();

}  // namespace lightbox::dicom
