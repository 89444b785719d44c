#pragma once

// DICOM's dates and times (PS3.5 6.2, VRs DA and TM) as FHIR's (R4, datatypes.html#dateTime), and
// offsets from UTC. Time is never guessed: without an offset only the date is kept.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unicode/basictz.h>

namespace lightbox::ingest {

// "20240105", or ACR-NEMA's "2024.01.05" -> "2024-01-05"; nullopt when the calendar has no such
// day.
[[nodiscard]] std::optional<std::string> to_date(std::string_view da);

struct Clock {
  int hour = 0, minute = 0, second = 0;  // 60 is a leap second
  int millisecond = 0;
};
// "HH[MM[SS[.F…]]]", or ACR-NEMA's "HH:MM:SS.F…": what is missing is zero, fractions are cut off at
// the millisecond. nullopt for all else: ranges, too.
[[nodiscard]] std::optional<Clock> to_clock(std::string_view tm);

// "+0130" of (0008,0201), in minutes; nullopt when it is not -1200 to +1400, or is "-0000".
[[nodiscard]] std::optional<int> to_offset(std::string_view timezone_offset_from_utc);

// "2024-01-05T10:30:00.250+01:30"; the fraction only where there is one.
[[nodiscard]] std::string to_date_time(std::string_view date, const Clock& clock, int offset);

// Zones by their IANA names, looked up once each. Not thread-safe.
class Zones {
 public:
  struct Offset {
    std::optional<int> minutes;
    std::string fault;  // why there are none
  };
  // `date` as to_date gives it. There is none for a name that is not a zone's, for a time that the
  // zone's clocks skipped, and for one that they showed twice.
  Offset offset_of(const std::string& zone, std::string_view date, const Clock& clock);

 private:
  std::map<std::string, std::unique_ptr<icu::BasicTimeZone>> zones_;
};

}  // namespace lightbox::ingest
