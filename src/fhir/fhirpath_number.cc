// Decimal arithmetic of FHIRPath, by Boost.Multiprecision.

#include <boost/multiprecision/cpp_dec_float.hpp>
#include <exception>

#include "fhir/fhirpath_value.h"

namespace lightbox::fhir {
namespace {

using Number = boost::multiprecision::number<boost::multiprecision::cpp_dec_float<50>,
                                             boost::multiprecision::et_off>;

// Throws, or is infinite, when the text is beyond all reason.
Number number_of(std::string_view text) { return Number(std::string(text)); }

std::optional<Number> apply(std::string_view operation, const Number& left, const Number& right) {
  if (operation == "+") return left + right;
  if (operation == "-") return left - right;
  if (operation == "*") return left * right;
  if (right.is_zero()) return std::nullopt;
  if (operation == "/") return left / right;
  Number quotient = trunc(Number(left / right));
  if (operation == "div") return quotient;
  return left - quotient * right;  // mod
}

}  // namespace

std::optional<int> compare_numbers(std::string_view left, std::string_view right) {
  try {
    const Number a = number_of(left);
    const Number b = number_of(right);
    if (!isfinite(a) || !isfinite(b)) return std::nullopt;
    return a.compare(b);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::optional<std::string> calculate(std::string_view operation, std::string_view left,
                                     std::string_view right) {
  constexpr int digits = 28;
  try {
    const auto result = apply(operation, number_of(left), number_of(right));
    if (!result || !isfinite(*result) || abs(*result) > number_of("1e28")) return std::nullopt;
    return result->str(digits, std::ios_base::fmtflags{});
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace lightbox::fhir
