#include "query/moment.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string>

namespace lightbox::query {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return text;
}

// Takes so many digits; nullopt when they are not there.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int number = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return number;
}

std::int64_t days_of(std::chrono::year_month_day date) {
  return std::chrono::sys_days(date).time_since_epoch().count();
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// .F, one to six digits.
std::optional<Interval> take_fraction(std::string_view& text, std::int64_t seconds_us) {
  std::int64_t unit = second_us;
  std::int64_t fraction = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    if (unit == 1) return std::nullopt;
    unit /= 10;
    fraction += (text[digits] - '0') * unit;
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return Interval{seconds_us + fraction, seconds_us + fraction + unit};
}

// HH[MM[SS[.F]]] off the front.
std::optional<Interval> take_time(std::string_view& text, bool may_have_colons) {
  constexpr std::array<std::int64_t, 3> units = {3'600 * second_us, 60 * second_us, second_us};
  constexpr std::array<int, 3> most = {23, 59, 60};  // 60: a leap second
  Interval interval{0, 0};
  for (std::size_t i = 0; i < units.size(); ++i) {
    std::string_view rest = text;
    if (i > 0 && may_have_colons) take(rest, ':');
    const auto number = take_digits(rest, 2);
    if (!number) {
      if (i == 0) return std::nullopt;
      return interval;
    }
    if (*number > most[i]) return std::nullopt;
    text = rest;
    interval.low += *number * units[i];
    interval.high = interval.low + units[i];
  }
  if (take(text, '.')) return take_fraction(text, interval.low);
  return interval;
}

// &ZZXX off the end of what is left: the offset in microseconds.
std::optional<std::int64_t> take_offset(std::string_view& text) {
  if (text.empty()) return 0;
  const int sign = text[0] == '-' ? -1 : 1;
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const auto hours = take_digits(text, 2);
  const auto minutes = take_digits(text, 2);
  if (!hours || !minutes || *hours > 14 || *minutes > 59) return std::nullopt;
  return sign * (*hours * 3'600 + *minutes * 60) * second_us;
}

// YYYY[MM[DD]] off the front, and whether a time may follow.
std::optional<Interval> take_date(std::string_view& text, bool& is_whole) {
  is_whole = false;
  const auto year = take_digits(text, 4);
  if (!year || *year == 0) return std::nullopt;
  const std::chrono::year y(*year);
  const auto interval = [](std::chrono::year_month_day from, std::chrono::year_month_day to) {
    return Interval{days_of(from) * day_us, days_of(to) * day_us};
  };
  const auto month = take_digits(text, 2);
  if (!month) return interval(y / 1 / 1, (y + std::chrono::years(1)) / 1 / 1);
  if (*month < 1 || *month > 12) return std::nullopt;
  const auto first = y / *month / 1;
  const auto day = take_digits(text, 2);
  if (!day) return interval(first, first + std::chrono::months(1));
  const auto date = y / *month / *day;
  if (!date.ok()) return std::nullopt;
  is_whole = true;
  const std::int64_t low = days_of(date) * day_us;
  return Interval{low, low + day_us};
}

}  // namespace

std::optional<Interval> interval_of_date(std::string_view text) {
  text = trimmed(text);
  std::string plain;
  if (text.size() == 10 && text[4] == '.' && text[7] == '.') {
    plain.append(text, 0, 4).append(text, 5, 2).append(text, 8, 2);
    text = plain;
  }
  bool is_whole = false;
  const auto interval = take_date(text, is_whole);
  return is_whole && text.empty() ? interval : std::nullopt;
}

std::optional<Interval> interval_of_time(std::string_view text) {
  text = trimmed(text);
  const auto interval = take_time(text, true);
  return text.empty() ? interval : std::nullopt;
}

std::optional<Interval> interval_of_date_time(std::string_view text) {
  text = trimmed(text);
  bool is_whole = false;
  auto interval = take_date(text, is_whole);
  if (!interval) return std::nullopt;
  if (is_whole && !text.empty() && text[0] >= '0' && text[0] <= '9') {
    const auto time = take_time(text, false);
    if (!time) return std::nullopt;
    interval->high = interval->low + time->high;
    interval->low += time->low;
  }
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return Interval{interval->low - *offset, interval->high - *offset};
}

std::optional<Interval> interval_of(MomentKind kind, std::string_view text) {
  switch (kind) {
    case MomentKind::date:
      return interval_of_date(text);
    case MomentKind::time:
      return interval_of_time(text);
    case MomentKind::date_time:
      return interval_of_date_time(text);
  }
  return std::nullopt;
}

std::optional<Range> range_of(MomentKind kind, std::string_view text) {
  text = trimmed(text);
  if (const auto single = interval_of(kind, text)) return Range{.interval = *single};
  // An offset from UTC may have a '-' too: the one that divides two values does.
  for (auto at = text.find('-'); at != std::string_view::npos; at = text.find('-', at + 1)) {
    const std::string_view before = trimmed(text.substr(0, at));
    const std::string_view after = trimmed(text.substr(at + 1));
    if (before.empty() && after.empty()) return std::nullopt;
    const auto low = before.empty() ? std::optional(Interval{}) : interval_of(kind, before);
    const auto high = after.empty() ? std::optional(Interval{}) : interval_of(kind, after);
    if (!low || !high) continue;
    const Interval interval{low->low, high->high};
    if (interval.low >= interval.high) return std::nullopt;
    return Range{.interval = interval, .is_range = true};
  }
  return std::nullopt;
}

}  // namespace lightbox::query
