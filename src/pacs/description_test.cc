#include "pacs/description.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dicom/dictionary.h"
#include "dicom/json.h"
#include "ingest/mapping.h"

namespace lightbox::pacs {
namespace {

using query::Level;

// Written with ' for ".
std::string json(std::string text) {
  std::ranges::replace(text, '\'', '"');
  return text;
}

dicom::ParsedJson parse(const std::string& text) {
  auto parsed = dicom::ParsedJson::parse(json(text), Limits{});
  EXPECT_TRUE(parsed) << parsed.error().issues.front().diagnostics;
  return std::move(*parsed);
}
RemoteStudy study(const std::string& text, Wanted wanted = Wanted::attributes) {
  return study_of(parse(text).data_set(), wanted);
}
std::string told(const std::string& text) { return told_by(parse(text).data_set()); }

TEST(Description, AStudyIsWhatIsToldOfIt) {
  const auto found = study(
      "{'00080020':{'vr':'DA','Value':['20240229']},'0020000D':{'vr':'UI','Value':['1.2.3']},"
      "'00201208':{'vr':'IS','Value':[7]}}");
  EXPECT_EQ(found.uid, "1.2.3");
  EXPECT_EQ(found.instances, 7U);
  EXPECT_EQ(found.date, "20240229");
  EXPECT_EQ(found.attributes,
            json("{'00080020':{'vr':'DA','Value':['20240229']},"
                 "'0020000D':{'vr':'UI','Value':['1.2.3']},'00201208':{'vr':'IS','Value':[7]}}"));
}

TEST(Description, AStudyMayBeToldLittleOf) {
  const auto found = study(
      "{'00080020':{'vr':'DA','Value':['20240230']},'0020000D':{'vr':'UI','Value':['1.2.3']},"
      "'00201208':{'vr':'IS','Value':[-1]}}",
      Wanted::uids);
  EXPECT_EQ(found.uid, "1.2.3");
  EXPECT_EQ(found.instances, std::nullopt);
  EXPECT_EQ(found.date, "");
  EXPECT_EQ(found.attributes, "");
}

// What is kept of a study, and the same facts in another order are the same text.
TEST(Description, EqualFactsAreEqualBytes) {
  const std::string expected = json(
      "{'00080061':{'vr':'CS','Value':['CT','SR']},"
      "'00100010':{'vr':'PN','Value':[{'Alphabetic':'Doe^Jane'}]},"
      "'00201206':{'vr':'IS','Value':[2]}}");
  EXPECT_EQ(study("{'00080061':{'vr':'CS','Value':['CT','SR']},"
                  "'00100010':{'vr':'PN','Value':[{'Alphabetic':'Doe^Jane'}]},"
                  "'00201206':{'vr':'IS','Value':[2]}}")
                .attributes,
            expected);
  EXPECT_EQ(
      study("{'00201206':{'Value':['2'],'vr':'IS'}, '00100010':{'vr':'PN','Value':["
            "{'Ideographic':'','Alphabetic':'Doe^Jane'}]},'00081190':{'vr':'UR','Value':['http"
            "://here/studies/1.2']},'00080005':{'vr':'CS','Value':['ISO_IR 192']},"
            "'00080054':{'vr':'AE','Value':['HERE']},'00080056':{'vr':'CS','Value':['ONLINE']},"
            "'00080062':{'vr':'UI','Value':['1.2']},'00090010':{'vr':'LO','Value':['ACME']},"
            "'00091001':{'vr':'LO','Value':['x']},'00104000':{'vr':'LT','Value':['smokes']},"
            "'00080061':{'vr':'CS','Value':['SR','CT']},'00100040':{'vr':'CS'}}")
          .attributes,
      expected);
}

TEST(Description, WhatHasNoValueIsNotTold) {
  for (const char* text :
       {"{'00100010':{'vr':'PN'}}", "{'00100010':{'vr':'PN','Value':[]}}",
        "{'00100010':{'vr':'PN','Value':[null]}}", "{'00100010':{'vr':'PN','Value':[{}]}}",
        "{'00081030':{'vr':'LO','Value':['']}}", "{'00081030':{'vr':'LO','Value':['  ',null]}}",
        "{'00280010':{'vr':'US','Value':[]}}", "{'00400275':{'vr':'SQ','Value':[]}}",
        "{'00400275':{'vr':'SQ','Value':[{}]}}",
        "{'00400275':{'vr':'SQ','Value':[{'00401001':{'vr':'SH'}},{}]}}",
        "{'00324000':{'vr':'LT','BulkDataURI':'http://here/1'}}"}) {
    EXPECT_EQ(told(text), "{}") << text;
    EXPECT_EQ(study(text).attributes, "{}") << text;
  }
  const std::string sequence =
      json("{'00400275':{'vr':'SQ','Value':[{},{'00401001':{'vr':'SH','Value':['R1']}}]}}");
  EXPECT_EQ(told(sequence), sequence);
}

TEST(Description, OfSeriesAndInstancesAttributesOfObjectsAreKept) {
  EXPECT_EQ(
      told("{'00020010':{'vr':'UI','Value':['1.2']},'00080005':{'vr':'CS','Value':['ISO_IR 192']},"
           "'00080052':{'vr':'CS','Value':['IMAGE']},'00080054':{'vr':'AE','Value':['HERE']},"
           "'00080056':{'vr':'CS','Value':['ONLINE']},'00080060':{'vr':'CS','Value':['CT']},"
           "'00080061':{'vr':'CS','Value':['CT']},'00081190':{'vr':'UR','Value':['http://x']},"
           "'00083002':{'vr':'UI','Value':['1.2']},'00181030':{'vr':'LO','Value':['Head']},"
           "'00200011':{'vr':'IS','Value':[3]},'00201206':{'vr':'IS','Value':[1]},"
           "'00201208':{'vr':'IS','Value':[1]},'00201209':{'vr':'IS','Value':[1]},"
           "'00280010':{'vr':'US','Value':[512]},'77770010':{'vr':'LO','Value':['ACME']}}"),
      json("{'00080060':{'vr':'CS','Value':['CT']},'00181030':{'vr':'LO','Value':['Head']},"
           "'00200011':{'vr':'IS','Value':[3]},'00280010':{'vr':'US','Value':[512]}}"));
}

constexpr const char* of_instance =
    "{'00080016':{'vr':'UI','Value':['1.2.840.10008.5.1.4.1.1.2']},"
    "'00080018':{'vr':'UI','Value':['1.2.3.4.5']},'0020000E':{'vr':'UI','Value':['1.2.3.4']}}";

TEST(Description, AnInstanceHasWhatIsToldOfItsSeriesAndStudy) {
  const auto of_study = study(
      "{'00080060':{'vr':'CS','Value':['OT']},'00080061':{'vr':'CS','Value':['CT']},"
      "'00081030':{'vr':'LO','Value':['of the study']},'00100020':{'vr':'LO','Value':['P1']},"
      "'0020000D':{'vr':'UI','Value':['1.2.3']},'00201206':{'vr':'IS','Value':[1]},"
      "'00201208':{'vr':'IS','Value':[1]}}");
  StudyDescription description(of_study);
  description.add_series(told(
      "{'00080060':{'vr':'CS','Value':['CT']},'00081030':{'vr':'LO','Value':['of the series']},"
      "'00200011':{'vr':'IS','Value':[3]},'0020000E':{'vr':'UI','Value':['1.2.3.4']},"
      "'00201209':{'vr':'IS','Value':[1]}}"));
  description.add_series(
      told("{'00200011':{'vr':'IS','Value':[4]},'0020000E':{'vr':'UI','Value':['1.2.3.5']}}"));
  const auto instance = description.instance(
      told("{'00080016':{'vr':'UI','Value':['1.2.840.10008.5.1.4.1.1.2']},"
           "'00080018':{'vr':'UI','Value':['1.2.3.4.5']},"
           "'00081030':{'vr':'LO','Value':['its own']},'0020000E':{'vr':'UI','Value':['1.2.3.4']},"
           "'00200013':{'vr':'IS','Value':[9]}}"));
  EXPECT_EQ(instance,
            json("{'00080016':{'vr':'UI','Value':['1.2.840.10008.5.1.4.1.1.2']},"
                 "'00080018':{'vr':'UI','Value':['1.2.3.4.5']},"
                 "'00080060':{'vr':'CS','Value':['CT']},'00081030':{'vr':'LO','Value':['its own']},"
                 "'00100020':{'vr':'LO','Value':['P1']},'0020000D':{'vr':'UI','Value':['1.2.3']},"
                 "'0020000E':{'vr':'UI','Value':['1.2.3.4']},'00200011':{'vr':'IS','Value':[3]},"
                 "'00200013':{'vr':'IS','Value':[9]}}"));
  EXPECT_TRUE(dicom::ParsedJson::parse(*instance, Limits{}));
}

TEST(Description, AnInstanceMayBeAllThatIsTold) {
  const RemoteStudy of_study{.uid = "1.2.3", .instances = std::nullopt};
  const std::string expected = json(
      "{'00080016':{'vr':'UI','Value':['1.2.840.10008.5.1.4.1.1.2']},"
      "'00080018':{'vr':'UI','Value':['1.2.3.4.5']},"
      "'0020000D':{'vr':'UI','Value':['1.2.3']},'0020000E':{'vr':'UI','Value':['1.2.3.4']}}");
  const StudyDescription description(of_study);
  EXPECT_EQ(description.instance(told(of_instance)), expected);
  // Of which series it is, is known where its series was searched.
  EXPECT_EQ(
      description.instance(told("{'00080016':{'vr':'UI','Value':['1.2.840.10008.5.1.4.1.1.2']},"
                                "'00080018':{'vr':'UI','Value':['1.2.3.4.5']}}"),
                           "1.2.3.4"),
      expected);
}

TEST(Description, WithoutUidsItIsNoInstance) {
  const RemoteStudy of_study{.uid = "1.2.3", .instances = std::nullopt};
  const StudyDescription description(of_study);
  const auto changed = [](std::string_view from, std::string_view to) {
    std::string text = of_instance;
    text.replace(text.find(from), from.size(), to);
    return told(text);
  };
  EXPECT_TRUE(description.instance(changed("1.2.3.4.5", "1.2.3.4.6")));
  EXPECT_FALSE(description.instance(changed("1.2.3.4.5", "../1.2")));
  EXPECT_FALSE(description.instance(changed("1.2.3.4.5", "")));
  EXPECT_FALSE(description.instance(changed("1.2.840.10008.5.1.4.1.1.2", "CT")));
  EXPECT_FALSE(description.instance(changed("'1.2.3.4'", "'1.2','1.3'")));
  EXPECT_FALSE(description.instance(changed("0020000E", "0020000D")));
  EXPECT_FALSE(description.instance("{}"));
  EXPECT_FALSE(description.instance(""));
  // Of another study.
  EXPECT_FALSE(description.instance(
      changed("'0020000E'", "'0020000D':{'vr':'UI','Value':['1.2.4']},'0020000E'")));
  const RemoteStudy none{.uid = "", .instances = std::nullopt};
  EXPECT_FALSE(StudyDescription(none).instance(told(of_instance)));
}

TEST(Description, EverythingIsAskedAtItsLevel) {
  using testing::Contains, testing::Not;
  const auto of_study = asked_tags(Level::study);
  const auto of_series = asked_tags(Level::series);
  for (const auto& asked : {of_study, of_series}) {
    EXPECT_TRUE(std::ranges::is_sorted(asked));
    EXPECT_EQ(std::ranges::adjacent_find(asked), asked.end());
    for (const dicom::Tag tag : asked) EXPECT_TRUE(dicom::find_tag(tag)) << dicom::text_of(tag);
  }
  // PatientID, OtherPatientIDsSequence, ProcedureCodeSequence, ModalitiesInStudy and the counts.
  for (const dicom::Tag tag :
       {0x00100020, 0x00101002, 0x00081032, 0x00080061, 0x00201206, 0x00201208}) {
    EXPECT_THAT(of_study, Contains(tag));
    EXPECT_THAT(of_series, Not(Contains(tag)));
  }
  // BodyPartExamined, Manufacturer, PerformedProcedureStepStartDate, RequestAttributesSequence.
  for (const dicom::Tag tag : {0x00180015, 0x00080070, 0x00400244, 0x00400275}) {
    EXPECT_THAT(of_series, Contains(tag));
    EXPECT_THAT(of_study, Not(Contains(tag)));
  }
  // RetrieveURL, InstanceAvailability, NumberOfSeriesRelatedInstances; ImageType is of instances.
  for (const dicom::Tag tag : {0x00081190, 0x00080056, 0x00201209, 0x00080008}) {
    EXPECT_THAT(of_study, Not(Contains(tag)));
    EXPECT_THAT(of_series, Not(Contains(tag)));
  }
}

}  // namespace
}  // namespace lightbox::pacs
