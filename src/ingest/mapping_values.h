#pragma once

// Values of DICOM as JSON of FHIR's data types: text, names, codes, identifiers. Each function
// gives
// "" where nothing valid can be said. Pure functions; safe from any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dicom/data_set.h"
#include "ingest/mapping.h"

namespace lightbox::ingest {

// Without the spaces and zero bytes that DICOM pads with, at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text);

// Text that a FHIR string may be: valid UTF-8, without control characters but tab and line ends. ""
// when nothing is left, or it is longer than FHIR allows; `fault` then says what was wrong.
struct CleanText {
  std::string text;
  std::string_view fault;  // "" when the text is as it came
};
[[nodiscard]] CleanText clean_text(std::string_view text);

// Whether `text` is a code, or an absolute URI, as FHIR defines them.
[[nodiscard]] bool is_code(std::string_view text);
[[nodiscard]] bool is_uri(std::string_view text);

// Appends an object's members; those without a value are left out.
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_.push_back('{'); }
  void text(std::string_view name, std::string_view value);
  void raw(std::string_view name, std::string_view json);
  void close() { out_.push_back('}'); }

 private:
  void name(std::string_view name);

  std::string& out_;
  bool is_empty_ = true;
};
// {"name":"value",…}, "" when no member has a value.
using Member = std::pair<std::string_view, std::string_view>;
[[nodiscard]] std::string object_of(std::initializer_list<Member> texts,
                                    std::initializer_list<Member> raws = {});
[[nodiscard]] std::string array_of(const std::vector<std::string>& items);

// --- Names (PS3.5 6.2.1, VR PN) -----------------------------------------------------------------
// "Rev. John Quincy Adams B.A."; of the alphabetic group, else of the ideographic or phonetic one.
[[nodiscard]] std::string readable_name(std::string_view pn);
// A HumanName for each group; the second and third with iso21090-EN-representation.
[[nodiscard]] std::vector<std::string> human_names(std::string_view pn);

// --- Codes (PS3.3 8.8) --------------------------------------------------------------------------
struct Code {
  std::string system;  // "" when the scheme has no URI
  std::string code;    // "" when there is none that FHIR allows
  std::string display;
};
[[nodiscard]] Code code_of(const dicom::DataSet& item, const MappingRules& rules);
[[nodiscard]] std::string coding(const Code& code);
[[nodiscard]] std::string codeable_concept(const Code& code);

// --- Identifiers --------------------------------------------------------------------------------
// Who gave out an identifier: a name that is known locally, and one that is known everywhere.
struct Issuer {
  std::string local;
  std::string universal;
  std::string universal_type;  // (0040,0033): ISO, UUID, URI, …
  [[nodiscard]] bool is_empty() const { return local.empty() && universal.empty(); }
};
// PS3.3 table 10-17: the first item, if any.
[[nodiscard]] Issuer issuer_of(const std::vector<dicom::DataSet>& items);
// By the issuer table, else by what the universal identifier is; "" when neither says.
[[nodiscard]] std::string system_of(const Issuer& issuer, const MappingRules& rules);
// `type` is a code of v2-0203, or "".
[[nodiscard]] std::string identifier(std::string_view type, std::string_view system,
                                     std::string_view value);
// The UID as an identifier (R4, imagingstudy.html): urn:dicom:uid|urn:oid:….
[[nodiscard]] std::string uid_identifier(std::string_view uid);
// A Reference by identifier, display or both; "" when it has neither.
[[nodiscard]] std::string logical_reference(std::string_view type, std::string_view identifier,
                                            std::string_view display);

}  // namespace lightbox::ingest
