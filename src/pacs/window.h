#pragma once

// The days of an archive, walked from the newest to the oldest in windows that adapt: halved when a
// search has more results than it may show, down to a minute of a day, and doubled where studies
// are sparse. A value; pure.
//
//   to                                                            from
//   |--8 days--|--4--|-4-|---8---|------16------|------- … -------|

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lightbox::pacs {

using Day = std::chrono::sys_days;

// "20240105", the DA of PS3.5 6.2; or "2024-01-05". nullopt: no such day.
[[nodiscard]] std::optional<Day> parse_day(std::string_view text);
[[nodiscard]] std::string da_of(Day day);

// Studies of these days, both included; of one day also of these minutes of it, both included.
struct Window {
  Day from;
  Day to;
  int first_minute = 0;
  int last_minute = 24 * 60 - 1;

  [[nodiscard]] bool is_part_of_day() const {
    return first_minute != 0 || last_minute != 24 * 60 - 1;
  }
  // "20240101-20240131"; of one day "20240101" (PS3.4 C.2.2.2.5: both are of DA).
  [[nodiscard]] std::string dates() const;
  // "0800-0959"; "" for whole days. The last minute's seconds are in it: its end is "095959".
  [[nodiscard]] std::string times() const;
  // For people: "2024-01-01 to 2024-01-31", "2024-01-01 08:00 to 09:59".
  [[nodiscard]] std::string text() const;
};

class WindowWalk {
 public:
  // Both days included; empty when `from` is after `to`.
  WindowWalk(Day from, Day to) : from_(from), to_(to) {}

  // The window that is to be searched now; nullopt: all is done.
  [[nodiscard]] std::optional<Window> current() const;
  // It has too many studies: the current one becomes its later half. False: it cannot be divided.
  [[nodiscard]] bool halve();
  // All of it is done; it had so many studies of those that a search may show.
  void finish(std::size_t studies, std::size_t results_max);
  // Every day after it is done; the last one when nothing is.
  [[nodiscard]] Day open_until() const { return to_; }

 private:
  struct Minutes {
    int first = 0;
    int last = 0;
  };
  Day from_;
  Day to_;                      // the newest day that is not done
  int days_ = 32;               // of the next window
  std::vector<Minutes> parts_;  // of the day to_, which is divided; the latest ones last
};

// Whether a search may have been cut off without a word: archives do so at round numbers.
[[nodiscard]] bool is_suspiciously_round(std::size_t results);

}  // namespace lightbox::pacs
