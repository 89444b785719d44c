// What the mapping makes of studies of several instances: order, the instance that counts, what
// contradicts itself, what is rejected.

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

#include "ingest/mapping_tags.h"
#include "ingest/mapping_test_support.h"

namespace lightbox::ingest {
namespace {

using testing::HasSubstr;

constexpr std::string_view key_objects = "1.2.840.10008.5.1.4.1.1.88.59";

Mapped map_rows(const store::StudyRows& rows, Explain explain = Explain::no) {
  return map(facts_of_rows(rows), "ImagingStudy", test_rules(), explain);
}
Mapped map_study(const std::vector<Object>& objects, Explain explain = Explain::no) {
  return map_rows(study_of(objects), explain);
}

std::vector<std::string> uids_in(std::string_view json) {
  std::vector<std::string> uids;
  constexpr std::string_view mark = "\"uid\":\"";
  for (std::size_t at = json.find(mark); at != json.npos; at = json.find(mark, at)) {
    at += mark.size();
    uids.emplace_back(json.substr(at, json.find('"', at) - at));
  }
  return uids;
}

std::string text_of(const std::vector<MappingProblem>& problems) {
  std::string text;
  for (const MappingProblem& problem : problems) {
    text += fmt::format("{} in {}: {}\n", problem.element, problem.sop_instance_uid,
                        problem.diagnostics);
  }
  return text;
}

const std::vector<Object> mixed = {
    {.series = "9.1",
     .uid = "9.1.1",
     .attributes = "Modality=SR; SeriesNumber=1; StudyDescription=Report; "
                   "StudyID=S; NameOfPhysiciansReadingStudy=A^B"},
    {.series = "9.2",
     .uid = "9.2.2",
     .attributes = "Modality=CT; SeriesNumber=2; StudyDescription=CT",
     .number = 2},
    {.series = "9.2",
     .uid = "9.2.1",
     .attributes = "Modality=CT; SeriesNumber=2; AccessionNumber=A",
     .number = 1},
    {.series = "9.10",
     .uid = "9.10.1",
     .attributes = "Modality=CT; SeriesNumber=10; StudyDescription=Late"},
    {.series = "9.3", .uid = "9.3.1", .attributes = "Modality=CT; StudyDescription=Unnumbered"},
    {.series = "9.4", .uid = "9.4.10", .attributes = "Modality=MR; SeriesNumber=3"},
    {.series = "9.4", .uid = "9.4.9", .attributes = "Modality=MR; SeriesNumber=3", .number = 9},
};

TEST(MappingStudyTest, SeriesAndInstancesAreInTheOrderOfTheirNumbers) {
  const Mapped mapped = map_study(mixed);
  EXPECT_THAT(uids_in(mapped.json),
              testing::ElementsAre("9.1", "9.1.1", "9.2", "9.2.1", "9.2.2", "9.4", "9.4.9",
                                   "9.4.10", "9.10", "9.10.1", "9.3", "9.3.1"));
  EXPECT_EQ(element_of(mapped.json, "ImagingStudy.numberOfSeries"), "5");
  EXPECT_EQ(element_of(mapped.json, "ImagingStudy.numberOfInstances"), "7");
  const std::string modality = element_of(mapped.json, "ImagingStudy.modality");
  EXPECT_LT(modality.find("\"SR\""), modality.find("\"CT\""));
  EXPECT_LT(modality.find("\"CT\""), modality.find("\"MR\""));
  EXPECT_EQ(modality.find("\"CT\""), modality.rfind("\"CT\""));
}

TEST(MappingStudyTest, OneInstanceCountsAndTheNextSaysWhatItLacks) {
  const Mapped mapped = map_study(mixed);
  // 9.2.1 says no description, 9.2.2 does; the report comes first in order, not in canonical order.
  EXPECT_EQ(element_of(mapped.json, "ImagingStudy.description"), "\"CT\"");
  EXPECT_THAT(element_of(mapped.json, "ImagingStudy.identifier"), HasSubstr("\"value\":\"A\""));
  EXPECT_THAT(element_of(mapped.json, "ImagingStudy.identifier"), HasSubstr("\"value\":\"S\""));
  EXPECT_THAT(element_of(mapped.json, "ImagingStudy.interpreter"), HasSubstr("B A"));
}

TEST(MappingStudyTest, WhatContradictsItselfIsListed) {
  const Mapped mapped = map_study(mixed);
  EXPECT_THAT(text_of(mapped.problems), HasSubstr("ImagingStudy.description in 9.10.1: (0008,1030) "
                                                  "StudyDescription 'Late' contradicts 'CT' "
                                                  "in 9.2.2, which counts"));
  EXPECT_THAT(text_of(mapped.problems), HasSubstr("'Unnumbered' contradicts 'CT'"));
  EXPECT_THAT(text_of(mapped.problems), HasSubstr("'Report' contradicts 'CT'"));
  EXPECT_EQ(mapped.problems.size(), 3U);
}

TEST(MappingStudyTest, PaddingContradictsNothing) {
  const Mapped mapped =
      map_study({{.uid = "1", .attributes = "StudyID=1; PatientName=A^B; Modality=CT"},
                 {.uid = "2", .attributes = "StudyID=1 ; PatientName=A^B^^; Modality=CT"}});
  EXPECT_EQ(text_of(mapped.problems), "");
}

TEST(MappingStudyTest, TheOrderOfArrivalDoesNotMatter) {
  store::StudyRows rows = study_of(mixed);
  const std::string json = map_rows(rows, Explain::yes).json;
  std::mt19937 random(7);
  for (int i = 0; i < 20; ++i) {
    std::ranges::shuffle(rows.instances, random);
    const Mapped mapped = map_rows(rows);
    EXPECT_EQ(mapped.json, json);
    EXPECT_EQ(text_of(mapped.problems), text_of(map_study(mixed).problems));
  }
}

TEST(MappingStudyTest, ATimeMayComeFromAnotherInstanceOfTheSameDay) {
  const auto started = [](std::string_view first, std::string_view second) {
    const Mapped mapped =
        map_study({{.uid = "1", .attributes = "Modality=CT; " + std::string(first), .number = 1},
                   {.uid = "2", .attributes = "Modality=CT; " + std::string(second), .number = 2}});
    const std::string element = element_of(mapped.json, "ImagingStudy.started");
    EXPECT_EQ(element, '"' + mapped.started + '"');
    return element;
  };
  EXPECT_EQ(started("StudyDate=20240105",
                    "StudyDate=20240105; StudyTime=08; TimezoneOffsetFromUTC=+0100"),
            "\"2024-01-05T08:00:00+01:00\"");
  EXPECT_EQ(started("StudyDate=20240105",
                    "StudyDate=20240106; StudyTime=08; TimezoneOffsetFromUTC=+0100"),
            "\"2024-01-05\"");
  EXPECT_EQ(started("StudyDate=20240199", "StudyDate=20240106"), "\"2024-01-06\"");
}

TEST(MappingStudyTest, WhatIsSaidOfTheTimeIsNoTime) {
  const Mapped mapped = map_study(
      {{.uid = "1", .attributes = R"(Modality=CT; StudyDescription="started":"2024-01-05")"}});
  EXPECT_EQ(element_of(mapped.json, "ImagingStudy.description"), R"("\"started\":\"2024-01-05\"")");
  EXPECT_EQ(mapped.started, "");
}

TEST(MappingStudyTest, WhatIsRejectedIsNotShownAndSaysNothing) {
  const std::string other(key_objects);
  const Mapped mapped =
      map_study({{.uid = "1",
                  .attributes = "Modality=CT; StudyDescription=Wrong",
                  .number = 1,
                  .rejection = "113001"},
                 {.uid = "2", .attributes = "Modality=CT; StudyDescription=Right", .number = 2},
                 {.series = "8",
                  .uid = "3",
                  .attributes = "Modality=KO; StudyDescription=Note; ConceptNameCodeSequence="
                                "(CodeValue=113001; CodingSchemeDesignator=DCM)",
                  .sop_class = other},
                 {.series = "8",
                  .uid = "4",
                  .attributes = "Modality=KO; ConceptNameCodeSequence="
                                "(CodeValue=113000; CodingSchemeDesignator=DCM)",
                  .sop_class = other}});
  EXPECT_THAT(uids_in(mapped.json), testing::ElementsAre("1.2.3.1", "2", "8", "4"));
  EXPECT_EQ(element_of(mapped.json, "ImagingStudy.description"), "\"Right\"");
  EXPECT_EQ(element_of(mapped.json, "ImagingStudy.numberOfInstances"), "2");
  EXPECT_EQ(element_of(mapped.json, "ImagingStudy.status"), "\"available\"");
  EXPECT_EQ(text_of(mapped.problems), "");
}

TEST(MappingStudyTest, TheStatusOfAStudyOfWhichAllIsRejected) {
  const auto map_codes = [](const std::vector<std::string>& codes) {
    std::vector<Object> objects;
    for (const std::string& code : codes) {
      objects.push_back({.uid = "1." + std::to_string(objects.size()),
                         .attributes = "Modality=CT; PatientName=A^B; StudyDescription=CT",
                         .rejection = code});
    }
    return map_study(objects);
  };
  const auto status = [&](const std::vector<std::string>& codes) {
    return element_of(map_codes(codes).json, "ImagingStudy.status");
  };
  EXPECT_EQ(status({"113037"}), "\"entered-in-error\"");
  EXPECT_EQ(status({"113037", "113038"}), "\"entered-in-error\"");
  EXPECT_EQ(status({"113001"}), "\"cancelled\"");
  EXPECT_EQ(status({"113039"}), "\"cancelled\"");
  EXPECT_EQ(status({"113037", "113001"}), "\"cancelled\"");
  EXPECT_EQ(status({"another"}), "\"cancelled\"");
  EXPECT_EQ(status({"113037", ""}), "\"available\"");
  EXPECT_EQ(status({}), "\"registered\"");

  // What it was is still said.
  const Mapped mapped = map_codes({"113038"});
  EXPECT_EQ(element_of(mapped.json, "ImagingStudy.description"), "\"CT\"");
  EXPECT_THAT(element_of(mapped.json, "ImagingStudy.subject"), HasSubstr("B A"));
  EXPECT_EQ(element_of(mapped.json, "ImagingStudy.series"), "");
  EXPECT_EQ(element_of(mapped.json, "ImagingStudy.numberOfSeries"), "0");
  EXPECT_THAT(element_of(mapped.json, "ImagingStudy.modality"), HasSubstr("CT"));
}

TEST(MappingStudyTest, WhatR4DemandsAndIsMissing) {
  const Mapped mapped = map_study({{.attributes = "PatientID=1", .sop_class = ""}});
  EXPECT_THAT(
      text_of(mapped.problems),
      HasSubstr(
          "ImagingStudy.series[0].modality in 1.2.3.1.1: (0008,0060) Modality '' is missing"));
  EXPECT_THAT(text_of(mapped.problems), HasSubstr("(0008,0016) SOPClassUID is missing"));
  EXPECT_THAT(mapped.json, HasSubstr("data-absent-reason"));
  const Mapped unknown = map_study({{.attributes = "Modality=CT", .sop_class = "1.2.840.99999.1"}});
  EXPECT_EQ(element_of(unknown.json, "ImagingStudy.series.instance.sopClass"),
            R"({"system":"urn:ietf:rfc:3986","code":"urn:oid:1.2.840.99999.1"})");
}

TEST(MappingStudyTest, WhatFhirCannotSayIsLeftOutAndListed) {
  const Mapped mapped =
      map_study({{.uid = "1", .attributes = "Modality=CT", .number = 3'000'000'000},
                 {.uid = "2", .attributes = "Modality=CT", .title = "A\x01\xff"},
                 {.uid = "no uid", .attributes = "Modality=CT"}});
  EXPECT_THAT(uids_in(mapped.json), testing::ElementsAre("1.2.3.1", "1", "2"));
  EXPECT_THAT(mapped.json, HasSubstr("\"title\":\"A\xEF\xBF\xBD\""));
  EXPECT_THAT(text_of(mapped.problems),
              HasSubstr("(0020,0013) InstanceNumber '3000000000' is not from 0"));
  EXPECT_THAT(text_of(mapped.problems), HasSubstr("the title has control characters"));
  EXPECT_THAT(text_of(mapped.problems), HasSubstr("'no uid'"));
}

TEST(MappingStudyTest, ProblemsAreCountedPastAHundred) {
  std::vector<Object> objects;
  for (int i = 0; i < 150; ++i) {
    objects.push_back({.series = fmt::format("1.{}", i),
                       .uid = fmt::format("2.{}", i),
                       .attributes = fmt::format("Modality=CT; SeriesNumber=x{}", i)});
  }
  const Mapped mapped = map_study(objects);
  ASSERT_EQ(mapped.problems.size(), 101U);
  EXPECT_EQ(mapped.problems.back().diagnostics, "50 more problems are not listed");
}

TEST(MappingStudyTest, EachElementIsExplained) {
  const Mapped mapped = map_study(
      {{.attributes = "Modality=CT; BodyPartExamined=CHEST; StudyDate=20240105; StudyTime=08; "
                      "TimezoneOffsetFromUTC=+0100; AccessionNumber=A1; ProcedureCodeSequence="
                      "(CodeValue=1; CodingSchemeDesignator=SCT; CodeMeaning=CT)"},
       {.uid = "1.2.3.1.2", .attributes = "Modality=CT"}},
      Explain::yes);
  std::string text;
  for (const Explanation& e : mapped.explanations)
    text += fmt::format("{}|{}|{}|{}\n", e.element, e.attribute, e.value, e.sop_instance_uid);
  for (const std::string_view line :
       {"ImagingStudy.identifier[0]|(0020,000D) StudyInstanceUID|",
        "ImagingStudy.identifier[1]|(0008,0050) AccessionNumber|A1|1.2.3.1.1\n",
        "ImagingStudy.status||available|\n",
        "ImagingStudy.started|(0008,0020) StudyDate|20240105|1.2.3.1.1\n",
        "ImagingStudy.started|(0008,0030) StudyTime|08|1.2.3.1.1\n",
        "ImagingStudy.started|(0008,0201) TimezoneOffsetFromUTC|+0100|1.2.3.1.1\n",
        "ImagingStudy.procedureCode[0]|(0008,1032) ProcedureCodeSequence|(1, SCT, CT)|1.2.3.1.1\n",
        "ImagingStudy.series[0].bodySite|(0018,0015) BodyPartExamined|CHEST|1.2.3.1.1\n",
        "ImagingStudy.series[0].instance[0].uid|(0008,0018) SOPInstanceUID|1.2.3.1.1|1.2.3.1.1"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  // The instances of a series are alike: the first is explained.
  EXPECT_THAT(text, testing::Not(HasSubstr("instance[1]")));
  EXPECT_TRUE(map_study(mixed).explanations.empty());
}

TEST(MappingStudyTest, AttributesThatAreNotThereAreRefused) {
  store::StudyRows rows = study_of({{.attributes = "Modality=CT"}});
  rows.instances[0].attributes = 1;
  EXPECT_FALSE(StudyFacts::of(rows));
  rows.instances[0].attributes = 0;
  rows.attributes[0] = "{";
  EXPECT_FALSE(StudyFacts::of(rows));
}

TEST(MappingStudyTest, TheEndpointIsValid) {
  const std::string json =
      to_endpoint("DICOMweb of this archive", "http://localhost:8080/dicomweb//");
  expect_valid(json);
  EXPECT_EQ(element_of(json, "Endpoint.address"), "\"http://localhost:8080/dicomweb\"");
  EXPECT_EQ(element_of(json, "Endpoint.payloadMimeType"), "[\"application/dicom\"]");
  EXPECT_THAT(element_of(json, "Endpoint.connectionType"), HasSubstr("\"dicom-wado-rs\""));
}

// What is quadratic in the instances or series does not end here in any test's time.
TEST(MappingStudyTest, ALargeStudyIsMapped) {
  constexpr int series = 500;
  constexpr int instances = 200;
  store::StudyRows rows;
  rows.uid = "1.2.3";
  for (int s = 0; s < series; ++s) {
    rows.attributes.push_back(attributes_of(fmt::format(
        "Modality=CT; SeriesNumber={}; StudyDescription=CT; PatientID=1; PatientName=A^B; "
        "BodyPartExamined=CHEST; StudyDate=20240105; StudyTime=08; AccessionNumber=A",
        s)));
    for (int i = 0; i < instances; ++i) {
      rows.instances.push_back({.series_uid = fmt::format("1.2.3.{}", s),
                                .sop_instance_uid = fmt::format("1.2.3.{}.{}", s, i),
                                .sop_class_uid = "1.2.840.10008.5.1.4.1.1.2",
                                .transfer_syntax_uid = "1.2.840.10008.1.2.1",
                                .number = i,
                                .title = "AXIAL",
                                .source = "CLINIC",
                                .attributes = static_cast<std::size_t>(s),
                                .rejection = {}});
    }
  }
  const auto facts = StudyFacts::of(rows);
  ASSERT_TRUE(facts);
  const Mapped mapped = to_imaging_study(*facts, test_rules(), test_targets, Explain::no);
  EXPECT_THAT(mapped.json, HasSubstr("\"numberOfInstances\":100000"));
  expect_valid(mapped.json);
}

}  // namespace
}  // namespace lightbox::ingest
