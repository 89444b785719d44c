#include "dicom/number_text.h"

#include <gtest/gtest.h>

namespace lightbox::dicom {
namespace {

TEST(NumberTextTest, KnowsNumbersOfJson) {
  for (const std::string_view good : {"0", "-0", "12", "1.50", "1e5", "1E+5", "-0.1e-10"}) {
    EXPECT_TRUE(is_json_number(good)) << good;
  }
  for (const std::string_view bad : {"", "-", "+1", "01", "1.", ".5", "1e", "1e+", "1 ", "NaN"}) {
    EXPECT_FALSE(is_json_number(bad)) << bad;
  }
}

TEST(NumberTextTest, MakesNumbersOfJson) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"1", "1"},         {"+1", "1"},
      {"-007", "-7"},     {"000", "0"},
      {"1.", "1"},        {".50", "0.50"},
      {"-.5", "-0.5"},    {"1E5", "1e5"},
      {"1e+05", "1e+05"}, {"0012.30e-2", "12.30e-2"},
  };
  for (const auto& [text, number] : cases) {
    std::string out = ">";
    EXPECT_TRUE(append_json_number(text, out)) << text;
    EXPECT_EQ(out, ">" + std::string(number));
    EXPECT_TRUE(is_json_number(number));
  }
  for (const std::string_view bad :
       {"", ".", "+", "-.", "1e", "1e999", "e5", "1 2", "+-1", "inf"}) {
    std::string out = ">";
    EXPECT_FALSE(append_json_number(bad, out)) << bad;
    EXPECT_EQ(out, ">");
  }
}

}  // namespace
}  // namespace lightbox::dicom
