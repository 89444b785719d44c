#include "pacs/window.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <fmt/format.h>

namespace lightbox::pacs {
namespace {

constexpr int last_minute_of_day = 24 * 60 - 1;

std::string dashed(Day day) {
  const std::chrono::year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

}  // namespace

std::optional<Day> parse_day(std::string_view text) {
  std::string digits(text);
  constexpr std::size_t dashed_letters = 10;
  if (digits.size() == dashed_letters && digits[4] == '-' && digits[7] == '-') {
    std::erase(digits, '-');
  }
  constexpr std::size_t letters = 8;
  if (digits.size() != letters ||
      !std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  const auto number = [&](std::size_t at, std::size_t count) {
    int value = 0;
    std::from_chars(digits.data() + at, digits.data() + at + count, value);
    return value;
  };
  const std::chrono::year_month_day date(std::chrono::year(number(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(number(4, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(6, 2))));
  return date.ok() ? std::optional(Day(date)) : std::nullopt;
}

std::string da_of(Day day) {
  std::string text = dashed(day);
  std::erase(text, '-');
  return text;
}

std::string Window::dates() const {
  return from == to ? da_of(from) : fmt::format("{}-{}", da_of(from), da_of(to));
}

std::string Window::times() const {
  if (!is_part_of_day()) return {};
  return fmt::format("{:02}{:02}00-{:02}{:02}59.999999", first_minute / 60, first_minute % 60,
                     last_minute / 60, last_minute % 60);
}

std::string Window::text() const {
  if (is_part_of_day()) {
    return fmt::format("{} {:02}:{:02} to {:02}:{:02}", dashed(from), first_minute / 60,
                       first_minute % 60, last_minute / 60, last_minute % 60);
  }
  return from == to ? dashed(from) : fmt::format("{} to {}", dashed(from), dashed(to));
}

std::optional<Window> WindowWalk::current() const {
  if (to_ < from_) return std::nullopt;
  if (!parts_.empty()) {
    return Window{.from = to_,
                  .to = to_,
                  .first_minute = parts_.back().first,
                  .last_minute = parts_.back().last};
  }
  return Window{.from = std::max(from_, to_ - std::chrono::days(days_ - 1)), .to = to_};
}

bool WindowWalk::halve() {
  const auto window = current();
  if (!window) return false;
  if (window->from != window->to) {
    days_ = static_cast<int>((window->to - window->from).count() + 1) / 2;
    return true;
  }
  days_ = 1;
  if (parts_.empty()) parts_.push_back({.first = 0, .last = last_minute_of_day});
  const Minutes whole = parts_.back();
  if (whole.first == whole.last) return false;
  const int middle = (whole.first + whole.last) / 2;
  parts_.back() = {.first = whole.first, .last = middle};
  parts_.push_back({.first = middle + 1, .last = whole.last});
  return true;
}

void WindowWalk::finish(std::size_t studies, std::size_t results_max) {
  const auto window = current();
  if (!window) return;
  if (!parts_.empty()) {
    parts_.pop_back();
    if (parts_.empty()) to_ -= std::chrono::days(1);
    return;
  }
  to_ = window->from - std::chrono::days(1);
  constexpr int days_max = 400'000;
  if (studies * 4 < results_max) days_ = std::min(days_ * 2, days_max);
}

bool is_suspiciously_round(std::size_t results) {
  constexpr std::size_t least = 100;
  return results >= least &&
         (results % 50 == 0 || std::has_single_bit(results) || std::has_single_bit(results + 1));
}

}  // namespace lightbox::pacs
