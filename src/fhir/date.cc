// FHIR dates as intervals (R4, datatypes.html#dateTime and search.html#date).

#include <algorithm>
#include <array>
#include <chrono>

#include "fhir/index.h"

namespace lightbox::fhir {
namespace {

constexpr std::int64_t second_ms = 1'000;
constexpr std::int64_t minute_ms = 60 * second_ms;
constexpr std::int64_t day_ms = 24 * 60 * minute_ms;

// Reads the parts of a date from the front of its text.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }

  bool accept(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // Exactly `digits` digits with a value between the bounds.
  std::optional<int> number(std::size_t digits, int least, int greatest) {
    if (rest_.size() < digits) return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    if (value < least || value > greatest) return std::nullopt;
    rest_.remove_prefix(digits);
    return value;
  }

  // The digits behind a decimal point; nullopt when there is none.
  std::optional<std::string_view> digits() {
    const auto end = std::ranges::find_if_not(rest_, [](char c) { return c >= '0' && c <= '9'; });
    const auto length = static_cast<std::size_t>(end - rest_.begin());
    if (length == 0) return std::nullopt;
    const std::string_view found = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return found;
  }

 private:
  std::string_view rest_;
};

std::int64_t days_ms(std::chrono::year_month_day date) {
  return std::chrono::sys_days(date).time_since_epoch().count() * day_ms;
}

// What "hh:mm[:ss[.fff]]" covers, in milliseconds of its day.
std::optional<DateInterval> read_time(DateReader& reader) {
  const auto hour = reader.number(2, 0, 23);
  if (!hour || !reader.accept(':')) return std::nullopt;
  const auto minute = reader.number(2, 0, 59);
  if (!minute) return std::nullopt;
  const std::int64_t start = (*hour * 60 + *minute) * minute_ms;
  if (!reader.accept(':')) return DateInterval{start, start + minute_ms};
  // A leap second (60) counts as the second before it: milliseconds since 1970 have no room for it.
  const auto second = reader.number(2, 0, 60);
  if (!second) return std::nullopt;
  std::int64_t low = start + std::min(*second, 59) * second_ms;
  std::int64_t width = second_ms;
  if (!reader.accept('.')) return DateInterval{low, low + width};
  const auto fraction = reader.digits();
  if (!fraction) return std::nullopt;
  for (const char digit : fraction->substr(0, 3)) {
    width /= 10;
    low += (digit - '0') * width;
  }
  return DateInterval{low, low + width};
}

// Minutes east of UTC: "Z", "+hh:mm", "-hh:mm", or nothing for the default.
std::optional<int> read_zone(DateReader& reader, int default_minutes) {
  if (reader.at_end()) return default_minutes;
  if (reader.accept('Z')) return 0;
  const bool west = reader.accept('-');
  if (!west && !reader.accept('+')) return std::nullopt;
  const auto hours = reader.number(2, 0, 14);
  if (!hours || !reader.accept(':')) return std::nullopt;
  const auto minutes = reader.number(2, 0, *hours == 14 ? 0 : 59);
  if (!minutes) return std::nullopt;
  const int offset = *hours * 60 + *minutes;
  return west ? -offset : offset;
}

// Nothing is later than the end of an open Period; an interval is never empty.
DateInterval shifted(DateInterval interval, std::int64_t by_ms) {
  return {std::min(interval.low + by_ms, date_max - 1), std::min(interval.high + by_ms, date_max)};
}

}  // namespace

std::optional<DateInterval> parse_date(std::string_view text, int zone_offset_minutes) {
  using std::chrono::day;
  using std::chrono::month;
  using std::chrono::months;
  using std::chrono::year;
  DateReader reader(text);
  const std::int64_t zone_ms = zone_offset_minutes * minute_ms;

  const auto year_number = reader.number(4, 1, 9999);
  if (!year_number) return std::nullopt;
  const year y{*year_number};
  if (reader.at_end()) {
    const year following{*year_number + 1};
    return shifted({days_ms(y / 1 / 1), days_ms(following / 1 / 1)}, -zone_ms);
  }
  if (!reader.accept('-')) return std::nullopt;
  const auto month_number = reader.number(2, 1, 12);
  if (!month_number) return std::nullopt;
  const auto month_of_year = y / month{static_cast<unsigned>(*month_number)};
  if (reader.at_end()) {
    const auto following = month_of_year + months{1};
    return shifted({days_ms(month_of_year / 1), days_ms(following / 1)}, -zone_ms);
  }
  if (!reader.accept('-')) return std::nullopt;
  const auto day_number = reader.number(2, 1, 31);
  if (!day_number) return std::nullopt;
  const auto date = month_of_year / day{static_cast<unsigned>(*day_number)};
  if (!date.ok()) return std::nullopt;
  const std::int64_t midnight = days_ms(date);
  if (reader.at_end()) return shifted({midnight, midnight + day_ms}, -zone_ms);

  if (!reader.accept('T')) return std::nullopt;
  const auto time = read_time(reader);
  if (!time) return std::nullopt;
  const auto zone = read_zone(reader, zone_offset_minutes);
  if (!zone || !reader.at_end()) return std::nullopt;
  return shifted(*time, midnight - *zone * minute_ms);
}

}  // namespace lightbox::fhir
