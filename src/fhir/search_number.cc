#include "fhir/search_number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <utility>

namespace lightbox::fhir {
namespace {

constexpr std::array<std::pair<std::string_view, Prefix>, 9> prefixes{{{"eq", Prefix::eq},
                                                                       {"ne", Prefix::ne},
                                                                       {"gt", Prefix::gt},
                                                                       {"lt", Prefix::lt},
                                                                       {"ge", Prefix::ge},
                                                                       {"le", Prefix::le},
                                                                       {"sa", Prefix::sa},
                                                                       {"eb", Prefix::eb},
                                                                       {"ap", Prefix::ap}}};

constexpr std::size_t digits_max = 40;
constexpr int exponent_max = 400;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The text of a decimal: sign, all digits, and the power of ten of the last one.
struct Decimal {
  bool negative = false;
  std::string digits;
  int exponent = 0;
};

std::optional<Decimal> read_decimal(std::string_view text) {
  Decimal decimal;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    decimal.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  bool behind_point = false;
  bool digit_before = false;
  while (!text.empty() && (is_digit(text.front()) || (text.front() == '.' && !behind_point))) {
    if (text.front() == '.') {
      if (!digit_before) return std::nullopt;
      behind_point = true;
      digit_before = false;
    } else {
      decimal.digits.push_back(text.front());
      decimal.exponent -= behind_point ? 1 : 0;
      digit_before = true;
    }
    text.remove_prefix(1);
  }
  if (!digit_before || decimal.digits.size() > digits_max) return std::nullopt;
  if (text.empty()) return decimal;
  if (text.front() != 'e' && text.front() != 'E') return std::nullopt;
  text.remove_prefix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (std::abs(exponent) > exponent_max) return std::nullopt;
  decimal.exponent += exponent;
  // R4's own example is "1e2: 95 up to 105": a mantissa without decimals counts as 1.0.
  if (!behind_point) {
    decimal.digits.push_back('0');
    --decimal.exponent;
  }
  return decimal;
}

std::optional<double> to_double(bool negative, std::string_view digits, int exponent) {
  const std::string text = fmt::format("{}{}e{}", negative ? "-" : "", digits, exponent);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

// digits - 1; the digits are not all zero.
std::string decremented(std::string digits) {
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
    if (*digit != '0') {
      --*digit;
      return digits;
    }
    *digit = '9';
  }
  return digits;
}

// Half a unit of the last digit to both sides. It is put together as text, so that the limit is the
// very double that a resource's own 5.395 becomes.
std::optional<NumberValue> with_precision(const Decimal& decimal) {
  const bool zero = std::ranges::all_of(decimal.digits, [](char c) { return c == '0'; });
  const std::string& digits = decimal.digits;
  const int finer = decimal.exponent - 1;
  const auto value = to_double(decimal.negative, digits, decimal.exponent);
  const auto outer = to_double(decimal.negative, digits + "5", finer);
  const auto inner = zero ? to_double(!decimal.negative, digits + "5", finer)
                          : to_double(decimal.negative, decremented(digits) + "5", finer);
  if (!value || !outer || !inner) return std::nullopt;
  NumberValue number;
  number.value = *value;
  number.low = std::min(*outer, *inner);
  number.high = std::max(*outer, *inner);
  return number;
}

}  // namespace

Parsed<Prefix> take_prefix(std::string_view& text) {
  if (text.size() < 2 || !is_letter(text[0]) || !is_letter(text[1])) return Prefix::eq;
  for (const auto& [name, prefix] : prefixes) {
    if (!text.starts_with(name)) continue;
    text.remove_prefix(2);
    return prefix;
  }
  return std::unexpected(
      fmt::format("'{}' is not a prefix: they are eq ne gt lt ge le sa eb ap", text.substr(0, 2)));
}

Parsed<NumberValue> parse_number_value(std::string_view text) {
  std::string_view rest = text;
  const auto prefix = take_prefix(rest);
  if (!prefix) return std::unexpected(prefix.error());
  const auto decimal = read_decimal(rest);
  auto number = decimal ? with_precision(*decimal) : std::nullopt;
  if (!number) {
    return std::unexpected(fmt::format(
        "'{}' is not a number like 5, -0.25, 5.40 or 1e3, with a prefix or without", text));
  }
  number->prefix = *prefix;
  if (*prefix == Prefix::ap) {
    // R4: "the recommended value is 10% of the stated value".
    const double tenth = std::abs(number->value) / 10;
    number->low = std::min(number->low, number->value - tenth);
    number->high = std::max(number->high, number->value + tenth);
  }
  return *number;
}

Parsed<NumberValue> parse_quantity_value(std::string_view text) {
  const auto pieces = split_unescaped(text, '|');
  if (pieces.size() != 1 && pieces.size() != 3) {
    return std::unexpected(fmt::format(
        "'{}' is not a quantity: write number, number|system|code or number||code", text));
  }
  auto number = parse_number_value(unescape(pieces[0]));
  if (!number || pieces.size() == 1) return number;
  if (!pieces[1].empty()) number->system = unescape(pieces[1]);
  if (!pieces[2].empty()) number->code = unescape(pieces[2]);
  return number;
}

}  // namespace lightbox::fhir
