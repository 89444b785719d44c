#include "dicom/grayscale.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <memory>

#include "dicom/part10_test_support.h"

namespace lightbox::dicom::testing {
namespace {

// PS3.3 C.11.2.1.2's own example: center 2048, width 4096 maps 0 to 4095 onto the whole range.
TEST(Window, LinearIsAsTheStandardHasIt) {
  const Window window{.center = 2048, .width = 4096};
  EXPECT_EQ(window.at(0), 0);
  EXPECT_EQ(window.at(-1), 0);
  EXPECT_EQ(window.at(4095), 1);
  EXPECT_NEAR(window.at(2047.5), 0.5, 1e-9);
  const Window threshold{.center = 2048, .width = 1};
  EXPECT_EQ(threshold.at(2047.5), 0);
  EXPECT_EQ(threshold.at(2048), 1);
}

TEST(Window, LinearExactAndSigmoid) {
  const Window exact{.center = 50, .width = 100, .function = Window::Function::linear_exact};
  EXPECT_EQ(exact.at(0), 0);
  EXPECT_EQ(exact.at(25), 0.25);
  EXPECT_EQ(exact.at(100), 1);
  EXPECT_EQ(exact.at(1000), 1);
  const Window sigmoid{.center = 50, .width = 100, .function = Window::Function::sigmoid};
  EXPECT_EQ(sigmoid.at(50), 0.5);
  EXPECT_NEAR(sigmoid.at(75), 1 / (1 + std::exp(-1.0)), 1e-12);
}

TEST(Window, FunctionsByTheirNames) {
  EXPECT_EQ(window_function("LINEAR_EXACT"), Window::Function::linear_exact);
  EXPECT_EQ(window_function("linear-exact"), Window::Function::linear_exact);
  EXPECT_EQ(window_function("sigmoid"), Window::Function::sigmoid);
  EXPECT_EQ(window_function("cubic"), std::nullopt);
}

TEST(LookupTable, HasTheValuesOfItsEndsBeyondThem) {
  const LookupTable table{.first = -2, .entries = {10, 20, 30}, .most = 255};
  EXPECT_EQ(table.at(-100), 10);
  EXPECT_EQ(table.at(-1), 20);
  EXPECT_EQ(table.at(100), 30);
  EXPECT_EQ(table.at(std::numeric_limits<double>::infinity()), 30);
  EXPECT_EQ(table.at(std::numeric_limits<double>::quiet_NaN()), 10);
}

// Of an object made of these elements.
class GrayscaleTest : public ::testing::Test {
 protected:
  Result<Grayscale> of(const std::string& elements, std::uint32_t frame = 0) {
    bytes_ = file(elements);
    source_ = std::make_unique<MemorySource>(bytes_);
    object_ = std::make_unique<Part10>(std::move(*Part10::read(*source_, {})));
    ObjectValues values(*object_, *source_);
    return Grayscale::of(values, frame);
  }
  static std::string ds(Tag tag, std::string_view text) { return element(tag, "DS", text); }
  static std::string lut(std::uint32_t count, std::uint32_t bits, std::string_view data) {
    return item(element(0x00283002, "US", number_16(count) + number_16(0) + number_16(bits)) +
                element(0x00283006, "OW", data));
  }

  std::string bytes_;
  std::unique_ptr<MemorySource> source_;
  std::unique_ptr<Part10> object_;
};

TEST_F(GrayscaleTest, OfAnOrdinaryImage) {
  const auto found = of(element(0x00280004, "CS", "MONOCHROME1 ") + ds(0x00281050, "40\\400 ") +
                        ds(0x00281051, "350\\2000") + ds(0x00281052, "-1024 ") +
                        ds(0x00281053, "2 ") + element(0x00281056, "CS", "SIGMOID "));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->modality.at(100), 200 - 1024);
  ASSERT_TRUE(found->window);
  EXPECT_EQ(found->window->center, 40);
  EXPECT_EQ(found->window->width, 350);
  EXPECT_EQ(found->window->function, Window::Function::sigmoid);
  EXPECT_TRUE(found->is_inverted);
}

TEST_F(GrayscaleTest, AWindowThatIsNoneIsNotTaken) {
  EXPECT_FALSE(of(ds(0x00281050, "40") + ds(0x00281051, "0 "))->window);
  EXPECT_FALSE(of(ds(0x00281050, "40") + ds(0x00281051, "x "))->window);
  EXPECT_FALSE(of(ds(0x00281050, "40"))->window);
}

TEST_F(GrayscaleTest, Tables) {
  const std::string data = number_16(5) + number_16(6) + number_16(7) + number_16(8);
  const auto found = of(element(0x00283000, "SQ", lut(4, 16, data)) +
                        element(0x00283010, "SQ", lut(4, 8, "\x01\x02\x03\x04")));
  ASSERT_TRUE(found) << text_of(found.error());
  EXPECT_EQ(found->modality.at(2), 7);
  ASSERT_TRUE(found->voi);
  EXPECT_EQ(found->voi->at(3), 4);
  EXPECT_EQ(found->voi->most, 255);
  const auto damaged = of(element(0x00283000, "SQ", lut(40, 16, data)));
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().kind, ProblemKind::unprocessable);
  // With a window the table is another choice, which is not taken.
  EXPECT_FALSE(
      of(ds(0x00281050, "4 ") + ds(0x00281051, "8 ") + element(0x00283010, "SQ", lut(4, 16, data)))
          ->voi);
}

TEST_F(GrayscaleTest, OfFunctionalGroups) {
  const auto frame_voi = [](std::string_view center) {
    return item(element(0x00289132, "SQ", item(ds(0x00281050, center) + ds(0x00281051, "10"))));
  };
  const std::string shared =
      element(0x52009229, "SQ",
              item(element(0x00289145, "SQ", item(ds(0x00281052, "7 ") + ds(0x00281053, "3 ")))));
  const std::string elements =
      shared + element(0x52009230, "SQ", frame_voi("1 ") + frame_voi("2 "));
  EXPECT_EQ(of(elements, 0)->window->center, 1);
  EXPECT_EQ(of(elements, 1)->window->center, 2);
  EXPECT_FALSE(of(elements, 2)->window);
  EXPECT_EQ(of(elements, 1)->modality.at(1), 10);
}

}  // namespace
}  // namespace lightbox::dicom::testing
