#pragma once

// Dates, times and date-times (PS3.5 6.2: DA, TM, DT) as intervals, and ranges of them as queries
// ask for (PS3.4 C.2.2.2.5). All in microseconds; a value of low precision is as long as what it
// leaves open: "10" is the hour from 10:00. Pure.

#include <cstdint>
#include <optional>
#include <string_view>

namespace lightbox::query {

// From `low` to before `high`.
struct Interval {
  std::int64_t low = INT64_MIN;
  std::int64_t high = INT64_MAX;

  [[nodiscard]] bool has(std::int64_t moment) const { return low <= moment && moment < high; }
};

inline constexpr std::int64_t second_us = 1'000'000;
inline constexpr std::int64_t day_us = 86'400 * second_us;

// YYYYMMDD, or ACR-NEMA's YYYY.MM.DD: since 1970.
[[nodiscard]] std::optional<Interval> interval_of_date(std::string_view text);
// HH[MM[SS[.F]]], or with colons: since midnight.
[[nodiscard]] std::optional<Interval> interval_of_time(std::string_view text);
// YYYY[MM[DD[HH[MM[SS[.F]]]]]][&ZZXX]; without an offset as if it were UTC.
[[nodiscard]] std::optional<Interval> interval_of_date_time(std::string_view text);

enum class MomentKind : std::uint8_t { date, time, date_time };
[[nodiscard]] std::optional<Interval> interval_of(MomentKind kind, std::string_view text);

struct Range {
  Interval interval;
  bool is_range = false;  // else one value
};
// A value, "low-high", "low-" or "-high". nullopt: none of these, or low is later than high.
[[nodiscard]] std::optional<Range> range_of(MomentKind kind, std::string_view text);

}  // namespace lightbox::query
