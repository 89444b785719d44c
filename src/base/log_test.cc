#include "base/log.h"

#include <gtest/gtest.h>

namespace lightbox {
namespace {

TEST(Log, ALineStaysOneLine) {
  ::testing::internal::CaptureStderr();
  log(LogLevel::warning, "http_test",
      {{"plain", "abc"}, {"number", 42}, {"spaced", "a b"}, {"broken", "a\nb\"c"}, {"empty", ""}});
  const std::string line = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(line.find("level=warning event=http_test plain=abc number=42 spaced=\"a b\" "
                      "broken=\"a\\x0ab\\\"c\" empty=\"\"\n"),
            std::string::npos)
      << line;
}

TEST(Log, LevelsAreHeard) {
  ::testing::internal::CaptureStderr();
  log(LogLevel::debug, "not_seen");
  set_log_level(LogLevel::error);
  log(LogLevel::warning, "not_seen");
  log(LogLevel::error, "seen");
  set_log_level(LogLevel::info);
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(text.find("not_seen"), std::string::npos);
  EXPECT_NE(text.find("event=seen\n"), std::string::npos);
}

}  // namespace
}  // namespace lightbox
