#pragma once

// How far a long command is, on standard error: on a terminal one line that is written over, else a
// line every ten seconds. One thread at a time.

#include <chrono>
#include <string>

namespace lightbox::cli {

class ProgressLine {
 public:
  ProgressLine();
  // Whether show() is due: texts that nobody sees need not be made.
  [[nodiscard]] bool is_due() const;
  void show(const std::string& text);
  // Before other lines are written, and at the end.
  void clear() const;
  [[nodiscard]] double seconds() const;  // since it was made

 private:
  using Clock = std::chrono::steady_clock;
  bool is_terminal_;
  Clock::time_point begin_ = Clock::now();
  Clock::time_point shown_ = begin_;
};

// "1 h 02 min", "3 min 05 s", "12 s"
[[nodiscard]] std::string duration_text(double seconds);

}  // namespace lightbox::cli
