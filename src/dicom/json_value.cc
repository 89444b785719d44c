#include "dicom/json_value.h"

#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <limits>

#include "dicom/number_text.h"
#include "dicom/tag.h"

namespace lightbox::dicom {
namespace {

template <typename Number>
void append_bytes(Number number, std::string& bytes) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

template <typename Integer>
std::optional<std::string> append_integer(std::string_view text, std::string& bytes) {
  Integer number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return fmt::format("a whole number from {} to {}", std::numeric_limits<Integer>::min(),
                       std::numeric_limits<Integer>::max());
  }
  append_bytes(number, bytes);
  return std::nullopt;
}

template <typename Real>
std::optional<std::string> append_real(std::string_view text, std::string& bytes) {
  Real number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text == "Infinity" || text == "-Infinity") {
    number = std::numeric_limits<Real>::infinity() * static_cast<Real>(text[0] == '-' ? -1 : 1);
  } else if (error == std::errc::result_out_of_range && end == text.data() + text.size()) {
    // Too small is zero; too large is none.
    if (text.find("e-") == text.npos && text.find("E-") == text.npos) return "a smaller number";
    number = 0;
  } else if (error != std::errc{} || end != text.data() + text.size()) {
    return "a number, or \"NaN\", \"inf\" or \"-inf\"";
  }
  append_bytes(number, bytes);
  return std::nullopt;
}

std::optional<std::string> append_number(Vr vr, std::string_view text, std::string& bytes) {
  switch (vr) {
    case Vr::FL:
      return append_real<float>(text, bytes);
    case Vr::FD:
      return append_real<double>(text, bytes);
    case Vr::SS:
      return append_integer<std::int16_t>(text, bytes);
    case Vr::US:
      return append_integer<std::uint16_t>(text, bytes);
    case Vr::SL:
      return append_integer<std::int32_t>(text, bytes);
    case Vr::UL:
      return append_integer<std::uint32_t>(text, bytes);
    case Vr::SV:
      return append_integer<std::int64_t>(text, bytes);
    case Vr::UV:
      return append_integer<std::uint64_t>(text, bytes);
    default: {
      const auto tag = tag_of(text);
      if (!tag) return "eight hexadecimal digits, such as \"00100020\"";
      append_bytes(group_of(*tag), bytes);
      append_bytes(static_cast<std::uint16_t>(*tag & 0xFFFFU), bytes);
      return std::nullopt;
    }
  }
}

}  // namespace

std::optional<std::string> append_scalar(Vr vr, const JsonScalar& scalar, std::size_t index,
                                         std::string& bytes) {
  const bool is_null = scalar.kind == JsonScalar::Kind::null;
  if (!is_text(vr)) {
    if (is_null) return "a value, as this VR has no empty ones";
    return append_number(vr, scalar.text, bytes);
  }
  if (!is_multi_valued_text(vr) && index > 0) return "one value only";
  if (index > 0) bytes += '\\';
  if (is_null) return std::nullopt;
  const bool is_number_text = vr == Vr::DS || vr == Vr::IS;
  if (scalar.kind == JsonScalar::Kind::number && !is_number_text) return "a string";
  if (is_multi_valued_text(vr) && scalar.text.find('\\') != scalar.text.npos) {
    return "a text without backslash, which separates values";
  }
  bytes += scalar.text;
  return std::nullopt;
}

}  // namespace lightbox::dicom
