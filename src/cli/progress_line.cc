#include "cli/progress_line.h"

#include <cmath>
#include <cstdio>
#include <fmt/format.h>
#include <unistd.h>

namespace lightbox::cli {

ProgressLine::ProgressLine() : is_terminal_(isatty(STDERR_FILENO) == 1) {}

bool ProgressLine::is_due() const {
  const auto pause =
      is_terminal_ ? std::chrono::milliseconds(200) : std::chrono::milliseconds(10'000);
  return Clock::now() - shown_ >= pause;
}

void ProgressLine::show(const std::string& text) {
  shown_ = Clock::now();
  if (is_terminal_) {
    fmt::print(stderr, "\r\x1b[K{}", text);
  } else {
    fmt::print(stderr, "{}\n", text);
  }
  std::fflush(stderr);
}

void ProgressLine::clear() const {
  if (is_terminal_) fmt::print(stderr, "\r\x1b[K");
}

double ProgressLine::seconds() const {
  return std::chrono::duration<double>(Clock::now() - begin_).count();
}

std::string duration_text(double seconds) {
  const auto whole = std::lround(seconds);
  if (whole >= 3600) return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
  if (whole >= 60) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} s", whole);
}

}  // namespace lightbox::cli
