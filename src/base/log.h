#pragma once

// The log: one structured line per event on stderr, in logfmt:
//   2024-06-15T10:30:00.123Z level=info event=http_listening address=127.0.0.1 port=8080
// Not for access logs or anything done per request on the fast path. Safe from any thread.

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

namespace lightbox {

enum class LogLevel { debug, info, warning, error, off };

// A value is quoted when it holds a space, a quote or a control character. No patient data belongs
// here.
struct LogField {
  LogField(std::string_view field_name, std::string_view text) : name(field_name), value(text) {}
  LogField(std::string_view field_name, const char* text) : name(field_name), value(text) {}
  LogField(std::string_view field_name, const std::string& text) : name(field_name), value(text) {}
  template <std::integral T>
  LogField(std::string_view field_name, T number)
      : name(field_name), value(std::to_string(number)) {}

  std::string_view name;
  std::string value;
};

// Lines below this level are dropped. The default is info.
void set_log_level(LogLevel level);

// `event` is a literal in snake_case: what happened, in the past tense or as a state.
void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

}  // namespace lightbox
