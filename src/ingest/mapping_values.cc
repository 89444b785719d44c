#include "ingest/mapping_values.h"

#include <algorithm>
#include <array>

#include "fhir/json.h"
#include "fhir/json_text.h"
#include "fhir/primitive.h"
#include "ingest/mapping_codes.h"
#include "ingest/mapping_tags.h"

namespace lightbox::ingest {
namespace {

using fhir::Primitive;

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

bool is_padding(char c) { return c == ' ' || c == '\0'; }

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Control characters that FHIR's string does not allow.
bool is_forbidden(char c) {
  return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

std::string valid_utf8(std::string_view text) {
  std::string valid;
  while (true) {
    const std::size_t invalid = fhir::find_invalid_utf8(text);
    valid.append(text.substr(0, invalid));
    if (invalid >= text.size()) return valid;
    valid.append(replacement);
    text.remove_prefix(invalid + 1);
  }
}

std::string_view without_spaces_around(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string> parts_of(std::string_view text, char delimiter, std::size_t max) {
  std::vector<std::string> parts;
  while (parts.size() < max) {
    const std::size_t end = text.find(delimiter);
    parts.push_back(clean_text(text.substr(0, end)).text);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  parts.resize(max);
  return parts;
}

// PS3.5 6.2.1.1
struct NameGroup {
  std::string family, given, middle, prefix, suffix;
  [[nodiscard]] bool is_empty() const {
    return family.empty() && given.empty() && middle.empty() && prefix.empty() && suffix.empty();
  }
};
constexpr std::size_t groups_max = 3;

std::array<NameGroup, groups_max> groups_of(std::string_view pn) {
  std::array<NameGroup, groups_max> groups;
  for (NameGroup& group : groups) {
    const std::size_t end = pn.find('=');
    auto parts = parts_of(pn.substr(0, end), '^', 5);
    group = {.family = std::move(parts[0]),
             .given = std::move(parts[1]),
             .middle = std::move(parts[2]),
             .prefix = std::move(parts[3]),
             .suffix = std::move(parts[4])};
    if (end == std::string_view::npos) break;
    pn.remove_prefix(end + 1);
  }
  return groups;
}

std::string list_of(const std::string& one) {
  if (one.empty()) return {};
  std::string out = "[";
  fhir::write_json_string(one, out);
  out.push_back(']');
  return out;
}

std::string human_name(const NameGroup& group, std::string_view representation) {
  std::string extension;
  if (!representation.empty()) {
    extension =
        "[" +
        object_of({{"url", "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation"},
                   {"valueCode", representation}}) +
        "]";
  }
  std::vector<std::string> given;
  for (const std::string* name : {&group.given, &group.middle}) {
    if (name->empty()) continue;
    given.emplace_back();
    fhir::write_json_string(*name, given.back());
  }
  std::string out;
  JsonObject object(out);
  object.raw("extension", extension);
  object.text("family", group.family);
  object.raw("given", given.empty() ? "" : array_of(given));
  object.raw("prefix", list_of(group.prefix));
  object.raw("suffix", list_of(group.suffix));
  object.close();
  return out;
}

// Of the coding scheme: the standard's, the configuration's, else its UID.
std::string scheme_system(std::string_view designator, std::string_view uid,
                          const MappingRules& rules) {
  for (const std::string_view key : {designator, uid}) {
    const auto found = rules.issuers.find(key);
    if (!key.empty() && found != rules.issuers.end() && is_uri(found->second)) return found->second;
  }
  if (const std::string_view known = scheme_uri(designator); !known.empty())
    return std::string(known);
  std::string urn = "urn:oid:" + std::string(uid);
  return fhir::check_primitive(Primitive::oid, urn) ? "" : urn;
}

std::string clean_first(const dicom::DataSet& data, dicom::Tag tag) {
  return clean_text(data.text(tag)).text;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_padding(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_padding(text.back())) text.remove_suffix(1);
  return text;
}

CleanText clean_text(std::string_view text) {
  CleanText clean;
  text = trimmed(text);
  clean.text = valid_utf8(text);
  if (clean.text.size() != text.size()) clean.fault = "is not valid text throughout";
  if (std::ranges::any_of(clean.text, is_forbidden)) {
    std::erase_if(clean.text, is_forbidden);
    clean.fault = "has control characters, which are left out";
  }
  clean.text = std::string(without_spaces_around(clean.text));
  if (clean.text.empty()) return clean;
  if (fhir::check_primitive(Primitive::string, clean.text)) {
    clean.text.clear();
    clean.fault = "is longer than the 1 MB that FHIR allows, and left out";
  }
  return clean;
}

bool is_code(std::string_view text) {
  return !fhir::check_primitive(Primitive::code, text) &&
         fhir::find_invalid_utf8(text) == text.size();
}

bool is_uri(std::string_view text) {
  return text.find(':') != std::string_view::npos && fhir::find_invalid_utf8(text) == text.size() &&
         !fhir::check_primitive(Primitive::uri, text);
}

void JsonObject::name(std::string_view name) {
  if (!is_empty_) out_.push_back(',');
  is_empty_ = false;
  out_.append("\"").append(name).append("\":");
}

void JsonObject::text(std::string_view member, std::string_view value) {
  if (value.empty()) return;
  name(member);
  fhir::write_json_string(value, out_);
}

void JsonObject::raw(std::string_view member, std::string_view json) {
  if (json.empty()) return;
  name(member);
  out_.append(json);
}

std::string object_of(std::initializer_list<Member> texts, std::initializer_list<Member> raws) {
  std::string out;
  JsonObject object(out);
  for (const auto& [name, json] : raws) object.raw(name, json);
  for (const auto& [name, value] : texts) object.text(name, value);
  object.close();
  return out == "{}" ? "" : out;
}

std::string array_of(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) {
    if (out.size() > 1) out.push_back(',');
    out += item;
  }
  return out + "]";
}

std::string readable_name(std::string_view pn) {
  for (const NameGroup& group : groups_of(pn)) {
    if (group.is_empty()) continue;
    std::string text;
    for (const std::string* part :
         {&group.prefix, &group.given, &group.middle, &group.family, &group.suffix}) {
      if (part->empty()) continue;
      if (!text.empty()) text.push_back(' ');
      text += *part;
    }
    return text;
  }
  return {};
}

std::vector<std::string> human_names(std::string_view pn) {
  constexpr std::array<std::string_view, groups_max> representations{"", "IDE", "SYL"};
  const auto groups = groups_of(pn);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (!groups[i].is_empty()) names.push_back(human_name(groups[i], representations[i]));
  }
  return names;
}

Code code_of(const dicom::DataSet& item, const MappingRules& rules) {
  Code code{.system = scheme_system(trimmed(item.first(tags::CodingSchemeDesignator)),
                                    trimmed(item.first(tags::CodingSchemeUID)), rules),
            .code = clean_first(item, tags::CodeValue),
            .display = clean_first(item, tags::CodeMeaning)};
  if (code.code.empty()) code.code = clean_first(item, tags::LongCodeValue);
  if (code.code.empty()) {
    code.code = clean_text(item.first(tags::URNCodeValue)).text;
    if (!code.code.empty()) code.system = "urn:ietf:rfc:3986";
  }
  if (!is_code(code.code)) code.code.clear();
  return code;
}

std::string coding(const Code& code) {
  if (code.code.empty()) return object_of({{"display", code.display}});
  return object_of({{"system", code.system}, {"code", code.code}, {"display", code.display}});
}

std::string codeable_concept(const Code& code) {
  std::string codings;
  if (!code.code.empty()) codings = "[" + coding(code) + "]";
  return object_of({{"text", code.display}}, {{"coding", codings}});
}

Issuer issuer_of(const std::vector<dicom::DataSet>& items) {
  if (items.empty()) return {};
  const dicom::DataSet& item = items[0];
  return {.local = clean_first(item, tags::LocalNamespaceEntityID),
          .universal = clean_first(item, tags::UniversalEntityID),
          .universal_type = std::string(trimmed(item.first(tags::UniversalEntityIDType)))};
}

std::string system_of(const Issuer& issuer, const MappingRules& rules) {
  for (const std::string* key : {&issuer.universal, &issuer.local}) {
    const auto found = rules.issuers.find(*key);
    if (!key->empty() && found != rules.issuers.end() && is_uri(found->second))
      return found->second;
  }
  if (issuer.universal_type == "ISO") {
    std::string urn = "urn:oid:" + issuer.universal;
    if (!fhir::check_primitive(Primitive::oid, urn)) return urn;
  }
  if (issuer.universal_type == "UUID") {
    std::string urn = "urn:uuid:" + issuer.universal;
    std::ranges::transform(urn, urn.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    if (!fhir::check_primitive(Primitive::uuid, urn)) return urn;
  }
  if (issuer.universal_type == "URI" && is_uri(issuer.universal)) return issuer.universal;
  return {};
}

std::string identifier(std::string_view type, std::string_view system, std::string_view value) {
  if (value.empty()) return {};
  std::string concept_json;
  if (!type.empty()) {
    const Code code{.system = "http://terminology.hl7.org/CodeSystem/v2-0203",
                    .code = std::string(type),
                    .display = {}};
    concept_json = codeable_concept(code);
  }
  return object_of({{"system", is_uri(system) ? system : ""}, {"value", value}},
                   {{"type", concept_json}});
}

std::string uid_identifier(std::string_view uid) {
  const std::string clean = clean_text(uid).text;
  return clean.empty() ? "" : identifier({}, "urn:dicom:uid", "urn:oid:" + clean);
}

std::string logical_reference(std::string_view type, std::string_view identifier,
                              std::string_view display) {
  if (identifier.empty() && display.empty()) return {};
  std::string out;
  JsonObject object(out);
  object.text("type", type);
  object.raw("identifier", identifier);
  object.text("display", display);
  object.close();
  return out;
}

}  // namespace lightbox::ingest
