#include "dicom/character_set.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "dicom/iconv.h"

namespace lightbox::dicom {
namespace {

constexpr char escape = '\x1B';
constexpr std::string_view replacement = "\xEF\xBF\xBD";

bool is_high(char c) { return static_cast<unsigned char>(c) >= 0x80; }

// What a byte of a code element stands for: those below 0x80 are G0's, those above G1's
// (PS3.3 tables C.12-3 and C.12-4, PS3.5 6.1.2).
enum class Form : std::uint8_t {
  ascii,      // ISO 646, and JIS X 0201's Roman letters, which differ in two signs
  jis_x0208,  // pairs
  jis_x0212,  // pairs
  katakana,   // JIS X 0201
  encoding,   // the bytes as they are, in an encoding of iconv
};
enum class Element : std::uint8_t { g0, g1 };

struct CodeElement {
  int number = 0;           // of the ISO registry, as in "ISO 2022 IR 87"
  std::string_view escape;  // what follows ESC
  Element element = Element::g1;
  Form form = Form::encoding;
  const char* encoding = "";
};

constexpr std::array<CodeElement, 19> code_elements = {{
    {6, "(B", Element::g0, Form::ascii},
    {13, "(J", Element::g0, Form::ascii},
    {13, ")I", Element::g1, Form::katakana},
    {87, "$B", Element::g0, Form::jis_x0208},
    {42, "$@", Element::g0, Form::jis_x0208},  // its edition of 1978
    {159, "$(D", Element::g0, Form::jis_x0212},
    {149, "$)C", Element::g1, Form::encoding, "EUC-KR"},
    {58, "$)A", Element::g1, Form::encoding, "EUC-CN"},
    {100, "-A", Element::g1, Form::encoding, "ISO-8859-1"},
    {101, "-B", Element::g1, Form::encoding, "ISO-8859-2"},
    {109, "-C", Element::g1, Form::encoding, "ISO-8859-3"},
    {110, "-D", Element::g1, Form::encoding, "ISO-8859-4"},
    {144, "-L", Element::g1, Form::encoding, "ISO-8859-5"},
    {127, "-G", Element::g1, Form::encoding, "ISO-8859-6"},
    {126, "-F", Element::g1, Form::encoding, "ISO-8859-7"},
    {138, "-H", Element::g1, Form::encoding, "ISO-8859-8"},
    {148, "-M", Element::g1, Form::encoding, "ISO-8859-9"},
    {203, "-b", Element::g1, Form::encoding, "ISO-8859-15"},
    {166, "-T", Element::g1, Form::encoding, "TIS-620"},
}};
constexpr const CodeElement* ascii = code_elements.data();

const CodeElement* by_escape(std::string_view after_escape) {
  const auto* found = std::ranges::find_if(code_elements, [&](const CodeElement& element) {
    return after_escape.starts_with(element.escape);
  });
  return found == code_elements.end() ? nullptr : found;
}

// The first defined term: what text begins with, and the whole of it when it knows no escapes.
struct Term {
  const char* whole = nullptr;        // an encoding without code extensions
  const CodeElement* high = nullptr;  // G1; nullptr: none
};

// "ISO_IR 100", "ISO 2022 IR 100", and what is out there: "ISO-IR 100", "ISO IR 100".
Term term_of(std::string_view character_set) {
  std::string_view name = character_set.substr(0, character_set.find('\\'));
  while (name.ends_with(' ')) name.remove_suffix(1);
  while (name.starts_with(' ')) name.remove_prefix(1);
  if (name == "GB18030") return {.whole = "GB18030"};
  if (name == "GBK") return {.whole = "GBK"};
  const std::size_t at = name.find("IR");
  if (at == std::string_view::npos || at + 3 >= name.size()) return {};
  int number = 0;
  std::from_chars(name.data() + at + 3, name.data() + name.size(), number);
  if (number == 192) return {.whole = "UTF-8"};
  const auto* found = std::ranges::find_if(code_elements, [&](const CodeElement& element) {
    return element.number == number && element.element == Element::g1;
  });
  return {.high = found == code_elements.end() ? nullptr : found};
}

// Length of the UTF-8 character (RFC 3629) that `text` begins with; 0: it begins with none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto is_tail = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return is_tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool is_overlong = lead == 0xE0 && byte(1) < 0xA0;
    const bool is_surrogate = lead == 0xED && byte(1) > 0x9F;
    return is_tail(1) && is_tail(2) && !is_overlong && !is_surrogate ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool is_out = (lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F);
    return is_tail(1) && is_tail(2) && is_tail(3) && !is_out ? 4 : 0;
  }
  return 0;
}

void append_utf8(std::string_view text, std::string& out) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    out += length == 0 ? replacement : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

