#include "fhir/full_text.h"

#include <algorithm>
#include <charconv>

#include "fhir/index.h"

namespace lightbox::fhir {
namespace {

void append_utf8(std::uint32_t code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0U | code >> 6U);
    out += static_cast<char>(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0U | code >> 12U);
    out += static_cast<char>(0x80U | (code >> 6U & 0x3FU));
    out += static_cast<char>(0x80U | (code & 0x3FU));
  } else if (code < 0x110000) {
    out += static_cast<char>(0xF0U | code >> 18U);
    out += static_cast<char>(0x80U | (code >> 12U & 0x3FU));
    out += static_cast<char>(0x80U | (code >> 6U & 0x3FU));
    out += static_cast<char>(0x80U | (code & 0x3FU));
  }
}

// The name between & and ;. Of the named ones only XML's matter: none of them is in a word, nor are
// most of HTML's; and a letter is written as itself in UTF-8.
void append_entity(std::string_view name, std::string& out) {
  if (!name.starts_with('#')) {
    out += name == "amp" ? '&' : name == "apos" ? '\'' : ' ';
    return;
  }
  name.remove_prefix(1);
  const bool is_hexadecimal = name.starts_with('x') || name.starts_with('X');
  if (is_hexadecimal) name.remove_prefix(1);
  std::uint32_t code = ' ';
  std::from_chars(name.data(), name.data() + name.size(), code, is_hexadecimal ? 16 : 10);
  append_utf8(code == 0 ? ' ' : code, out);
}

void append_without_markup(std::string_view div, std::string& out) {
  while (!div.empty() && out.size() < full_text_bytes_max) {
    const auto plain = std::min(div.find_first_of("<&"), div.size());
    out += div.substr(0, std::min(plain, full_text_bytes_max - out.size()));
    div.remove_prefix(plain);
    if (div.empty()) break;
    const auto end = std::min(div.find(div.front() == '<' ? '>' : ';'), div.size() - 1);
    if (div.front() == '&') {
      append_entity(div.substr(1, end - 1), out);
    } else {
      out += ' ';
    }
    div.remove_prefix(end + 1);
  }
}

bool is_uid(std::string_view text) {
  const std::string_view uid = strip_uid(text);
  return uid.find('.') != std::string_view::npos &&
         uid.find_first_not_of("0123456789.") == std::string_view::npos;
}

void append_strings(const Json& value, std::string& out) {
  if (out.size() >= full_text_bytes_max || value.key == "data") return;
  if (value.is(Json::Kind::string)) {
    if (value.key == "div") return append_without_markup(value.text, out);
    if (is_uid(value.text)) return;
    out += value.text.substr(0, full_text_bytes_max);
    out += ' ';
    return;
  }
  for (const Json* child = value.first; child != nullptr; child = child->next) {
    append_strings(*child, out);
  }
}

}  // namespace

std::string narrative_text(const Json& resource) {
  std::string out;
  const Json* narrative = resource.find("text");
  if (narrative == nullptr || !narrative->is(Json::Kind::object)) return out;
  append_without_markup(narrative->string("div"), out);
  return out;
}

std::string content_text(const Json& resource) {
  std::string out;
  for (const Json* member = resource.first; member != nullptr; member = member->next) {
    const bool is_narrative = member->key == "text" && member->is(Json::Kind::object);
    if (is_narrative || member->key == "resourceType" || member->key == "id" ||
        member->key == "meta") {
      continue;
    }
    append_strings(*member, out);
  }
  return out;
}

}  // namespace lightbox::fhir
