#include "dicom/frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dicom/part10_test_support.h"

namespace lightbox::dicom::testing {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view jpeg_2000 = "1.2.840.10008.1.2.4.90";
constexpr std::string_view rle = "1.2.840.10008.1.2.5";

std::string image(std::string_view frames, std::uint32_t bits = 16, std::uint32_t samples = 1,
                  std::string_view photometric = "MONOCHROME2 ", std::uint32_t rows = 4) {
  return element(0x00280002, "US", number_16(samples)) + element(0x00280004, "CS", photometric) +
         (frames.empty() ? "" : element(0x00280008, "IS", frames)) +
         element(0x00280010, "US", number_16(rows)) + element(0x00280011, "US", number_16(3)) +
         element(0x00280100, "US", number_16(bits));
}

std::string encapsulated(const std::vector<std::string>& items) {
  std::string value;
  for (const std::string& one : items) value += item(one);
  return element(0x7FE00010, "OB", value + sequence_end(), undefined_length);
}

// The content of each frame, read by its place; frames are joined with '|'.
std::string frames_of(const std::string& bytes) {
  MemorySource source(bytes);
  const auto object = Part10::read(source, {});
  EXPECT_TRUE(object) << text_of(object.error());
  const auto index = index_frames(*object, source);
  EXPECT_TRUE(index && *index);
  const FrameIndex& found = **index;
  std::string out;
  const auto pages = pages_of(found);
  for (std::uint32_t frame = 0; frame < found.frame_count; ++frame) {
    if (frame > 0) out += '|';
    if (!found.is_encapsulated()) {
      EXPECT_EQ(found.frame_bits % 8, 0U);
      const std::uint64_t size = found.frame_bits / 8;
      out += bytes.substr(found.offset + frame * size, size);
      continue;
    }
    const auto fragments = find_in_page(pages[frame / frames_per_page], frame % frames_per_page);
    EXPECT_TRUE(fragments);
    for (const Fragment& fragment : *fragments) {
      out += bytes.substr(fragment.offset, fragment.length);
    }
  }
  return out;
}

TEST(Frames, OfANativeValueFollowEachOther) {
  const std::string pixels = "aaaaaaaaaaaabbbbbbbbbbbbccccccccccccdd";
  const auto native = [&](std::string_view frames, std::uint32_t bits = 8,
                          std::uint32_t samples = 1,
                          std::string_view photometric = "MONOCHROME2 ") {
    return frames_of(
        file(image(frames, bits, samples, photometric) + element(0x7FE00010, "OW", pixels)));
  };
  EXPECT_EQ(native("3 "), "aaaaaaaaaaaa|bbbbbbbbbbbb|cccccccccccc");
  EXPECT_EQ(native("2 "), "aaaaaaaaaaaa|bbbbbbbbbbbb");
  EXPECT_EQ(native(""), "aaaaaaaaaaaa");
  EXPECT_EQ(native("9 "), "aaaaaaaaaaaa|bbbbbbbbbbbb|cccccccccccc") << "those that are there";
  EXPECT_EQ(native("1 ", 16), "aaaaaaaaaaaabbbbbbbbbbbb");
  EXPECT_EQ(native("1 ", 8, 3), "aaaaaaaaaaaabbbbbbbbbbbbcccccccccccc");
  EXPECT_EQ(native("1 ", 8, 3, "YBR_FULL_422"), "aaaaaaaaaaaabbbbbbbbbbbb");
  EXPECT_EQ(native("1 ", 0), "") << "its attributes do not tell";
  EXPECT_EQ(native("1 ", 32), "") << "too short";
}

TEST(Frames, OfFloatPixelData) {
  const std::string pixels(12 * 4, 'f');
  EXPECT_EQ(frames_of(file(image("1 ", 32) + element(0x7FE00008, "OF", pixels))), pixels);
  EXPECT_EQ(frames_of(file(image("1 ", 64) + element(0x7FE00009, "OD", pixels + pixels))),
            pixels + pixels);
}

TEST(Frames, OfOneBitHaveTheirBits) {
  const std::string bytes = file(image("3 ", 1) + element(0x7FE00010, "OB", "12345 "));
  MemorySource source(bytes);
  const auto index = index_frames(*Part10::read(source, {}), source);
  ASSERT_TRUE(index && *index);
  EXPECT_EQ((*index)->frame_bits, 12U);
  EXPECT_EQ((*index)->frame_count, 3U);
}

TEST(Frames, OfBigEndianSayWhatIsSwapped) {
  constexpr auto big = ByteOrder::big_endian;
  const std::string bytes = file(element(0x00280010, "US", number_16(1, big), big) +
                                     element(0x00280011, "US", number_16(1, big), big) +
                                     element(0x00280100, "US", number_16(16, big), big) +
                                     element(0x7FE00010, "OW", "ab", big),
                                 explicit_big);
  MemorySource source(bytes);
  const auto index = index_frames(*Part10::read(source, {}), source);
  ASSERT_TRUE(index && *index);
  EXPECT_EQ((*index)->swapped_bytes, 2);
  EXPECT_EQ((*index)->frame_count, 1U);
}

TEST(Frames, ByTheBasicOffsetTable) {
  // Items of 8 + 4 bytes: the second frame has two fragments.
  const std::string table = number_32(0) + number_32(12) + number_32(36);
  const auto object = [&](std::string_view offsets) {
    return frames_of(file(
        image("3 ") + encapsulated({std::string(offsets), "1111", "2222", "22..", "3333"}), jpeg));
  };
  EXPECT_EQ(object(table), "1111|222222..|3333");
  for (const auto& wrong :
       {number_32(0) + number_32(12), number_32(0) + number_32(13) + number_32(36),
        number_32(0) + number_32(36) + number_32(12), number_32(0) + number_32(0) + number_32(36),
        number_32(4) + number_32(12) + number_32(36)}) {
    EXPECT_EQ(object(wrong), "") << "nothing else tells the frames apart";
  }
}

TEST(Frames, ByTheExtendedOffsetTable) {
  const auto number_64 = [](std::uint32_t number) { return number_32(number) + number_32(0); };
  const std::string table = number_64(0) + number_64(12) + number_64(36);
  EXPECT_EQ(frames_of(file(image("3 ") + element(0x7FE00001, "OV", table) +
                               encapsulated({"", "1111", "2222", "22..", "3333"}),
                           jpeg)),
            "1111|222222..|3333");
  // One that is bulk data.
  std::string large;
  std::vector<std::string> items = {""};
  std::string expected;
  for (std::uint32_t i = 0; i < 600; ++i) {
    large += number_64(i * 24);
    items.insert(items.end(), {"abcd", "efgh"});
    expected += i == 0 ? "abcdefgh" : "|abcdefgh";
  }
  EXPECT_EQ(
      frames_of(file(image("600 ") + element(0x7FE00001, "OV", large) + encapsulated(items), jpeg)),
      expected);
}

TEST(Frames, WithoutATable) {
  const std::string soi = "\xFF\xD8";
  const std::string soc("\xFF\x4F\xFF\x51", 4);
  EXPECT_EQ(frames_of(file(image("2 ") + encapsulated({"", "1111", "2222"}), jpeg)), "1111|2222");
  EXPECT_EQ(frames_of(file(image("") + encapsulated({"", "1111", "2222"}), jpeg)), "11112222");
  EXPECT_EQ(frames_of(file(image("2 ") + encapsulated({"", soi + "11", "11..", soi + "22"}), jpeg)),
            soi + "1111..|" + soi + "22");
  EXPECT_EQ(
      frames_of(file(image("2 ") + encapsulated({"", soc + "11", soc + "22", "22.."}), jpeg_2000)),
      soc + "11|" + soc + "2222..");
  EXPECT_EQ(frames_of(file(image("2 ") + encapsulated({"", "1111", "2222", "3333"}), jpeg)), "");
  EXPECT_EQ(frames_of(file(image("3 ") + encapsulated({"", "1111", "2222"}), rle)), "1111|2222")
      << "those that are there";
  EXPECT_EQ(frames_of(file(image("2 ") + encapsulated({""}), rle)), "");
}

TEST(Frames, OfAVideoAreOneStream) {
  EXPECT_EQ(
      frames_of(file(image("50") + encapsulated({"", "1111", "2222"}), "1.2.840.10008.1.2.4.102")),
      "11112222");
  EXPECT_TRUE(is_video("1.2.840.10008.1.2.4.106.1"));
  EXPECT_FALSE(is_video("1.2.840.10008.1.2.4.50"));
}

TEST(Frames, ThereMayBeManyPages) {
  std::vector<std::string> items = {""};
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    items.push_back(
        std::string(static_cast<std::size_t>(2 + i % 7 * 2), static_cast<char>('a' + i % 26)));
    expected += (i == 0 ? "" : "|") + items.back();
  }
  EXPECT_EQ(frames_of(file(image("1000") + encapsulated(items), rle)), expected);
}

TEST(Frames, AreNotThereWithoutPixelData) {
  for (const std::string& bytes : {file(image("1 ")), file(deflate_raw(image("1 ")), deflated)}) {
    MemorySource source(bytes);
    const auto index = index_frames(*Part10::read(source, {}), source);
    ASSERT_TRUE(index);
    EXPECT_FALSE(*index);
  }
}

TEST(Frames, ADamagedPageIsNoFrame) {
  EXPECT_FALSE(find_in_page("", 0));
  EXPECT_FALSE(find_in_page("\x01", 0));
  EXPECT_FALSE(find_in_page("\x01\x01\x08", 0));
  EXPECT_FALSE(find_in_page("\x01\xFF\xFF\xFF\xFF\x7F\x08\x08", 0));
  EXPECT_TRUE(find_in_page("\x01\x01\x08\x04", 0));
  EXPECT_FALSE(find_in_page("\x01\x01\x08\x04", 1));
}

}  // namespace
}  // namespace lightbox::dicom::testing
