#include "dimse/extended_negotiation.h"

#include <gtest/gtest.h>

namespace lightbox::dimse {
namespace {

using namespace std::string_literals;

TEST(ExtendedNegotiation, GrantsWhatIsPerformed) {
  const auto grants = [](std::string asked, ServiceKind service = ServiceKind::query) {
    return granted({.sop_class_uid = "1.2", .information = std::move(asked)}, service).information;
  };
  EXPECT_EQ(grants(""), "");
  EXPECT_EQ(grants("\1"s), "\1"s);
  EXPECT_EQ(grants("\1\1\1\1\1\1"s), "\1\1\1\0\0\0"s);
  EXPECT_EQ(grants("\0\2\1"s), "\0\0\1"s);
  EXPECT_EQ(grants("\1\1\1"s, ServiceKind::retrieve), "\1\0\0"s);
}

TEST(ExtendedNegotiation, TellsTheOptions) {
  EXPECT_FALSE(find_options_of("").is_relational);
  EXPECT_TRUE(find_options_of("\1"s).is_relational);
  EXPECT_FALSE(find_options_of("\1"s).has_fuzzy_names);
  EXPECT_TRUE(find_options_of("\0\1\1"s).has_combined_date_times);
  EXPECT_TRUE(find_options_of("\0\1\1"s).has_fuzzy_names);
}

}  // namespace
}  // namespace lightbox::dimse
