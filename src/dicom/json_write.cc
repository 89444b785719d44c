#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fmt/format.h>

#include "dicom/base64.h"
#include "dicom/character_set.h"
#include "dicom/json.h"
#include "dicom/number_text.h"

namespace lightbox::dicom {
namespace {

constexpr std::size_t person_name_groups = 3;

std::string_view trimmed_end(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
  return text;
}

std::string_view trimmed(std::string_view text) {
  text = trimmed_end(text);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return text;
}

// Takes what is before `separator`, and it.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

void append_escaped(char c, std::string& out) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
  }
}

void append_string(std::string_view text, std::string& out) {
  out += '"';
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, start, i - start);
    append_escaped(c, out);
    start = i + 1;
  }
  out.append(text, start);
  out += '"';
}

void append_tag(Tag tag, std::string& out) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (int shift = 28; shift >= 0; shift -= 4) out += digits[tag >> shift & 15U];
}

// ASCII without an escape is itself in every character set.
bool is_plain(std::string_view text) {
  for (const char c : text) {
    if (static_cast<signed char>(c) < 0 || c == '\x1B') return false;
  }
  return true;
}

// Integers that a double cannot hold exactly are strings (F.2.2).
template <typename Integer>
void append_integer(Integer number, std::string& out) {
  constexpr std::int64_t exact_max = (std::int64_t{1} << 53U) - 1;
  const bool is_exact =
      std::cmp_less_equal(number, exact_max) && std::cmp_greater_equal(number, -exact_max);
  if (!is_exact) out += '"';
  fmt::format_to(std::back_inserter(out), "{}", number);
  if (!is_exact) out += '"';
}

// The shortest text that means the same number.
template <typename Real>
void append_real(Real number, std::string& out) {
  if (std::isnan(number)) {
    out += "\"NaN\"";
  } else if (std::isinf(number)) {
    out += number > 0 ? "\"inf\"" : "\"-inf\"";
  } else {
    std::array<char, 32> text;
    const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
    out.append(text.data(), end);
  }
}

template <typename Number>
void append_numbers(std::string_view bytes, std::string& out) {
  for (std::size_t i = 0; i + sizeof(Number) <= bytes.size(); i += sizeof(Number)) {
    if (i > 0) out += ',';
    Number number{};
    std::memcpy(&number, bytes.data() + i, sizeof(Number));
    if constexpr (std::is_floating_point_v<Number>) {
      append_real(number, out);
    } else {
      append_integer(number, out);
    }
  }
}

// AT: two numbers of 16 bits, group and element.
void append_tags(std::string_view bytes, std::string& out) {
  for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4) {
    if (i > 0) out += ',';
    std::uint16_t group = 0;
    std::uint16_t element = 0;
    std::memcpy(&group, bytes.data() + i, 2);
    std::memcpy(&element, bytes.data() + i + 2, 2);
    out += '"';
    append_tag(static_cast<Tag>(group) << 16U | element, out);
    out += '"';
  }
}

// F.2.2: the groups that have something as members.
void append_person_name(std::string_view name, std::string& out) {
  constexpr std::array<std::string_view, person_name_groups> groups = {"Alphabetic", "Ideographic",
                                                                       "Phonetic"};
  char before = '{';
  for (const std::string_view group : groups) {
    const std::string_view text = trimmed(take_until(name, '='));
    if (text.empty()) continue;
    out += before;
    before = ',';
    append_string(group, out);
    out += ':';
    append_string(text, out);
  }
  out += before == '{' ? "null" : "}";
}

class Writer {
 public:
  Writer(const JsonOptions& options, std::string& out) : options_(options), out_(out) {}

  void write(const DataSet& data_set, bool is_top) {
    out_ += '{';
    bool is_first = true;
    for (const Element& element : data_set.elements) {
      if (element.tag % 0x10000 == 0) continue;
      if (is_top && options_.includes && !options_.includes(element.tag)) continue;
      if (!is_first) out_ += ',';
      is_first = false;
      write_element(element, data_set);
    }
    out_ += '}';
  }

