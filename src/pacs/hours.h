#pragma once

// The hours of the day in which a source may be asked. Pure.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lightbox::pacs {

// Minutes of the day, 0 to 1440, the end excluded. An end before the beginning is that of the next
// day.
struct HourSpan {
  int begin = 0;
  int end = 0;
};

// "19:00-07:00"; "24:00" is an end, too. nullopt: anything else, and a span that is empty.
[[nodiscard]] std::optional<HourSpan> parse_hour_span(std::string_view text);

// Whether a name is a time zone's of the IANA database.
[[nodiscard]] bool is_time_zone(const std::string& name);

// How long, in ms, until one of the spans begins; 0: it is within one, or there are none. `zone` is
// an IANA name; "" is UTC. `now_ms`: since 1970.
[[nodiscard]] std::int64_t until_allowed_ms(std::span<const HourSpan> spans,
                                            const std::string& zone, std::int64_t now_ms);

}  // namespace lightbox::pacs
