#pragma once

// Messages of HL7 version 2 as far as they say that a study exists: what they are called and which
// studies they name. Nothing else is read of them, no patient and no report, and so not their
// character set. Pure; safe from any thread.
//
// HL7 v2.5.1, chapter 2 (2.5 segments and separators, 2.7 escape sequences, 2.9.2 acknowledgement).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"

namespace lightbox::hl7 {

// MSH. The fields are as they came, with the separators and escape sequences of their message.
struct Header {
  char field_separator = '|';         // MSH-1
  std::string encoding_characters;    // MSH-2
  std::string sending_application;    // MSH-3
  std::string sending_facility;       // MSH-4
  std::string receiving_application;  // MSH-5
  std::string receiving_facility;     // MSH-6
  std::string type;                   // MSH-9.1: "ORM"
  std::string trigger;                // MSH-9.2: "O01"
  std::string control_id;             // MSH-10
  std::string processing_id;          // MSH-11
  std::string version;                // MSH-12
};

struct Message {
  Header header;
  // Each once, in their order; at most hl7_names_max of both.
  std::vector<std::string> study_uids;
  std::vector<std::string> accession_numbers;
};

// nullopt when `bytes` do not begin with MSH and separators. Of a message that is cut off, too.
[[nodiscard]] std::optional<Header> read_header(std::string_view bytes);

// `bytes`: one message, without the framing of its transport. Segments end with CR, LF or both.
// `invalid` when it has no MSH, type or control id, or MSH is too long for one.
//
//   Study Instance UIDs: ZDS-1.1 (IHE RAD TF-2 4.4), IPC-3.1 (OMI^O23), and OBX-5 where OBX-3 is
//   (113014, DCM, "DICOM Study") or (110180, DCM, "Study Instance UID").
//   Accession numbers: IPC-1.1 and OBR-18 (IHE RAD TF-2 4.4); of a message with neither, the filler
//   order numbers ORC-3.1 and OBR-3.1.
//
// What cannot be one is passed over: UIDs of other characters, and numbers that are longer than 64
// characters, not ASCII, or hold what has a meaning in DICOM queries (* ? \).
[[nodiscard]] Result<Message> parse_message(std::string_view bytes, const Limits& limits);

// HL7 table 0008: taken, an error of the message, or refused.
enum class AckCode : std::uint8_t { accepted, error, rejected };  // AA, AE, AR

// The acknowledgement of a message with that header, in the original mode: with its control id,
// separators and version, from its receiver to its sender. `text` is MSA-3; `time_ms` since 1970.
[[nodiscard]] std::string acknowledgement(const Header& header, AckCode code, std::string_view text,
                                          std::int64_t time_ms);

}  // namespace lightbox::hl7
