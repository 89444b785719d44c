#include "dicomweb/native_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lightbox::dicomweb {
namespace {

using ::testing::HasSubstr;

std::string model(std::string_view attributes) {
  return R"(<?xml version="1.0" encoding="UTF-8"?><NativeDicomModel xml:space="preserve">)" +
         std::string(attributes) + "</NativeDicomModel>";
}

std::string json_of(std::string_view attributes) {
  const auto json = native_model_to_json(model(attributes));
  return json ? *json : json.error().issues.front().diagnostics;
}

TEST(NativeModel, BecomesJson) {
  EXPECT_EQ(json_of(""), "{}");
  EXPECT_EQ(json_of(R"(
      <DicomAttribute tag="00080060" vr="CS" keyword="Modality"><Value number="1">CT</Value></DicomAttribute>
      <DicomAttribute tag="00080008" vr="CS"><Value number="1">A</Value><Value number="3">C</Value></DicomAttribute>
      <DicomAttribute tag="00280010" vr="US"><Value number="1">512</Value></DicomAttribute>
      <DicomAttribute tag="00100010" vr="PN"><PersonName number="1">
        <Alphabetic><FamilyName>Yamada</FamilyName><GivenName>Tarou</GivenName></Alphabetic>
        <Ideographic><FamilyName>山田</FamilyName><NameSuffix>x</NameSuffix></Ideographic>
      </PersonName></DicomAttribute>)"),
            R"({"00080060":{"vr":"CS","Value":["CT"]},)"
            R"("00080008":{"vr":"CS","Value":["A",null,"C"]},)"
            R"("00280010":{"vr":"US","Value":[512]},)"
            R"("00100010":{"vr":"PN","Value":[{"Alphabetic":"Yamada^Tarou",)"
            R"("Ideographic":"山田^^^^x"}]}})");
  EXPECT_EQ(json_of(R"(<DicomAttribute tag="00081140" vr="SQ"><Item number="1">)"
                    R"(<DicomAttribute tag="00081150" vr="UI"><Value number="1">1.2</Value>)"
                    R"(</DicomAttribute></Item><Item number="2"/></DicomAttribute>)"
                    R"(<DicomAttribute tag="00091010" vr="OB"><InlineBinary>AQ
                       ID</InlineBinary></DicomAttribute>)"
                    R"(<DicomAttribute tag="7fe00010" vr="OW"><BulkData uri="pixels"/>)"
                    R"(</DicomAttribute><DicomAttribute tag="00100040" vr="CS"/>)"),
            R"({"00081140":{"vr":"SQ","Value":[{"00081150":{"vr":"UI","Value":["1.2"]}},{}]},)"
            R"("00091010":{"vr":"OB","InlineBinary":"AQID"},)"
            R"("7FE00010":{"vr":"OW","BulkDataURI":"pixels"},"00100040":{"vr":"CS"}})");
}

TEST(NativeModel, IsRefusedWhenItIsNone) {
  const auto refused = [](std::string_view xml) {
    const auto json = native_model_to_json(xml);
    return json ? std::string("none") : json.error().issues.front().diagnostics;
  };
  EXPECT_THAT(refused(""), HasSubstr("no element found"));
  EXPECT_THAT(refused("<a/>"), HasSubstr("<a> is no NativeDicomModel"));
  EXPECT_THAT(refused("<!DOCTYPE x [<!ENTITY y 'z'>]><NativeDicomModel/>"), HasSubstr("DOCTYPE"));
  EXPECT_THAT(refused("<NativeDicomModel>"), HasSubstr("line 1"));
  EXPECT_THAT(json_of("<Value number='1'/>"), HasSubstr("<Value> cannot stand here"));
  EXPECT_THAT(json_of("<DicomAttribute tag='8' vr='CS'/>"), HasSubstr("eight hexadecimal digits"));
  EXPECT_THAT(json_of("<DicomAttribute tag='00080060' vr='ZZ'/>"),
              HasSubstr("value representation"));
  const auto value = [](std::string_view number, std::string_view text) {
    return json_of("<DicomAttribute tag='00280010' vr='US'><Value number='" + std::string(number) +
                   "'>" + std::string(text) + "</Value></DicomAttribute>");
  };
  EXPECT_THAT(value("0", "1"), HasSubstr("must be 1 or more"));
  EXPECT_THAT(value("9999999", "1"), HasSubstr("must be 1 or more"));
  for (const char* bad : {"", "x", "1x", ".5", "5.", "-.5", "007", "inf", "+1", "0x10"}) {
    EXPECT_THAT(value("1", bad), HasSubstr("is no number")) << bad;
  }
  for (const char* good : {"0", "-1", "0.5", "-0.5", "1e5", "100"}) {
    EXPECT_THAT(value("1", good), HasSubstr(good)) << good;
  }
}

}  // namespace
}  // namespace lightbox::dicomweb
