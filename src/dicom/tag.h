#pragma once

// A DICOM attribute's tag (PS3.5 7.1): group in the high half, element in the low. The constants
// are those that code asks for by name; the dictionary (dictionary.h) knows all.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lightbox::dicom {

using Tag = std::uint32_t;

[[nodiscard]] constexpr std::uint16_t group_of(Tag tag) {
  return static_cast<std::uint16_t>(tag >> 16U);
}
[[nodiscard]] constexpr bool is_private(Tag tag) { return (group_of(tag) & 1U) != 0; }
// "0020000D", as DICOM JSON and DICOMweb write it (PS3.18 F.2.1.1).
[[nodiscard]] std::string text_of(Tag tag);
// The reverse; small letters too. nullopt: not eight hexadecimal digits.
[[nodiscard]] std::optional<Tag> tag_of(std::string_view text);
// "(0020,000D)", as the standard and every message writes it.
[[nodiscard]] std::string display_of(Tag tag);

// Named by the keywords of PS3.6.
// NOLINTBEGIN(readability-identifier-naming)
namespace tags {
inline constexpr Tag ErrorComment = 0x00000902;
inline constexpr Tag MediaStorageSOPClassUID = 0x00020002;
inline constexpr Tag MediaStorageSOPInstanceUID = 0x00020003;
inline constexpr Tag TransferSyntaxUID = 0x00020010;
inline constexpr Tag DirectoryRecordSequence = 0x00041220;
inline constexpr Tag ReferencedFileID = 0x00041500;
inline constexpr Tag SpecificCharacterSet = 0x00080005;
inline constexpr Tag SOPClassUID = 0x00080016;
inline constexpr Tag SOPInstanceUID = 0x00080018;
inline constexpr Tag StudyDate = 0x00080020;
inline constexpr Tag Modality = 0x00080060;
inline constexpr Tag ReferencedSeriesSequence = 0x00081115;
inline constexpr Tag ReferencedSOPClassUID = 0x00081150;
inline constexpr Tag ReferencedSOPInstanceUID = 0x00081155;
inline constexpr Tag RetrieveURL = 0x00081190;
inline constexpr Tag TransactionUID = 0x00081195;
inline constexpr Tag WarningReason = 0x00081196;
inline constexpr Tag FailureReason = 0x00081197;
inline constexpr Tag FailedSOPSequence = 0x00081198;
inline constexpr Tag ReferencedSOPSequence = 0x00081199;
inline constexpr Tag OtherFailuresSequence = 0x0008119A;
inline constexpr Tag PatientName = 0x00100010;
inline constexpr Tag PatientID = 0x00100020;
inline constexpr Tag StudyInstanceUID = 0x0020000D;
inline constexpr Tag SeriesInstanceUID = 0x0020000E;
inline constexpr Tag SeriesNumber = 0x00200011;
inline constexpr Tag InstanceNumber = 0x00200013;
inline constexpr Tag NumberOfFrames = 0x00280008;
inline constexpr Tag PixelRepresentation = 0x00280103;
inline constexpr Tag CurrentRequestedProcedureEvidenceSequence = 0x0040A375;
inline constexpr Tag FloatPixelData = 0x7FE00008;
inline constexpr Tag DoubleFloatPixelData = 0x7FE00009;
inline constexpr Tag PixelData = 0x7FE00010;
inline constexpr Tag Item = 0xFFFEE000;
inline constexpr Tag ItemDelimitationItem = 0xFFFEE00D;
inline constexpr Tag SequenceDelimitationItem = 0xFFFEE0DD;
}  // namespace tags
// NOLINTEND(readability-identifier-naming)

}  // namespace lightbox::dicom
