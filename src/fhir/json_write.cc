// JSON as text again.

#include <algorithm>

#include "fhir/json.h"
#include "fhir/json_text.h"

namespace lightbox::fhir {
namespace {

void indent(std::string& out, std::size_t depth) {
  out += '\n';
  out.append(depth * 2, ' ');
}

void write(const Json& value, std::string& out, JsonStyle style, std::size_t depth) {
  switch (value.kind) {
    case Json::Kind::null:
      out += "null";
      return;
    case Json::Kind::boolean:
    case Json::Kind::number:
      out += value.text;
      return;
    case Json::Kind::string:
      write_json_string(value.text, out);
      return;
    case Json::Kind::array:
    case Json::Kind::object:
      break;
  }
  const bool is_object = value.is(Json::Kind::object);
  const bool pretty = style == JsonStyle::pretty && value.first != nullptr;
  out += is_object ? '{' : '[';
  for (const Json* child = value.first; child != nullptr; child = child->next) {
    if (child != value.first) out += ',';
    if (pretty) indent(out, depth + 1);
    if (is_object) {
      write_json_string(child->key, out);
      out += style == JsonStyle::pretty ? ": " : ":";
    }
    write(*child, out, style, depth + 1);
  }
  if (pretty) indent(out, depth);
  out += is_object ? '}' : ']';
}

void write_escape(char c, std::string& out) {
  constexpr std::string_view digits = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\b':
      out += "\\b";
      break;
    case '\f':
      out += "\\f";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      out += "\\u00";
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[static_cast<unsigned char>(c) & 15];
  }
}

// The end of the JSON string that starts (with its quote) at text[at]: after its closing quote.
std::size_t string_end(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

}  // namespace

void write_json(const Json& value, std::string& out, JsonStyle style) {
  write(value, out, style, 0);
}

void write_json_string(std::string_view text, std::string& out) {
  out += '"';
  std::size_t written = 0;
  while (true) {
    const std::size_t escaped = find_escaped(text, written);
    out += text.substr(written, escaped - written);
    if (escaped == text.size()) break;
    write_escape(text[escaped], out);
    written = escaped + 1;
  }
  out += '"';
}

std::string prettify_json(std::string_view compact) {
  std::string out;
  out.reserve(compact.size() * 2);
  std::size_t depth = 0;
  for (std::size_t at = 0; at < compact.size(); ++at) {
    const char c = compact[at];
    if (c == '"') {
      const std::size_t end = string_end(compact, at);
      out += compact.substr(at, end - at);
      at = end - 1;
    } else if (c == '{' || c == '[') {
      out += c;
      const char next = at + 1 < compact.size() ? compact[at + 1] : '\0';
      if (next == '}' || next == ']') {
        out += next;
        ++at;
      } else {
        indent(out, ++depth);
      }
    } else if (c == '}' || c == ']') {
      if (depth > 0) --depth;
      indent(out, depth);
      out += c;
    } else {
      out += c;
      if (c == ',') indent(out, depth);
      if (c == ':') out += ' ';
    }
  }
  return out;
}

}  // namespace lightbox::fhir
