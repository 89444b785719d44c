#include "fhir/primitive.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "fhir/json_text.h"
#include "fhir/primitive_time.h"
#include "fhir/resource.h"

namespace lightbox::fhir {
namespace {

constexpr std::size_t string_bytes_max = 1024 * 1024;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_white(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

PrimitiveFault fault_unless(bool valid, std::string_view expected) {
  return valid ? PrimitiveFault{} : PrimitiveFault{.code = "value", .expected = expected};
}

// string and markdown: not empty, no control characters but tab, line feed and carriage return.
PrimitiveFault check_string(std::string_view text) {
  if (text.empty()) {
    return {.code = "value", .expected = "some text: leave the element out when there is none"};
  }
  if (text.size() > string_bytes_max) {
    return {.code = "too-long", .expected = "at most 1 MB of text"};
  }
  bool has_control = false;
  for (std::size_t at = find_escaped(text, 0); at < text.size(); at = find_escaped(text, at + 1)) {
    const char c = text[at];
    if (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r')
      has_control = true;
  }
  return fault_unless(!has_control, "no control characters but tab, line feed, carriage return");
}

// [^\s]+(\s[^\s]+)*, and "no whitespace other than single spaces" (R4, datatypes.html#code).
bool is_code(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ' || text.contains("  "))
    return false;
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

bool is_uri(std::string_view text) {
  return !text.empty() &&
         std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) <= 0x20; });
}

// urn:oid:[0-2](\.(0|[1-9][0-9]*))+
bool is_oid(std::string_view text) {
  if (!text.starts_with("urn:oid:")) return false;
  text.remove_prefix(8);
  if (text.size() < 3 || text[0] < '0' || text[0] > '2' || text[1] != '.') return false;
  text.remove_prefix(2);
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view arc = text.substr(0, dot);
    if (arc.empty() || !std::ranges::all_of(arc, is_digit)) return false;
    if (arc.size() > 1 && arc[0] == '0') return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

// urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}
bool is_uuid(std::string_view text) {
  constexpr std::string_view pattern = "urn:uuid:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return std::ranges::equal(text, pattern, [](char c, char wanted) {
    if (wanted != 'x') return c == wanted;
    return is_digit(c) || (c >= 'a' && c <= 'f');
  });
}

// (\s*([0-9a-zA-Z\+\/=]){4}\s*)+, and RFC 4648's rule that = stands only at the end.
bool is_base64(std::string_view text) {
  const auto is_letter = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '/';
  };
  std::size_t letters = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (is_white(c)) {
      if ((letters + padding) % 4 != 0) return false;
    } else if (c == '=') {
      if (++padding > 2) return false;
    } else if (!is_letter(c) || padding > 0) {
      return false;
    } else {
      ++letters;
    }
  }
  return letters > 0 && (letters + padding) % 4 == 0 && letters % 4 != 1;
}

// An integer of at least `low` in 32 bits, without fraction, exponent or a minus before zero.
bool is_integer(std::string_view text, std::int32_t low) {
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && value >= low && text != "-0";
}

struct Row {
  std::string_view name;
  Json::Kind kind = Json::Kind::string;
};

constexpr std::array<Row, 21> rows{{
    {"none", Json::Kind::object},
    {"base64Binary"},
    {"boolean", Json::Kind::boolean},
    {"canonical"},
    {"code"},
    {"date"},
    {"dateTime"},
    {"decimal", Json::Kind::number},
    {"id"},
    {"instant"},
    {"integer", Json::Kind::number},
    {"markdown"},
    {"oid"},
    {"positiveInt", Json::Kind::number},
    {"string"},
    {"time"},
    {"unsignedInt", Json::Kind::number},
    {"uri"},
    {"url"},
    {"uuid"},
    {"xhtml"},
}};

}  // namespace

Json::Kind json_kind_of(Primitive type) { return rows[static_cast<std::size_t>(type)].kind; }

std::string_view name_of(Primitive type) { return rows[static_cast<std::size_t>(type)].name; }

PrimitiveFault check_primitive(Primitive type, std::string_view text) {
  switch (type) {
    case Primitive::none:
    case Primitive::boolean:
    case Primitive::decimal:
      return {};  // JSON's own grammar is the format
    case Primitive::string:
    case Primitive::markdown:
    case Primitive::xhtml:
      return check_string(text);
    case Primitive::code:
      return fault_unless(is_code(text),
                          "a code: no space at its ends, single spaces within, not empty");
    case Primitive::uri:
    case Primitive::url:
    case Primitive::canonical:
      return fault_unless(is_uri(text), "a URI: no spaces, not empty");
    case Primitive::oid:
      return fault_unless(is_oid(text), "an OID as a URI, such as urn:oid:1.2.840.10008.1");
    case Primitive::uuid:
      return fault_unless(is_uuid(text),
                          "a UUID as a URI, in lower case, such as "
                          "urn:uuid:c757873d-ec9a-4326-a141-556f43239520");
    case Primitive::id:
      return fault_unless(is_id(text), "an id: 1 to 64 of A-Z a-z 0-9 - .");
    case Primitive::base64Binary:
      return fault_unless(is_base64(text), "base64: groups of four, padded with = at the end");
    case Primitive::integer:
      return fault_unless(
          is_integer(text, INT32_MIN),
          "an integer from -2147483648 to 2147483647, without fraction or exponent");
    case Primitive::unsignedInt:
      return fault_unless(is_integer(text, 0),
                          "an integer from 0 to 2147483647, without fraction or exponent");
    case Primitive::positiveInt:
      return fault_unless(is_integer(text, 1),
                          "an integer from 1 to 2147483647, without fraction or exponent");
    case Primitive::date:
    case Primitive::dateTime:
    case Primitive::instant:
    case Primitive::time: {
      const std::string_view expected = check_time(type, text);
      return fault_unless(expected.empty(), expected);
    }
  }
  return {};
}

}  // namespace lightbox::fhir
