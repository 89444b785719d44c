#include "pacs/hours.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <unicode/timezone.h>

namespace lightbox::pacs {
namespace {

constexpr int minutes_per_day = 24 * 60;
constexpr std::int64_t ms_per_minute = 60'000;
constexpr std::int64_t ms_per_day = minutes_per_day * ms_per_minute;

// "07:30"
std::optional<int> minutes_of(std::string_view text) {
  constexpr std::size_t letters = 5;
  if (text.size() != letters || text[2] != ':') return std::nullopt;
  int hour = 0;
  int minute = 0;
  const char* begin = text.data();
  const auto first = std::from_chars(begin, begin + 2, hour);
  const auto second = std::from_chars(begin + 3, begin + 5, minute);
  if (first.ptr != begin + 2 || second.ptr != begin + 5 || minute > 59) return std::nullopt;
  const int minutes = hour * 60 + minute;
  return minutes < 0 || minutes > minutes_per_day ? std::nullopt : std::optional(minutes);
}

std::unique_ptr<icu::TimeZone> zone_of(const std::string& name) {
  return std::unique_ptr<icu::TimeZone>(
      icu::TimeZone::createTimeZone(icu::UnicodeString::fromUTF8(name)));
}

std::int64_t offset_ms(const std::string& zone, std::int64_t now_ms) {
  if (zone.empty()) return 0;
  std::int32_t raw = 0;
  std::int32_t summer = 0;
  UErrorCode error = U_ZERO_ERROR;
  zone_of(zone)->getOffset(static_cast<UDate>(now_ms), 0, raw, summer, error);
  return U_FAILURE(error) ? 0 : std::int64_t{raw} + summer;
}

bool is_in(const HourSpan& span, std::int64_t minute) {
  if (span.begin < span.end) return minute >= span.begin && minute < span.end;
  return minute >= span.begin || minute < span.end;
}

}  // namespace

std::optional<HourSpan> parse_hour_span(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == text.npos) return std::nullopt;
  const auto begin = minutes_of(text.substr(0, dash));
  const auto end = minutes_of(text.substr(dash + 1));
  if (!begin || !end || *begin == *end || *begin == minutes_per_day) return std::nullopt;
  return HourSpan{.begin = *begin, .end = *end};
}

bool is_time_zone(const std::string& name) {
  return !name.empty() && *zone_of(name) != icu::TimeZone::getUnknown();
}

std::int64_t until_allowed_ms(std::span<const HourSpan> spans, const std::string& zone,
                              std::int64_t now_ms) {
  if (spans.empty()) return 0;
  const std::int64_t of_day = (now_ms + offset_ms(zone, now_ms)) % ms_per_day;
  const std::int64_t minute = of_day / ms_per_minute;
  std::int64_t least = ms_per_day;
  for (const HourSpan& span : spans) {
    if (is_in(span, minute)) return 0;
    const std::int64_t begin = span.begin * ms_per_minute;
    least = std::min(least, begin > of_day ? begin - of_day : begin - of_day + ms_per_day);
  }
  return least;
}

}  // namespace lightbox::pacs
