#include "dicom/json_members.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace lightbox::dicom {
namespace {

// Of a string that begins at `at`: the place behind its closing quote.
std::size_t skip_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return text.size();
}

// Of any value that begins at `at`: the place behind it.
std::size_t skip_value(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    switch (text[at]) {
      case '"':
        at = skip_string(text, at);
        if (depth == 0) return at;
        continue;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (depth == 0) return at;  // of what is around
        if (--depth == 0) return at + 1;
        break;
      case ',':
        if (depth == 0) return at;
        break;
      default:
        break;
    }
    ++at;
  }
  return text.size();
}

// Of an attribute that begins at `at`: the place behind it. Most have strings, or one name.
std::size_t skip_attribute(std::string_view text, std::size_t at) {
  constexpr std::string_view vr = R"({"vr":")";
  constexpr std::string_view value = R"(","Value":[)";
  constexpr std::size_t value_at = vr.size() + 2;
  const std::string_view attribute = text.substr(at);
  if (attribute.size() > value_at && attribute.starts_with(vr) &&
      attribute.substr(value_at).starts_with(value)) {
    std::size_t next = at + value_at + value.size();
    while (next < text.size() && (text[next] == '"' || text[next] == '{')) {
      next = text[next] == '"' ? skip_string(text, next) : skip_value(text, next);
      if (text.substr(next).starts_with("]}")) return next + 2;
      if (next < text.size() && text[next] == ',') ++next;
    }
  }
  return skip_value(text, at);
}

// A string at `at` of an object or array, and the place behind it and one ':' or ','.
std::string_view take_string(std::string_view text, std::size_t& at) {
  if (at >= text.size() || text[at] != '"') {
    at = text.size();
    return {};
  }
  const std::size_t end = skip_string(text, at);
  const std::string_view inside =
      end - at >= 2 ? text.substr(at + 1, end - at - 2) : std::string_view();
  at = std::min(end + 1, text.size());
  return inside;
}

void append_utf8(std::uint32_t code, std::string& out) {
  const auto tail = [&](unsigned shift) {
    out += static_cast<char>(0x80U | (code >> shift & 0x3FU));
  };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0U | code >> 6U);
    tail(0);
  } else {
    out += static_cast<char>(0xE0U | code >> 12U);
    tail(6);
    tail(0);
  }
}

// append_json escapes only the quote, the backslash and control characters.
void append_unescaped(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    std::uint32_t code = 0;
    if (c == 'u' && i + 4 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 5, code, 16).ptr ==
            text.data() + i + 5) {
      append_utf8(code, out);
      i += 4;
    } else {
      constexpr std::string_view names = "nrtbf";
      constexpr std::string_view values = "\n\r\t\b\f";
      const auto known = names.find(c);
      out += known == std::string_view::npos ? c : values[known];
    }
  }
}

// F.2.2: {"Alphabetic":"…","Ideographic":"…","Phonetic":"…"}
void append_name(std::string_view object, std::string& out) {
  constexpr std::array<std::string_view, 3> groups = {"Alphabetic", "Ideographic", "Phonetic"};
  std::array<std::string_view, 3> values;
  std::size_t at = 1;
  while (at < object.size() && object[at] == '"') {
    const std::string_view name = take_string(object, at);
    const std::string_view value = take_string(object, at);
    const auto found = std::ranges::find(groups, name);
    if (found != groups.end()) values[static_cast<std::size_t>(found - groups.begin())] = value;
  }
  const std::size_t start = out.size();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += '=';
    append_unescaped(values[i], out);
  }
  while (out.size() > start && out.back() == '=') out.pop_back();
}

}  // namespace

std::string_view JsonMember::vr() const {
  constexpr std::string_view start = R"({"vr":")";
  return attribute.starts_with(start) ? attribute.substr(start.size(), 2) : std::string_view();
}

std::string_view JsonMember::content(std::string_view name) const {
  std::size_t at = 1;
  while (at < attribute.size() && attribute[at] == '"') {
    const std::string_view here = take_string(attribute, at);
    const std::size_t end = skip_value(attribute, at);
    if (here == name) return attribute.substr(at, end - at);
    at = end + 1;
  }
  return {};
}

bool JsonMember::has_content() const {
  constexpr std::string_view alone = R"({"vr":"XX"})";
  return attribute.size() > alone.size();
}

bool JsonMember::is_bulk() const {
  constexpr std::string_view alone = R"({"vr":"XX")";
  return has_content() && attribute.substr(alone.size()).starts_with(R"(,"BulkDataURI":)");
}

JsonMembers::JsonMembers(std::string_view object) : text_(object), at_(1) {
  if (!object.starts_with('{')) at_ = object.size();
}

std::optional<JsonMember> JsonMembers::next() {
  while (at_ < text_.size() && text_[at_] == '"') {
    const std::size_t start = at_;
    const std::string_view name = take_string(text_, at_);
    const std::size_t value = at_;
    const std::size_t end = skip_attribute(text_, value);
    at_ = end + 1;
    const auto tag = tag_of(name);
    if (!tag) continue;
    return JsonMember{.tag = *tag,
                      .attribute = text_.substr(value, end - value),
                      .text = text_.substr(start, end - start)};
  }
  return std::nullopt;
}

std::optional<JsonMember> find_member(std::string_view object, Tag tag) {
  JsonMembers members(object);
  while (const auto member = members.next()) {
    if (member->tag == tag) return member;
  }
  return std::nullopt;
}

std::vector<std::string_view> items_of(const JsonMember& member) {
  std::vector<std::string_view> items;
  if (member.vr() != "SQ") return items;
  const std::string_view array = member.content("Value");
  for (std::size_t at = 1; at < array.size() && array[at] == '{';) {
    const std::size_t end = skip_value(array, at);
    items.push_back(array.substr(at, end - at));
    at = end + 1;
  }
  return items;
}

std::string values_of(const JsonMember& member) {
  std::string values;
  const std::string_view vr = member.vr();
  if (vr == "SQ") return values;
  const std::string_view array = member.content("Value");
  for (std::size_t at = 1; at < array.size() && array[at] != ']';) {
    const std::size_t end = skip_value(array, at);
    if (at > 1) values += '\\';
    const std::string_view value = array.substr(at, end - at);
    if (value.starts_with('"')) {
      append_unescaped(value.substr(1, value.size() - std::min<std::size_t>(value.size(), 2)),
                       values);
    } else if (value.starts_with('{')) {
      if (vr == "PN") append_name(value, values);
    } else if (value != "null") {
      values += value;
    }
    if (end == at) break;  // no value: not of our making
    at = end + 1;
  }
  return values;
}

}  // namespace lightbox::dicom
