#include "dicom/write.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dicom/json.h"
#include "dicom/part10.h"

namespace lightbox::dicom {
namespace {

constexpr std::string_view explicit_little_endian = "1.2.840.10008.1.2.1";

std::string written(const ParsedJson& parsed, const WriteOptions& options = {}) {
  std::string out;
  const auto done =
      write_explicit_little_endian(parsed.data_set(), options, [&](std::string_view bytes) {
        out += bytes;
        return Result<void>{};
      });
  EXPECT_TRUE(done) << done.error().issues.front().diagnostics;
  return out;
}

// What a reader makes of it, as JSON again.
std::string read_back(std::string_view bytes) {
  MemorySource source(bytes);
  const auto part10 = Part10::read(source, {}, explicit_little_endian);
  if (!part10) return part10.error().issues.front().diagnostics;
  std::string json;
  append_json(part10->data_set(), {}, json);
  return json;
}

std::string round_trip(std::string_view json) {
  const auto parsed = ParsedJson::parse(json, {});
  if (!parsed) return parsed.error().issues.front().diagnostics;
  return read_back(written(*parsed));
}

TEST(Write, ComesBackAsItWas) {
  for (const char* json : {
           R"({"00080016":{"vr":"UI","Value":["1.2.840.10008.5.1.4.1.1.2"]}})",
           R"({"00080018":{"vr":"UI","Value":["1.2.3"]},"00080060":{"vr":"CS","Value":["CT"]}})",
           R"({"00080008":{"vr":"CS","Value":["ORIGINAL","PRIMARY","AXIAL"]}})",
           R"({"00080018":{"vr":"UI","Value":["1.2"]},"00280010":{"vr":"US","Value":[512]},)"
           R"("00280011":{"vr":"US","Value":[1,65535]}})",
           R"({"00080018":{"vr":"UI","Value":["1.2"]},"00180050":{"vr":"DS","Value":[2.5]},)"
           R"("00200013":{"vr":"IS","Value":[7]},"00280106":{"vr":"SS","Value":[-5]},)"
           R"("00460028":{"vr":"FD","Value":[0.5]}})",
           R"({"00080018":{"vr":"UI","Value":["1.2"]},"00081140":{"vr":"SQ","Value":[)"
           R"({"00081150":{"vr":"UI","Value":["1.2.3"]}},{}]},"00100010":{"vr":"PN"}})",
       }) {
    EXPECT_EQ(round_trip(json), json);
  }
}

TEST(Write, SaysItsCharacterSetWhenItsTextsNeedOne) {
  const auto text = round_trip(R"({"00080018":{"vr":"UI","Value":["1.2"]},)"
                               R"("00100010":{"vr":"PN","Value":[{"Alphabetic":"Ångström^Ö"}]}})");
  EXPECT_THAT(text, ::testing::HasSubstr(R"("00080005":{"vr":"CS","Value":["ISO_IR 192"]})"));
  EXPECT_THAT(text, ::testing::HasSubstr("Ångström^Ö"));
}

TEST(Write, TakesValuesFromElsewhere) {
  const auto parsed = ParsedJson::parse(
      R"({"00080018":{"vr":"UI","Value":["1.2"]},)"
      R"("00091010":{"vr":"OB","BulkDataURI":"a"},"7FE00010":{"vr":"OB","BulkDataURI":"b"}})",
      {});
  ASSERT_TRUE(parsed);
  std::string paths;
  const WriteOptions options{
      .outer_value = [&](std::string_view path,
                         const Element& element) -> Result<std::optional<OuterValue>> {
        if (element.tag == tags::SOPInstanceUID) return std::optional<OuterValue>();
        paths += std::string(path) + parsed->bulk_uri(path).data();
        return std::optional(OuterValue{.length = 3,
                                        .is_encapsulated = false,
                                        .write = [](const ByteSink& sink) { return sink("xyz"); }});
      }};
  const std::string bytes = written(*parsed, options);
  EXPECT_EQ(paths, "00091010a7FE00010b");
  const std::string tail("\xE0\x7F\x10\x00OB\0\0\x04\0\0\0xyz\0", 16);
  EXPECT_EQ(bytes.substr(bytes.size() - 16), tail);
}

TEST(Write, EncapsulatesPixelData) {
  const auto parsed = ParsedJson::parse(R"({"7FE00010":{"vr":"OW","BulkDataURI":"b"}})", {});
  ASSERT_TRUE(parsed);
  const WriteOptions options{
      .outer_value = [](std::string_view, const Element&) -> Result<std::optional<OuterValue>> {
        return std::optional(OuterValue{.length = 3,
                                        .is_encapsulated = true,
                                        .write = [](const ByteSink& sink) { return sink("xyz"); }});
      }};
  const std::string expected(
      "\xE0\x7F\x10\x00OB\0\0\xFF\xFF\xFF\xFF"
      "\xFE\xFF\x00\xE0\0\0\0\0"
      "\xFE\xFF\x00\xE0\x04\0\0\0xyz\0"
      "\xFE\xFF\xDD\xE0\0\0\0\0",
      40);
  EXPECT_EQ(written(*parsed, options), expected);
}

TEST(Write, HandsOnWhatItsSinkSays) {
  const auto parsed = ParsedJson::parse(R"({"00080060":{"vr":"CS","Value":["CT"]}})", {});
  ASSERT_TRUE(parsed);
  const auto done = write_explicit_little_endian(parsed->data_set(), {}, [](std::string_view) {
    return Result<void>(problem(ProblemKind::insufficient_storage, "full"));
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ProblemKind::insufficient_storage);
}

TEST(Write, ImplicitIsReadAsTheSame) {
  const std::string json =
      R"({"00080018":{"vr":"UI","Value":["1.2.3"]},"00081140":{"vr":"SQ","Value":[)"
      R"({"00081150":{"vr":"UI","Value":["1.2.3"]}},{}]},)"
      R"("00100010":{"vr":"PN","Value":[{"Alphabetic":"Doe^J"}]},)"
      R"("00189073":{"vr":"FD","Value":[0.5]},"00280010":{"vr":"US","Value":[512]}})";
  const auto parsed = ParsedJson::parse(json, {});
  ASSERT_TRUE(parsed);
  std::string bytes;
  const auto done =
      write_little_endian(parsed->data_set(), VrForm::implicit_vr, {}, [&](std::string_view piece) {
        bytes += piece;
        return Result<void>{};
      });
  ASSERT_TRUE(done);
  MemorySource source(bytes);
  const auto part10 = Part10::read(source, {}, "1.2.840.10008.1.2");
  ASSERT_TRUE(part10) << part10.error().issues.front().diagnostics;
  EXPECT_TRUE(part10->remarks().empty());
  std::string read;
  append_json(part10->data_set(), {}, read);
  EXPECT_EQ(read, json);
}

}  // namespace
}  // namespace lightbox::dicom
