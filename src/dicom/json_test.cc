#include "dicom/json.h"

#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

#include "dicom/part10_test_support.h"

namespace lightbox::dicom {
namespace {

using ::testing::HasSubstr;
using namespace testing;  // NOLINT: the builders

template <typename Number>
std::string numbers(std::initializer_list<Number> all) {
  std::string bytes;
  for (const Number number : all) {
    bytes.append(reinterpret_cast<const char*>(&number), sizeof(number));
  }
  return bytes;
}

// Tags are those of the standard where it has one of the VR; the reader takes the VR as it is
// given.
struct Case {
  const char* name;
  Tag tag;
  std::string_view vr;
  std::string value;
  std::string_view json;  // of the attribute, after its vr
};

constexpr double nan_64 = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity_64 = std::numeric_limits<double>::infinity();
constexpr float infinity_32 = std::numeric_limits<float>::infinity();

// PS3.18 F.2.2 to F.2.7, every VR.
const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"AE", 0x00080054, "AE", "ONE \\ TWO", R"(,"Value":["ONE","TWO"])"},
      {"AS", 0x00101010, "AS", "042Y", R"(,"Value":["042Y"])"},
      {"AT", 0x00209165, "AT", tag_bytes(0x00180014) + tag_bytes(0x7FE00010),
       R"(,"Value":["00180014","7FE00010"])"},
      {"CS", 0x00080008, "CS", "ORIGINAL\\PRIMARY ", R"(,"Value":["ORIGINAL","PRIMARY"])"},
      {"CS, an empty one of several", 0x00080008, "CS", "ORIGINAL\\\\AXIAL ",
       R"(,"Value":["ORIGINAL",null,"AXIAL"])"},
      {"CS, the last one empty", 0x00080008, "CS", "ORIGINAL\\", R"(,"Value":["ORIGINAL",null])"},
      {"DA", 0x00080020, "DA", "20260331", R"(,"Value":["20260331"])"},
      {"DS, as JSON has it", 0x00180050, "DS", "-1.5e3\\0\\10.250",
       R"(,"Value":[-1.5e3,0,10.250])"},
      {"DS, as JSON does not", 0x00180050, "DS", "+1.5\\01.\\.5\\-.5E+2\\ 7 ",
       R"(,"Value":[1.5,1,0.5,-0.5e+2,7])"},
      {"DS that is no number", 0x00180050, "DS", "1,5\\abc\\1e999\\-\\1.2.3\\0x1F",
       R"(,"Value":["1,5","abc","1e999","-","1.2.3","0x1F"])"},
      {"DS, an empty one", 0x00180050, "DS", "1\\\\3 ", R"(,"Value":[1,null,3])"},
      {"DT", 0x0008002A, "DT", "20260331120000.000000+0100",
       R"(,"Value":["20260331120000.000000+0100"])"},
      {"FL", 0x00189073, "FL", numbers<float>({0.1F, -2.0F, infinity_32}),
       R"(,"Value":[0.1,-2,"inf"])"},
      {"FD", 0x00189087, "FD", numbers<double>({0.1, 1e300, nan_64, infinity_64, -infinity_64}),
       R"(,"Value":[0.1,1e+300,"NaN","inf","-inf"])"},
      {"IS", 0x00200013, "IS", "12\\-3\\+4\\007\\ 0", R"(,"Value":[12,-3,4,7,0])"},
      {"IS that is no number", 0x00200013, "IS", "1A", R"(,"Value":["1A"])"},
      {"LO", 0x00100020, "LO", "ID \"1\"", R"(,"Value":["ID \"1\""])"},
      {"LT, where a backslash is text", 0x00104000, "LT", " a\\b\r\n\tc \x0B",
       R"(,"Value":[" a\\b\r\n\tc \u000b"])"},
      {"OB", 0x00282000, "OB", "\x01\x02\x03\xFF", R"(,"InlineBinary":"AQID/w==")"},
      {"OD", 0x00720073, "OD", numbers<double>({1}), R"(,"InlineBinary":"AAAAAAAA8D8=")"},
      {"OF", 0x00640009, "OF", numbers<float>({1}), R"(,"InlineBinary":"AACAPw==")"},
      {"OL", 0x00660040, "OL", number_32(1), R"(,"InlineBinary":"AQAAAA==")"},
      {"OV", 0x00720082, "OV", numbers<std::uint64_t>({1}), R"(,"InlineBinary":"AQAAAAAAAAA=")"},
      {"OW", 0x00281201, "OW", number_16(1) + number_16(515) + number_16(0),
       R"(,"InlineBinary":"AQADAgAA")"},
      {"PN, one group", 0x00100010, "PN", "Doe^Jane^^Dr.",
       R"(,"Value":[{"Alphabetic":"Doe^Jane^^Dr."}])"},
      {"PN, three groups", 0x00100010, "PN", "Yamada^Tarou=山田^太郎=やまだ^たろう",
       R"(,"Value":[{"Alphabetic":"Yamada^Tarou","Ideographic":"山田^太郎","Phonetic":"やまだ^たろう"}])"},
      {"PN, the last group alone", 0x00100010, "PN", "==yamada",
       R"(,"Value":[{"Phonetic":"yamada"}])"},
      {"PN, an empty one of several", 0x00081050, "PN",
       "A^B\\\\=C\\=", R"(,"Value":[{"Alphabetic":"A^B"},null,{"Ideographic":"C"},null])"},
      {"SH", 0x00200010, "SH", "1234", R"(,"Value":["1234"])"},
      {"SL", 0x00186020, "SL", numbers<std::int32_t>({-2147483647 - 1, 2147483647}),
       R"(,"Value":[-2147483648,2147483647])"},
      {"SS", 0x00400A99, "SS", numbers<std::int16_t>({-32768, 32767}),
       R"(,"Value":[-32768,32767])"},
      {"ST", 0x00080081, "ST", "Street 1\\2 ", R"(,"Value":["Street 1\\2"])"},
      {"SV, beyond what a double holds", 0x00720083, "SV",
       numbers<std::int64_t>({-9007199254740991, -9007199254740992, 9223372036854775807}),
       R"(,"Value":[-9007199254740991,"-9007199254740992","9223372036854775807"])"},
      {"TM", 0x00080030, "TM", "1230\\235959.123456", R"(,"Value":["1230","235959.123456"])"},
      {"UC", 0x00080119, "UC", "a long code\\b", R"(,"Value":["a long code","b"])"},
      {"UI", 0x00081155, "UI", std::string("1.2.3\\1.2.4\0", 12), R"(,"Value":["1.2.3","1.2.4"])"},
      {"UL", 0x00186050, "UL", numbers<std::uint32_t>({0, 4294967295}),
       R"(,"Value":[0,4294967295])"},
      {"UN", 0x00091001, "UN", "ab", R"(,"InlineBinary":"YWI=")"},
      {"UR", 0x00081190, "UR", "http://a/b\\c ", R"(,"Value":["http://a/b\\c"])"},
      {"US", 0x00280010, "US", numbers<std::uint16_t>({512, 65535}), R"(,"Value":[512,65535])"},
      {"US, half a number is none", 0x00280010, "US", numbers<std::uint16_t>({512}) + "x",
       R"(,"Value":[512])"},
      {"UT", 0x0040A160, "UT", "a\\b", R"(,"Value":["a\\b"])"},
      {"UV", 0x00720084, "UV",
       numbers<std::uint64_t>({9007199254740991, 9007199254740992, 18446744073709551615U}),
       R"(,"Value":[9007199254740991,"9007199254740992","18446744073709551615"])"},
      {"SQ without items", 0x00081110, "SQ", "", ""},
      {"SQ with an empty item", 0x00081110, "SQ",
       item("") + item(element(0x00081155, "UI", "1.2 ")),
       R"(,"Value":[{},{"00081155":{"vr":"UI","Value":["1.2"]}}])"},
      {"empty text", 0x00100020, "LO", "", ""},
      {"nothing but spaces", 0x00100020, "LO", "  ", ""},
      {"empty LT", 0x00104000, "LT", " ", ""},
      {"empty numbers", 0x00280010, "US", "", ""},
      {"empty bytes", 0x00282000, "OB", "", ""},
  };
  return all;
}

