#include "dimse/retrieve_query.h"

#include <gtest/gtest.h>

#include "dicom/json.h"

namespace lightbox::dimse {
namespace {

namespace tags = query::tags;

std::expected<query::Query, Status> parsed(std::string_view json, QueryModel model,
                                           const FindOptions& options = {}) {
  const auto identifier = dicom::ParsedJson::parse(json, {});
  EXPECT_TRUE(identifier.has_value()) << json;
  return parse_retrieve(identifier->data_set(), model, options);
}

std::string level(std::string_view name) {
  return R"({"00080052":{"vr":"CS","Value":[")" + std::string(name) + R"("]})";
}
std::string key(std::string_view tag, std::string_view vr, std::string_view values) {
  return R"(,")" + std::string(tag) + R"(":{"vr":")" + std::string(vr) + R"(","Value":[)" +
         std::string(values) + "]}";
}
const std::string patient = key("00100020", "LO", R"("P1")");
const std::string study = key("0020000D", "UI", R"("1.2")");
const std::string series = key("0020000E", "UI", R"("1.2.3")");
const std::string image = key("00080018", "UI", R"("1.2.3.4")");

TEST(RetrieveQuery, Levels) {
  struct Case {
    std::string identifier;
    QueryModel model;
    std::vector<dicom::Tag> criteria;
  };
  constexpr auto patient_root = QueryModel::patient_root;
  constexpr auto study_root = QueryModel::study_root;
  const Case cases[] = {
      {level("PATIENT") + patient, patient_root, {tags::PatientID}},
      {level("STUDY") + patient + study, patient_root, {tags::PatientID, tags::StudyInstanceUID}},
      {level("STUDY") + study, study_root, {tags::StudyInstanceUID}},
      {level("STUDY") + study + patient, study_root, {tags::StudyInstanceUID, tags::PatientID}},
      {level("SERIES") + study + series,
       study_root,
       {tags::StudyInstanceUID, tags::SeriesInstanceUID}},
      {level("IMAGE") + study + series + image,
       study_root,
       {tags::StudyInstanceUID, tags::SeriesInstanceUID, tags::SOPInstanceUID}},
  };
  for (const auto& [identifier, model, criteria] : cases) {
    const auto query = parsed(identifier + "}", model);
    ASSERT_TRUE(query.has_value()) << identifier << query.error().comment;
    EXPECT_EQ(query->level, query::Level::instance);
    std::vector<dicom::Tag> found;
    for (const auto& criterion : query->criteria) found.push_back(criterion.tag);
    EXPECT_EQ(found, criteria) << identifier;
  }
}

TEST(RetrieveQuery, ListsOfUidsAtTheLevelOnly) {
  const std::string two = R"("1.2","1.3")";
  const auto query =
      parsed(level("STUDY") + key("0020000D", "UI", two) + "}", QueryModel::study_root);
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(query->criteria.front().values, (std::vector<std::string>{"1.2", "1.3"}));
  EXPECT_FALSE(
      parsed(level("SERIES") + key("0020000D", "UI", two) + series + "}", QueryModel::study_root));
  EXPECT_FALSE(parsed(level("PATIENT") + key("00100020", "LO", R"("P1","P2")") + "}",
                      QueryModel::patient_root));
}

TEST(RetrieveQuery, RelationalRetrievalNeedsItsOwnKeyOnly) {
  const std::string identifier = level("IMAGE") + image + "}";
  EXPECT_FALSE(parsed(identifier, QueryModel::study_root));
  EXPECT_TRUE(parsed(identifier, QueryModel::study_root, {.is_relational = true}));
  EXPECT_FALSE(parsed(level("IMAGE") + "}", QueryModel::study_root, {.is_relational = true}));
}

TEST(RetrieveQuery, WhatIsRefused) {
  struct Case {
    const char* name;
    std::string identifier;
    QueryModel model;
    dicom::Tag offending;
  };
  const Case cases[] = {
      {"no level", "{" + study.substr(1), QueryModel::study_root, tags::QueryRetrieveLevel},
      {"another level", level("FRAME") + study, QueryModel::study_root, tags::QueryRetrieveLevel},
      {"patients without a root", level("PATIENT") + patient, QueryModel::study_root,
       tags::QueryRetrieveLevel},
      {"no key", level("STUDY"), QueryModel::study_root, tags::StudyInstanceUID},
      {"no patient", level("STUDY") + study, QueryModel::patient_root, tags::PatientID},
      {"a wildcard", level("PATIENT") + key("00100020", "LO", R"("P*")"), QueryModel::patient_root,
       tags::PatientID},
      {"no UID", level("STUDY") + key("0020000D", "UI", R"("*")"), QueryModel::study_root,
       tags::StudyInstanceUID},
      {"a key that is not unique", level("STUDY") + study + key("00080060", "CS", R"("CT")"),
       QueryModel::study_root, tags::Modality},
      {"a key of below", level("STUDY") + study + series, QueryModel::study_root,
       tags::SeriesInstanceUID},
  };
  for (const auto& [name, identifier, model, offending] : cases) {
    const auto query = parsed(identifier + "}", model);
    ASSERT_FALSE(query.has_value()) << name;
    EXPECT_EQ(query.error().code, status_code::data_set_does_not_match) << name;
    EXPECT_EQ(query.error().offending, (std::vector<dicom::Tag>{offending})) << name;
  }
}

TEST(RetrieveQuery, EmptyKeysAreOfNoAccount) {
  const std::string empty =
      R"(,"00080060":{"vr":"CS"},"00081199":{"vr":"SQ"},"00100010":{"vr":"PN"})";
  EXPECT_TRUE(parsed(level("STUDY") + study + empty + "}", QueryModel::study_root));
}

}  // namespace
}  // namespace lightbox::dimse
