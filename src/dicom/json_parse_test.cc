#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dicom/json.h"

namespace lightbox::dicom {
namespace {

using ::testing::HasSubstr;

TEST(ParsedJsonTest, TakesWhatOthersWrite) {
  const auto parsed = ParsedJson::parse(
      R"( { "00100020" : { "Value" : [ "ID1" ], "vr" : "LO" },
            "00080060" : { "vr" : "CS", "Value" : [] , "comment": {"a":[1,{}]}},
            "00080008" : { "vr" : "CS", "Value" : [ "A", null, "\u00e4\ud83d\ude00" ] },
            "0020000d" : { "vr" : "UI", "Value" : ["1.2.3"] },
            "00180050" : { "vr" : "DS", "Value" : [ 1.50, "2.5", -3e1 ] },
            "00280010" : { "vr" : "US", "Value" : [ 512 , "3" ] },
            "00189087" : { "vr" : "FD", "Value" : [ "NaN", "-inf", "Infinity", 1 ] },
            "00720083" : { "vr" : "SV", "Value" : [ "-9223372036854775808" ] },
            "00090000" : { "vr" : "UL", "Value" : [ 4 ] },
            "00081110" : { "vr" : "SQ", "Value" : [ null, {} ] },
            "00100010" : { "vr" : "PN", "Value" : [ {"Phonetic":"p","Alphabetic":"a"}, null, {} ] } } )",
      {});
  ASSERT_TRUE(parsed) << parsed.error().issues[0].diagnostics;
  const DataSet& data_set = parsed->data_set();
  EXPECT_EQ(data_set.character_set, "ISO_IR 192");
  EXPECT_EQ(data_set.text(tags::PatientID), "ID1");
  EXPECT_EQ(data_set.find(tags::Modality)->value, "");
  EXPECT_EQ(data_set.bytes(0x00080008), "A\\\\ä😀");
  EXPECT_EQ(data_set.first(tags::StudyInstanceUID), "1.2.3");
  EXPECT_EQ(data_set.bytes(0x00180050), "1.50\\2.5\\-3e1");
  EXPECT_EQ(data_set.bytes(0x00280010), std::string_view("\0\2\3\0", 4));
  EXPECT_EQ(data_set.integer(0x00280010), 512);
  EXPECT_EQ(data_set.integer(0x00720083), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(data_set.find(0x00090000), nullptr);
  EXPECT_EQ(data_set.items(0x00081110).size(), 2U);
  EXPECT_EQ(data_set.bytes(tags::PatientName), "a==p\\\\");
  EXPECT_EQ(data_set.find(0x00189087)->value.size(), 32U);
  EXPECT_TRUE(std::ranges::is_sorted(data_set.elements, {}, &Element::tag));
}

struct Bad {
  std::string_view json;
  std::string_view says;
};

// What is wrong, where, and what would be right.
const Bad bad_cases[] = {
    {"", "the JSON is malformed"},
    {"[]", "an object was expected"},
    {"{", "malformed"},
    {R"({"00100020":{"vr":"LO"}} x)", "malformed"},
    {R"({"00100020":{"vr":"LO"}} {})", "something follows"},
    {"{\"00100020\":{\"vr\":\"LO\",\"Value\":[\"\xFF\"]}}", "UTF-8"},
    {R"({"PatientID":{"vr":"LO"}})", "PatientID: the name of an attribute is its tag"},
    {R"({"FFFEE000":{"vr":"SQ"}})", "FFFEE000: the name of an attribute is its tag"},
    {R"({"00100020":"x"})", "00100020: an object with \"vr\" and perhaps \"Value\""},
    {R"({"00100020":{"Value":["x"]}})", "00100020: \"vr\" is missing"},
    {R"({"00100020":{"vr":"ZZ"}})", "00100020: \"vr\" is no value representation, such as \"LO\""},
    {R"({"00100020":{"vr":1}})", "\"vr\" is no value representation"},
    {R"({"00100020":{"vr":"LO","Value":"x"}})", "Value must be an array"},
    {R"({"00100020":{"vr":"LO","Value":["a",1]}})",
     "00100020[1]: \"1\": expected a string for the VR LO"},
    {R"({"00100020":{"vr":"LO","Value":["a\\b"]}})", "a text without backslash"},
    {R"({"00100020":{"vr":"LO","Value":[true]}})", "a string, a number or null was expected"},
    {R"({"00100020":{"vr":"LO","Value":[01]}})", "not a number as JSON writes it"},
    {R"({"00104000":{"vr":"LT","Value":["a","b"]}})",
     "00104000[1]: \"b\": expected one value only"},
    {R"({"00280010":{"vr":"US","Value":[65536]}})",
     "\"65536\": expected a whole number from 0 to 65535"},
    {R"({"00280010":{"vr":"US","Value":[null]}})",
     "expected a value, as this VR has no empty ones"},
    {R"({"00189087":{"vr":"FD","Value":["x"]}})", "expected a number, or \"NaN\""},
    {R"({"00189087":{"vr":"FD","Value":[1e999]}})", "expected a smaller number"},
    {R"({"00209165":{"vr":"AT","Value":["PatientID"]}})", "expected eight hexadecimal digits"},
    {R"({"00282000":{"vr":"OB","Value":[1]}})", "the VR OB has InlineBinary, not Value"},
    {R"({"00282000":{"vr":"OB","InlineBinary":"a"}})", "InlineBinary must be base64"},
    {R"({"00282000":{"vr":"OW","InlineBinary":"AQ=="}})",
     "InlineBinary has 1 bytes; the VR OW has a multiple of 2"},
    {R"({"00100020":{"vr":"LO","InlineBinary":"AQ=="}})",
     "InlineBinary is not allowed with the VR LO"},
    {R"({"00282000":{"vr":"OB","InlineBinary":1}})", "InlineBinary must be a string"},
    {R"({"7FE00010":{"vr":"OB","BulkDataURI":[]}})", "BulkDataURI must be a string"},
    {R"({"00282000":{"vr":"OB","InlineBinary":"AQ==","BulkDataURI":"x"}})", "only one of Value"},
    {R"({"00100010":{"vr":"PN","Value":["Doe"]}})", "00100010[0]: a name must be an object"},
    {R"({"00100010":{"vr":"PN","Value":[{"Family":"Doe"}]}})", "a name has only Alphabetic"},
    {R"({"00100010":{"vr":"PN","Value":[{"Alphabetic":1}]}})", "must be strings"},
    {R"({"00100010":{"vr":"PN","Value":[{"Alphabetic":"a=b"}]}})", "neither '\\' nor '='"},
    {R"({"00081110":{"vr":"SQ","Value":[{"00081150":{"vr":"UI"}},{"x":{}}]}})",
     "00081110[1].x: the name of an attribute"},
    {R"({"00081110":{"vr":"SQ","Value":["x"]}})", "an item of a sequence must be an object"},
    {R"({"00100020":{"vr":"LO"},"00100020":{"vr":"LO"}})", "00100020 is there more than once"},
};

TEST(ParsedJsonTest, SaysWhatIsWrong) {
  for (const Bad& example : bad_cases) {
    const auto parsed = ParsedJson::parse(example.json, {});
    ASSERT_FALSE(parsed) << example.json;
    EXPECT_EQ(parsed.error().kind, ProblemKind::invalid) << example.json;
    EXPECT_THAT(parsed.error().issues[0].diagnostics, HasSubstr(std::string(example.says)))
        << example.json;
  }
}

TEST(ParsedJsonTest, NamesTheLimitThatIsPassed) {
  const auto says = [](std::string_view json, const Limits& limits) {
    const auto parsed = ParsedJson::parse(json, limits);
    return parsed ? std::string("accepted") : parsed.error().issues[0].diagnostics;
  };
  std::string deep;
  for (int i = 0; i < 34; ++i) deep += R"({"00081110":{"vr":"SQ","Value":[)";
  for (int i = 0; i < 34; ++i) deep += "]}}";
  EXPECT_THAT(says(deep, {}), HasSubstr("dicom_depth_max"));
  EXPECT_THAT(says(R"({"00100010":{"vr":"PN"},"00100020":{"vr":"LO"}})", {.dicom_elements_max = 1}),
              HasSubstr("dicom_elements_max"));
  EXPECT_THAT(says(std::string(100, ' ') + "{}", {.dicom_header_bytes_max = 50}),
              HasSubstr("dicom_header_bytes_max"));
}

TEST(ParsedJsonTest, ReadsAnArray) {
  const auto all = ParsedJson::parse_all(
      R"([{"00100020":{"vr":"LO","Value":["1"]}},{},{"00100020":{"vr":"LO","Value":["3"]}}])", {});
  ASSERT_TRUE(all) << all.error().issues[0].diagnostics;
  ASSERT_EQ(all->size(), 3U);
  EXPECT_EQ((*all)[0].data_set().text(tags::PatientID), "1");
  EXPECT_TRUE((*all)[1].data_set().elements.empty());
  EXPECT_EQ((*all)[2].data_set().text(tags::PatientID), "3");
  EXPECT_TRUE(ParsedJson::parse_all("[]", {}));
  const auto bad = ParsedJson::parse_all(R"([{},{"x":1}])", {});
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error().issues[0].diagnostics, HasSubstr("[1].x: the name of an attribute"));
  EXPECT_FALSE(ParsedJson::parse_all("{}", {}));
  EXPECT_FALSE(ParsedJson::parse_all("[{},", {}));
}

}  // namespace
}  // namespace lightbox::dicom