std::string json_of(const DataSet& data_set, const JsonOptions& options = {}) {
  std::string json;
  append_json(data_set, options, json);
  return json;
}

Result<Part10> read(std::string_view bytes, const Limits& limits = {}) {
  MemorySource source(bytes);
  return Part10::read(source, limits);
}

TEST(JsonTest, WritesEveryVrAsTheStandardSaysAndReadsItBack) {
  for (const Case& example : cases()) {
    const auto object = read(file(element(example.tag, example.vr, example.value)));
    ASSERT_TRUE(object) << example.name << ": " << text_of(object.error());
    const std::string json = json_of(object->data_set());
    EXPECT_EQ(json, "{\"" + text_of(example.tag) + R"(":{"vr":")" + std::string(example.vr) + '"' +
                        std::string(example.json) + "}}")
        << example.name;
    const auto parsed = ParsedJson::parse(json, {});
    ASSERT_TRUE(parsed) << example.name << ": " << text_of(parsed.error());
    EXPECT_EQ(json_of(parsed->data_set()), json) << example.name;
  }
}

// One case for each VR at least.
TEST(JsonTest, LeavesNoVrOut) {
  for (int i = 0; i <= static_cast<int>(Vr::UV); ++i) {
    const auto name = name_of(static_cast<Vr>(i));
    EXPECT_TRUE(std::ranges::any_of(cases(), [&](const Case& c) { return c.vr == name; })) << name;
  }
}

TEST(JsonTest, SortsAndLeavesOut) {
  const auto object = read(file(element(0x00100020, "LO", "1 ") + element(0x00080060, "CS", "CT") +
                                element(0x00180050, "DS", "1 ")));
  ASSERT_TRUE(object);
  EXPECT_EQ(json_of(object->data_set(), {.includes = [](Tag tag) { return tag != 0x00180050; }}),
            R"({"00080060":{"vr":"CS","Value":["CT"]},"00100020":{"vr":"LO","Value":["1"]}})");
}

TEST(JsonTest, IsUtf8AndSaysSo) {
  const auto object =
      read(file(element(0x00080005, "CS", "ISO_IR 100") + element(0x00080060, "CS", "\xC4") +
                element(0x00100010, "PN", "J\xE9r\xF4me")));
  ASSERT_TRUE(object);
  EXPECT_EQ(
      json_of(object->data_set()),
      R"({"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00080060":{"vr":"CS","Value":["Ä"]},)"
      R"("00100010":{"vr":"PN","Value":[{"Alphabetic":"Jérôme"}]}})");
}

TEST(JsonTest, NamesBulkDataByItsPath) {
  const std::string waveform = element(0x54001010, "OW", std::string(2000, 'x'));
  const auto object = read(file(element(0x54000100, "SQ", item("") + item(waveform)) +
                                element(tags::PixelData, "OW", "1234")));
  ASSERT_TRUE(object) << text_of(object.error());
  const JsonOptions options{
      .bulk_uri = [](std::string_view path) { return "b/" + std::string(path); }};
  const std::string json = json_of(object->data_set(), options);
  EXPECT_EQ(json,
            R"({"54000100":{"vr":"SQ","Value":[{},{"54001010":{"vr":"OW","BulkDataURI":)"
            R"("b/54000100/2/54001010"}}]},"7FE00010":{"vr":"OW","BulkDataURI":"b/7FE00010"}})");
  const auto parsed = ParsedJson::parse(json, {});
  ASSERT_TRUE(parsed) << text_of(parsed.error());
  EXPECT_EQ(parsed->bulk_uri("7FE00010"), "b/7FE00010");
  EXPECT_EQ(parsed->bulk_uri("54000100/2/54001010"), "b/54000100/2/54001010");
  EXPECT_EQ(parsed->bulk_uri("54000100/1/54001010"), "");
  EXPECT_EQ(
      json_of(object->data_set()),
      R"({"54000100":{"vr":"SQ","Value":[{},{"54001010":{"vr":"OW"}}]},"7FE00010":{"vr":"OW"}})");
}

}  // namespace
}  // namespace lightbox::dicom
