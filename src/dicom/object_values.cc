#include "dicom/object_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fmt/format.h>

#include "dicom/encoding.h"

namespace lightbox::dicom {
namespace {

constexpr std::uint64_t value_bytes_max = 64U << 20U;

template <typename Number>
void append(std::string_view bytes, std::vector<double>& numbers) {
  for (std::size_t i = 0; i + sizeof(Number) <= bytes.size(); i += sizeof(Number)) {
    Number number{};
    std::memcpy(&number, bytes.data() + i, sizeof(Number));
    numbers.push_back(static_cast<double>(number));
  }
}

void append_text(std::string_view text, std::vector<double>& numbers) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\\'), text.size());
    std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!one.empty() && (one.front() == ' ' || one.front() == '+')) one.remove_prefix(1);
    double number = 0;
    const auto [rest, error] = std::from_chars(one.data(), one.data() + one.size(), number);
    if (error == std::errc{} && std::isfinite(number)) numbers.push_back(number);
  }
}

}  // namespace

Result<std::string> ObjectValues::bytes_of(const Element& element) {
  if (!element.bulk) return std::string(element.value);
  if (element.bulk->length > value_bytes_max) {
    return problem(ProblemKind::too_large,
                   fmt::format("{} has {} bytes: too many to be rendered", display_of(element.tag),
                               element.bulk->length));
  }
  std::string bytes(element.bulk->length, '\0');
  TRY_DO(source_.read(element.bulk->offset, bytes));
  if (encoding_of(object_.transfer_syntax()).order == ByteOrder::big_endian) {
    const std::size_t unit = unit_bytes(element.vr);
    for (std::size_t i = 0; unit > 1 && i + unit <= bytes.size(); i += unit) {
      std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                   bytes.begin() + static_cast<std::ptrdiff_t>(i + unit));
    }
  }
  return bytes;
}

std::int64_t whole_of(double number) {
  constexpr double most = 0xFFFFFFFF;
  return std::isnan(number) ? 0 : static_cast<std::int64_t>(std::clamp(number, -most, most));
}

std::vector<double> numbers_of(const DataSet& data_set, Tag tag) {
  std::vector<double> numbers;
  const Element* element = data_set.find(tag);
  if (element == nullptr) return numbers;
  switch (element->vr) {
    case Vr::US:
    case Vr::OW:
      append<std::uint16_t>(element->value, numbers);
      break;
    case Vr::SS:
      append<std::int16_t>(element->value, numbers);
      break;
    case Vr::UL:
      append<std::uint32_t>(element->value, numbers);
      break;
    case Vr::SL:
      append<std::int32_t>(element->value, numbers);
      break;
    case Vr::FL:
      append<float>(element->value, numbers);
      break;
    case Vr::FD:
      append<double>(element->value, numbers);
      break;
    default:
      if (is_text(element->vr)) append_text(element->value, numbers);
  }
  return numbers;
}

std::optional<double> number_of(const DataSet& data_set, Tag tag) {
  const auto numbers = numbers_of(data_set, tag);
  return numbers.empty() ? std::nullopt : std::optional(numbers.front());
}

}  // namespace lightbox::dicom
