#include "ingest/mapping_time.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fmt/format.h>

namespace lightbox::ingest {
namespace {

constexpr int minutes_an_hour = 60;

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

int number(std::string_view digits) {
  int value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

// Takes two digits off the front, when they are at most `max`.
std::optional<int> two_digits(std::string_view& text, int max) {
  if (text.size() < 2 || !is_digits(text.substr(0, 2))) return std::nullopt;
  const int value = number(text.substr(0, 2));
  if (value > max) return std::nullopt;
  text.remove_prefix(2);
  return value;
}

std::optional<icu::UnicodeString> zone_id(std::string_view name) {
  if (name.empty()) return std::nullopt;
  return icu::UnicodeString::fromUTF8(
      icu::StringPiece(name.data(), static_cast<std::int32_t>(name.size())));
}

std::unique_ptr<icu::BasicTimeZone> make_zone(std::string_view name) {
  const auto id = zone_id(name);
  if (!id) return nullptr;
  std::unique_ptr<icu::TimeZone> zone(icu::TimeZone::createTimeZone(*id));
  if (zone == nullptr || *zone == icu::TimeZone::getUnknown()) return nullptr;
  auto* basic = dynamic_cast<icu::BasicTimeZone*>(zone.get());
  if (basic == nullptr) return nullptr;
  zone.release();
  return std::unique_ptr<icu::BasicTimeZone>(basic);
}

// Milliseconds from 1970 that a clock there shows, as if it were UTC.
double local_ms(std::string_view date, const Clock& clock) {
  const std::chrono::sys_days day = std::chrono::year(number(date.substr(0, 4))) /
                                    number(date.substr(5, 2)) / number(date.substr(8, 2));
  const auto at = day + std::chrono::hours(clock.hour) + std::chrono::minutes(clock.minute) +
                  std::chrono::seconds(clock.second);
  return static_cast<double>(
      std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count());
}

std::optional<std::int32_t> offset_ms(const icu::BasicTimeZone& zone, double local,
                                      UTimeZoneLocalOption option) {
  UErrorCode status = U_ZERO_ERROR;
  std::int32_t raw = 0;
  std::int32_t saving = 0;
  zone.getOffsetFromLocal(local, option, option, raw, saving, status);
  if (U_FAILURE(status)) return std::nullopt;
  return raw + saving;
}

}  // namespace

std::optional<std::string> to_date(std::string_view da) {
  std::string digits(da);
  if (digits.size() == 10 && digits[4] == '.' && digits[7] == '.') {
    digits.erase(7, 1);
    digits.erase(4, 1);
  }
  if (digits.size() != 8 || !is_digits(digits)) return std::nullopt;
  const std::string_view text = digits;
  const std::chrono::year_month_day day = std::chrono::year(number(text.substr(0, 4))) /
                                          static_cast<unsigned>(number(text.substr(4, 2))) /
                                          number(text.substr(6, 2));
  if (!day.ok() || day.year() < std::chrono::year(1)) return std::nullopt;
  return fmt::format("{}-{}-{}", text.substr(0, 4), text.substr(4, 2), text.substr(6, 2));
}

std::optional<Clock> to_clock(std::string_view tm) {
  const bool has_colons = tm.size() > 2 && tm[2] == ':';
  Clock clock;
  int* const parts[] = {&clock.hour, &clock.minute, &clock.second};
  for (std::size_t i = 0; i < std::size(parts); ++i) {
    if (i > 0 && tm.empty()) return clock;
    if (i > 0 && has_colons) {
      if (!tm.starts_with(':')) return std::nullopt;
      tm.remove_prefix(1);
    }
    const auto value = two_digits(tm, i == 0 ? 23 : i == 1 ? 59 : 60);
    if (!value) return std::nullopt;
    *parts[i] = *value;
  }
  if (tm.empty()) return clock;
  if (tm[0] != '.' || !is_digits(tm.substr(1))) return std::nullopt;
  std::string fraction(tm.substr(1, 3));
  fraction.resize(3, '0');
  clock.millisecond = number(fraction);
  return clock;
}

std::optional<int> to_offset(std::string_view timezone_offset_from_utc) {
  std::string_view text = timezone_offset_from_utc;
  if (text.size() != 5 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  const auto hours = two_digits(text, 14);
  const auto minutes = hours ? two_digits(text, 59) : std::nullopt;
  if (!minutes) return std::nullopt;
  const int offset = sign * (*hours * minutes_an_hour + *minutes);
  if (offset < -12 * minutes_an_hour || offset > 14 * minutes_an_hour) return std::nullopt;
  if (offset == 0 && sign < 0) return std::nullopt;
  return offset;
}

std::string to_date_time(std::string_view date, const Clock& clock, int offset) {
  std::string text =
      fmt::format("{}T{:02}:{:02}:{:02}", date, clock.hour, clock.minute, clock.second);
  if (clock.millisecond != 0) text += fmt::format(".{:03}", clock.millisecond);
  const int minutes = std::abs(offset);
  text += fmt::format("{}{:02}:{:02}", offset < 0 ? '-' : '+', minutes / minutes_an_hour,
                      minutes % minutes_an_hour);
  return text;
}

Zones::Offset Zones::offset_of(const std::string& zone, std::string_view date, const Clock& clock) {
  auto found = zones_.find(zone);
  if (found == zones_.end()) found = zones_.emplace(zone, make_zone(zone)).first;
  if (found->second == nullptr) {
    return {.minutes = {},
            .fault = fmt::format("'{}' is not the name of an IANA time zone, as "
                                 "Europe/Berlin",
                                 zone)};
  }
  // A clock that is set forward skips times, one that is set back shows some twice: then the
  // offsets before and after differ.
  const double local = local_ms(date, clock);
  const auto before = offset_ms(*found->second, local, UCAL_TZ_LOCAL_FORMER);
  const auto after = offset_ms(*found->second, local, UCAL_TZ_LOCAL_LATTER);
  if (!before || !after) return {.minutes = {}, .fault = "the time zone's rules do not reach it"};
  if (*before != *after) {
    return {.minutes = {},
            .fault = fmt::format("the clocks of {} {} then", zone,
                                 *before < *after ? "skipped that time: they were set forward"
                                                  : "showed that time twice: they were set back")};
  }
  constexpr std::int32_t ms_a_minute = 60'000;
  if (*before % ms_a_minute != 0) {
    return {.minutes = {},
            .fault = fmt::format("the offset of {} had seconds then, which FHIR cannot say", zone)};
  }
  return {.minutes = *before / ms_a_minute, .fault = {}};
}

}  // namespace lightbox::ingest
