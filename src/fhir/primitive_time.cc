#include "fhir/primitive_time.h"

#include <chrono>
#include <optional>

namespace lightbox::fhir {
namespace {

// Reads `text` from its front; each step takes what it found.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // Exactly `width` digits.
  std::optional<unsigned> digits(std::size_t width) {
    if (rest_.size() < width) return std::nullopt;
    unsigned value = 0;
    for (const char c : rest_.substr(0, width)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
    rest_.remove_prefix(width);
    return value;
  }

  // One digit or more.
  bool fraction() {
    const std::size_t count = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    rest_.remove_prefix(count);
    return count > 0;
  }

 private:
  std::string_view rest_;
};

constexpr std::string_view time_form = "a time hh:mm:ss, 00:00:00 to 23:59:60, as 14:30:00";
constexpr std::string_view zone_form = "a time zone after the time: Z, or as +02:00, to +14:00";
constexpr std::string_view calendar_day = "a day that the calendar has";

std::string_view form_of(Primitive type) {
  switch (type) {
    case Primitive::date:
      return "a date as 2024, 2024-06 or 2024-06-15";
    case Primitive::dateTime:
      return "a dateTime as 2024, 2024-06, 2024-06-15 or 2024-06-15T10:30:00Z";
    case Primitive::instant:
      return "an instant as 2024-06-15T10:30:00.000Z";
    default:
      return time_form;
  }
}

// hh:mm:ss[.fraction]; 60 is a leap second.
std::string_view check_clock(Reader& reader) {
  const auto hour = reader.digits(2);
  if (!hour || *hour > 23 || !reader.take(':')) return time_form;
  const auto minute = reader.digits(2);
  if (!minute || *minute > 59 || !reader.take(':')) return time_form;
  const auto second = reader.digits(2);
  if (!second || *second > 60) return time_form;
  if (reader.take('.') && !reader.fraction()) return time_form;
  return {};
}

std::string_view check_zone(Reader& reader) {
  if (reader.take('Z')) return {};
  if (!reader.take('+') && !reader.take('-')) return zone_form;
  const auto hour = reader.digits(2);
  if (!hour || *hour > 14 || !reader.take(':')) return zone_form;
  const auto minute = reader.digits(2);
  if (!minute || *minute > 59 || (*hour == 14 && *minute != 0)) return zone_form;
  return {};
}

std::string_view check_day(unsigned year, unsigned month, unsigned day) {
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(year)},
                                         std::chrono::month{month}, std::chrono::day{day}};
  return date.ok() ? std::string_view{} : calendar_day;
}

}  // namespace

std::string_view check_time(Primitive type, std::string_view text) {
  Reader reader(text);
  const std::string_view form = form_of(type);
  if (type == Primitive::time) {
    const std::string_view wrong = check_clock(reader);
    return wrong.empty() && !reader.at_end() ? form : wrong;
  }
  const bool may_be_short = type != Primitive::instant;
  const auto year = reader.digits(4);
  if (!year) return form;
  if (*year == 0) return "a year from 0001 to 9999";
  if (reader.at_end() && may_be_short) return {};
  if (!reader.take('-')) return form;
  const auto month = reader.digits(2);
  if (!month) return form;
  if (*month < 1 || *month > 12) return "a month from 01 to 12";
  if (reader.at_end() && may_be_short) return {};
  if (!reader.take('-')) return form;
  const auto day = reader.digits(2);
  if (!day) return form;
  if (const auto wrong = check_day(*year, *month, *day); !wrong.empty()) return wrong;
  if (reader.at_end() && may_be_short) return {};
  if (type == Primitive::date || !reader.take('T')) return form;
  if (const auto wrong = check_clock(reader); !wrong.empty()) return wrong;
  if (const auto wrong = check_zone(reader); !wrong.empty()) return wrong;
  return reader.at_end() ? std::string_view{} : form;
}

}  // namespace lightbox::fhir