// High bytes that nobody has said the meaning of.
void append_undeclared(std::string_view text, std::string& out) {
  if (is_utf8(text)) {
    out += text;
  } else {
    append_converted(text, "ISO-8859-1", out);
  }
}

// Text with code extensions (ISO 2022): runs of bytes, each of one code element.
class Decoder {
 public:
  Decoder(const CodeElement* high, Vr vr, std::string& out)
      : initial_high_(high), high_(high), vr_(vr), out_(out) {}

  void decode(std::string_view bytes) {
    while (!bytes.empty()) {
      if (bytes[0] == escape) {
        bytes.remove_prefix(take_escape(bytes.substr(1)));
      } else {
        bytes.remove_prefix(is_high(bytes[0]) ? take_high(bytes) : take_low(bytes));
      }
    }
  }

 private:
  // How many bytes the escape sequence has.
  std::size_t take_escape(std::string_view after) {
    const CodeElement* element = by_escape(after);
    if (element == nullptr) {
      out_ += replacement;
      return 1;
    }
    (element->element == Element::g0 ? low_ : high_) = element;
    return 1 + element->escape.size();
  }

  std::size_t take_high(std::string_view bytes) {
    std::size_t count = 0;
    while (count < bytes.size() && is_high(bytes[count])) ++count;
    const std::string_view run = bytes.substr(0, count);
    if (high_ == nullptr) {
      append_undeclared(run, out_);
    } else if (high_->form == Form::katakana) {
      for (const char c : run) append_katakana(static_cast<unsigned char>(c));
    } else {
      append_converted(run, high_->encoding, out_);
    }
    return count;
  }

  // JIS X 0201: 0xA1 to 0xDF are the halfwidth forms from U+FF61 on.
  void append_katakana(unsigned byte) {
    if (byte < 0xA1 || byte > 0xDF) {
      out_ += replacement;
      return;
    }
    const unsigned code = 0xFF61 + (byte - 0xA1);
    out_ += static_cast<char>(0xE0U | code >> 12U);
    out_ += static_cast<char>(0x80U | (code >> 6U & 0x3FU));
    out_ += static_cast<char>(0x80U | (code & 0x3FU));
  }

  std::size_t take_low(std::string_view bytes) {
    if (low_->form != Form::ascii && is_pair(bytes)) return take_pairs(bytes);
    const char c = bytes[0];
    out_ += c;
    // PS3.5 6.1.2.5.3: at delimiters and control characters all is as in the beginning.
    const bool is_name_delimiter = vr_ == Vr::PN && (c == '^' || c == '=');
    const bool is_delimiter = c == '\\' && is_multi_valued_text(vr_);
    if (static_cast<unsigned char>(c) < 0x20 || is_delimiter || is_name_delimiter) {
      low_ = ascii;
      high_ = initial_high_;
    }
    return 1;
  }

  static bool is_pair(std::string_view bytes) {
    return bytes.size() >= 2 && bytes[0] > 0x20 && bytes[1] > 0x20 && bytes[0] != 0x7F &&
           bytes[1] != 0x7F;
  }

  // EUC-JP has the same pairs with their high bits set, those of JIS X 0212 after 0x8F.
  std::size_t take_pairs(std::string_view bytes) {
    std::string pairs;
    std::size_t count = 0;
    for (; is_pair(bytes.substr(count)); count += 2) {
      if (low_->form == Form::jis_x0212) pairs += '\x8F';
      pairs += static_cast<char>(static_cast<unsigned char>(bytes[count]) | 0x80U);
      pairs += static_cast<char>(static_cast<unsigned char>(bytes[count + 1]) | 0x80U);
    }
    append_converted(pairs, "EUC-JP", out_);
    return count;
  }

  const CodeElement* initial_high_;
  const CodeElement* low_ = ascii;
  const CodeElement* high_;
  Vr vr_;
  std::string& out_;
};

}  // namespace

std::string to_utf8(std::string_view bytes, std::string_view character_set, Vr vr) {
  const bool has_high = std::ranges::any_of(bytes, is_high);
  const bool has_escape = bytes.find(escape) != std::string_view::npos;
  if (!has_high && !has_escape) return std::string(bytes);
  std::string out;
  out.reserve(bytes.size() * 2);
  const Term term = term_of(character_set);
  if (term.whole == nullptr && !has_escape && term.high == nullptr) {
    append_undeclared(bytes, out);
  } else if (term.whole == nullptr) {
    Decoder(term.high, vr, out).decode(bytes);
  } else if (term.whole == std::string_view("UTF-8")) {
    append_utf8(bytes, out);
  } else {
    append_converted(bytes, term.whole, out);
  }
  return out;
}

}  // namespace lightbox::dicom