 private:
  void write_element(const Element& element, const DataSet& around) {
    out_ += '"';
    append_tag(element.tag, out_);
    out_ += R"(":{"vr":")";
    if (element.tag == tags::SpecificCharacterSet) {
      out_ += R"(CS","Value":["ISO_IR 192"]})";  // what this is
      return;
    }
    out_ += name_of(element.vr);
    out_ += '"';
    if (element.vr == Vr::SQ) {
      if (!element.items.empty()) write_items(element);
    } else if (element.bulk) {
      write_bulk(element);
    } else if (!element.value.empty()) {
      write_value(element, around);
    }
    out_ += '}';
  }

  void write_items(const Element& element) {
    out_ += R"(,"Value":[)";
    const std::size_t path_size = path_.size();
    for (std::size_t i = 0; i < element.items.size(); ++i) {
      if (i > 0) out_ += ',';
      if (options_.bulk_uri) path_ += fmt::format("{}/{}/", text_of(element.tag), i + 1);
      write(element.items[i], false);
      path_.resize(path_size);
    }
    out_ += ']';
  }

  void write_bulk(const Element& element) {
    if (!options_.bulk_uri) return;
    out_ += R"(,"BulkDataURI":)";
    append_string(options_.bulk_uri(path_ + text_of(element.tag)), out_);
  }

  void write_value(const Element& element, const DataSet& around) {
    if (is_text(element.vr)) return write_text(element, around.character_set);
    const std::string_view bytes = element.value;
    if (!is_numbers(element.vr)) {
      out_ += R"(,"InlineBinary":")";
      append_base64(bytes, out_);
      out_ += '"';
      return;
    }
    if (bytes.size() < unit_bytes(element.vr)) return;
    out_ += R"(,"Value":[)";
    write_numbers(element.vr, bytes);
    out_ += ']';
  }

  static bool is_numbers(Vr vr) {
    return unit_bytes(vr) > 1 && vr != Vr::OW && vr != Vr::OF && vr != Vr::OD && vr != Vr::OL &&
           vr != Vr::OV;
  }

  void write_numbers(Vr vr, std::string_view bytes) {
    switch (vr) {
      case Vr::AT:
        return append_tags(bytes, out_);
      case Vr::FL:
        return append_numbers<float>(bytes, out_);
      case Vr::FD:
        return append_numbers<double>(bytes, out_);
      case Vr::SL:
        return append_numbers<std::int32_t>(bytes, out_);
      case Vr::SS:
        return append_numbers<std::int16_t>(bytes, out_);
      case Vr::SV:
        return append_numbers<std::int64_t>(bytes, out_);
      case Vr::UL:
        return append_numbers<std::uint32_t>(bytes, out_);
      case Vr::US:
        return append_numbers<std::uint16_t>(bytes, out_);
      default:
        return append_numbers<std::uint64_t>(bytes, out_);
    }
  }

  void write_text(const Element& element, std::string_view character_set) {
    std::string decoded;
    std::string_view text = element.value;
    if (!is_plain(text)) {
      decoded = to_utf8(text, has_character_set(element.vr) ? character_set : std::string_view{},
                        element.vr);
      text = decoded;
    }
    if (!is_multi_valued_text(element.vr)) {
      text = trimmed_end(text);
      if (text.empty()) return;
      out_ += R"(,"Value":[)";
      append_string(text, out_);
      out_ += ']';
      return;
    }
    if (trimmed(text).empty()) return;
    const std::size_t size_before = out_.size();
    out_ += R"(,"Value":[)";
    const std::size_t values =
        static_cast<std::size_t>(std::count(text.begin(), text.end(), '\\')) + 1;
    for (std::size_t i = 0; i < values; ++i) {
      if (i > 0) out_ += ',';
      write_one(element.vr, trimmed(take_until(text, '\\')));
    }
    out_ += ']';
    if (values == 1 && out_.ends_with("[null]")) out_.resize(size_before);  // a name of "=="
  }

  void write_one(Vr vr, std::string_view value) {
    if (value.empty()) {
      out_ += "null";
    } else if (vr == Vr::PN) {
      append_person_name(value, out_);
    } else if ((vr != Vr::IS && vr != Vr::DS) || !append_json_number(value, out_)) {
      append_string(value, out_);
    }
  }

  const JsonOptions& options_;
  std::string& out_;
  std::string path_;
};

}  // namespace

void append_json_string(std::string_view text, std::string& out) {
  append_string(to_utf8(text, "ISO_IR 192", Vr::UT), out);
}

void append_json(const DataSet& data_set, const JsonOptions& options, std::string& out) {
  Writer(options, out).write(data_set, true);
}

}  // namespace lightbox::dicom
