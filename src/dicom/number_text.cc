#include "dicom/number_text.h"

#include <charconv>

namespace lightbox::dicom {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes the digits that `text` begins with.
std::string_view take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

struct Parts {
  bool is_negative = false;
  std::string_view whole;
  std::string_view fraction;
  std::string_view exponent;  // with its sign
};

// [+-]digits[.digits][(e|E)[+-]digits], where one of the first two has digits.
bool split(std::string_view text, Parts& parts) {
  parts.is_negative = take(text, '-');
  if (!parts.is_negative) take(text, '+');
  parts.whole = take_digits(text);
  if (take(text, '.')) parts.fraction = take_digits(text);
  if (parts.whole.empty() && parts.fraction.empty()) return false;
  if (text.empty()) return true;
  if (!take(text, 'e') && !take(text, 'E')) return false;
  parts.exponent = text;
  if (!take(text, '-')) take(text, '+');
  return !take_digits(text).empty() && text.empty();
}

bool fits_double(std::string_view number) {
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  return error == std::errc{} && end == number.data() + number.size();
}

}  // namespace

bool is_json_number(std::string_view text) {
  take(text, '-');
  const std::string_view whole = take_digits(text);
  if (whole.empty() || (whole.size() > 1 && whole[0] == '0')) return false;
  if (take(text, '.') && take_digits(text).empty()) return false;
  if (!take(text, 'e') && !take(text, 'E')) return text.empty();
  if (!take(text, '-')) take(text, '+');
  return !take_digits(text).empty() && text.empty();
}

bool append_json_number(std::string_view text, std::string& out) {
  Parts parts;
  if (!split(text, parts)) return false;
  const std::size_t start = out.size();
  while (parts.whole.size() > 1 && parts.whole[0] == '0') parts.whole.remove_prefix(1);
  if (parts.is_negative) out += '-';
  out += parts.whole.empty() ? "0" : parts.whole;
  if (!parts.fraction.empty()) (out += '.') += parts.fraction;
  if (!parts.exponent.empty()) (out += 'e') += parts.exponent;
  if (parts.exponent.empty() || fits_double(std::string_view(out).substr(start))) return true;
  out.resize(start);
  return false;
}

}  // namespace lightbox::dicom
