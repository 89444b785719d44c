#include "ingest/query_values.h"

#include <gmock/gmock.h>

#include "ingest/archive_testing.h"
#include "query/answer.h"
#include "query/search.h"

namespace lightbox::ingest {
namespace {

using query::Level;
using testing::ct;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::ObjectText;

class QueryValuesTest : public testing::ArchiveTest {
 protected:
  // What is answered to a query, one text for each match.
  std::vector<std::string> search(
      Level level, const std::vector<std::pair<std::string, std::string>>& keys = {}) {
    query::Query query{.level = level, .study_uid = {}, .series_uid = {}, .criteria = {}};
    for (const auto& [path, value] : keys) {
      const auto criterion = query::parse_criterion(*query::parse_path(path), value, {});
      EXPECT_TRUE(criterion);
      query::add_criterion(*criterion, query.criteria);
    }
    auto wanted = query::required_attributes(level, true, true);
    wanted.push_back({query::tags::SOPClassesInStudy});
    wanted.push_back({query::tags::StudyDescription});
    const query::AnswerForm form(std::move(wanted), {.level = level, .retrieve_base = "http://x"});
    std::vector<std::string> answers;
    auto snapshot = store_->dicom().snapshot({});
    EXPECT_TRUE(snapshot);
    const auto done = query::search(*snapshot, query, [&](const query::Match& match) {
      form.append(match, answers.emplace_back());
      return true;
    });
    EXPECT_TRUE(done) << done.error().issues[0].diagnostics;
    return answers;
  }
  std::string only(Level level) {
    const auto answers = search(level);
    EXPECT_EQ(answers.size(), 1U);
    return answers.empty() ? "" : answers[0];
  }

  static ObjectText object(const std::string& series, int number, const std::string& modality,
                           const std::string& description) {
    ObjectText text = ct("1.2", series, series + "." + std::to_string(number));
    text.set(0x00080060, "CS", modality)
        .set(0x00200013, "IS", std::to_string(number))
        .set(0x00200011, "IS", series.substr(series.size() - 1));
    if (!description.empty()) text.set(0x00081030, "LO", description);
    return text;
  }
};

TEST_F(QueryValuesTest, AStudyIsFoundAndAnsweredWithWhatIsCounted) {
  add({object("1.3.1", 1, "CT", "Chest").file(), object("1.3.1", 2, "CT", "Chest").file(),
       object("1.3.2", 1, "SR", "Chest")
           .set(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.88.11")
           .file()});
  const std::string study = only(Level::study);
  EXPECT_THAT(study, HasSubstr(R"("00080061":{"vr":"CS","Value":["CT","SR"]})"));
  EXPECT_THAT(study, HasSubstr(R"("00080062":{"vr":"UI","Value":["1.2.840.10008.5.1.4.1.1.2",)"
                               R"("1.2.840.10008.5.1.4.1.1.88.11"]})"));
  EXPECT_THAT(study, HasSubstr(R"("00201206":{"vr":"IS","Value":[2]})"));
  EXPECT_THAT(study, HasSubstr(R"("00201208":{"vr":"IS","Value":[3]})"));
  EXPECT_THAT(study, HasSubstr(R"("00081190":{"vr":"UR","Value":["http://x/studies/1.2"]})"));
  EXPECT_THAT(study, HasSubstr(R"("00080050":{"vr":"SH"})"));
  EXPECT_EQ(search(Level::series).size(), 2U);
  EXPECT_EQ(search(Level::instance).size(), 3U);
  EXPECT_THAT(search(Level::series)[0],
              HasSubstr(R"("Value":["http://x/studies/1.2/series/1.3.1"])"));
  EXPECT_THAT(search(Level::instance)[0],
              HasSubstr(R"("Value":["http://x/studies/1.2/series/1.3.1/instances/1.3.1.1"])"));
}

// Whatever the order of arrival.
TEST_F(QueryValuesTest, WhatContradictsItselfIsOfTheFirstSeriesInTheOrderOfTheMapping) {
  std::vector<std::string> files = {
      object("1.3.1", 1, "SR", "of the report").file(),
      object("1.3.2", 1, "CT", "").file(),
      object("1.3.3", 2, "CT", "second of series 3").file(),
      object("1.3.3", 1, "CT", "first of series 3").file(),
      object("1.3.4", 1, "CT", "of series 4").set(0x00100030, "DA", "19700131").file(),
  };
  std::ranges::sort(files);
  std::string first;
  int orders = 0;
  do {
    for (const std::string& file : files) EXPECT_TRUE(add_one(file).is_accepted());
    const std::string answer = only(Level::study);
    // Series 2 has none; series 3 is the next, by its first instance.
    EXPECT_THAT(answer, HasSubstr("first of series 3"));
    EXPECT_THAT(answer, HasSubstr("19700131"));
    if (first.empty()) first = answer;
    EXPECT_EQ(answer, first);
    EXPECT_TRUE(archive_->remove({.study_uid = "1.2"}));
    EXPECT_THAT(search(Level::study), IsEmpty());
  } while (std::ranges::next_permutation(files).found && ++orders < 24);
}

TEST_F(QueryValuesTest, FollowsDeletionsAndReplacements) {
  on_conflict_ = store::OnConflict::replace;
  open();
  add({object("1.3.1", 1, "CT", "Head").file(), object("1.3.1", 2, "CT", "Chest").file(),
       object("1.3.2", 1, "MR", "Knee").file()});
  const auto found = [&](const char* path, const char* value) {
    return search(Level::study, {{path, value}}).size();
  };
  EXPECT_EQ(found("StudyDescription", "Head"), 1U);
  EXPECT_EQ(found("ModalitiesInStudy", "MR"), 1U);

  EXPECT_TRUE(archive_->remove({.sop_instance_uid = "1.3.1.1"}));
  EXPECT_EQ(found("StudyDescription", "Head"), 0U);
  EXPECT_EQ(found("StudyDescription", "Chest"), 1U);
  EXPECT_THAT(only(Level::study), HasSubstr(R"("00201208":{"vr":"IS","Value":[2]})"));

  EXPECT_TRUE(archive_->remove({.series_uid = "1.3.2"}));
  EXPECT_EQ(found("ModalitiesInStudy", "MR"), 0U);
  EXPECT_THAT(only(Level::study), HasSubstr(R"("00201206":{"vr":"IS","Value":[1]})"));

  // The last instance, replaced, may get the key of the one before.
  EXPECT_EQ(add_one(object("1.3.1", 2, "CT", "Neck").set(0x00100020, "LO", "P2").file()).outcome,
            Admitted::Outcome::replaced);
  EXPECT_EQ(found("StudyDescription", "Chest"), 0U);
  EXPECT_EQ(found("StudyDescription", "Neck"), 1U);
  EXPECT_EQ(found("PatientID", "P1"), 0U);
  EXPECT_EQ(found("PatientID", "P2"), 1U);
  EXPECT_THAT(only(Level::study), HasSubstr(R"("00201208":{"vr":"IS","Value":[1]})"));

  // Another date is another place.
  EXPECT_EQ(
      add_one(object("1.3.1", 2, "CT", "Neck").set(0x00080020, "DA", "20200101").file()).outcome,
      Admitted::Outcome::replaced);
  EXPECT_EQ(found("StudyDate", "20261125"), 0U);
  EXPECT_EQ(found("StudyDate", "20200101"), 1U);
  EXPECT_EQ(found("PatientName", "Doe^*"), 1U);
}

TEST_F(QueryValuesTest, StudiesComeNewestFirstAndThoseWithoutADateLast) {
  add({ct("1.2.1", "1.3.1", "1.4.1").set(0x00080020, "DA", "20240101").file(),
       ct("1.2.2", "1.3.2", "1.4.2").set(0x00080020, "DA", "").file(),
       ct("1.2.3", "1.3.3", "1.4.3").set(0x00080020, "DA", "20250101").file(),
       ct("1.2.4", "1.3.4", "1.4.4")
           .set(0x00080020, "DA", "20240101")
           .set(0x00080030, "TM", "10")
           .file()});
  std::vector<std::string> order;
  for (const std::string& answer : search(Level::study)) {
    order.push_back(answer.substr(answer.find("studies/") + 8, 5));
  }
  EXPECT_THAT(order, ElementsAre("1.2.3", "1.2.4", "1.2.1", "1.2.2"));
}

TEST_F(QueryValuesTest, AnInstanceOfAnotherClassOfTheSameSeriesCounts) {
  add_one(object("1.3.1", 1, "CT", "").file());
  add_one(object("1.3.1", 2, "CT", "").set(0x00080016, "UI", "1.9.9").file());
  EXPECT_EQ(search(Level::study, {{"SOPClassesInStudy", "1.9.9"}}).size(), 1U);
  EXPECT_TRUE(archive_->remove({.sop_instance_uid = "1.3.1.2"}));
  EXPECT_THAT(search(Level::study, {{"SOPClassesInStudy", "1.9.9"}}), IsEmpty());
  EXPECT_THAT(only(Level::study), Not(HasSubstr("1.9.9")));
}

TEST_F(QueryValuesTest, SurvivesAStop) {
  add_one(object("1.3.1", 1, "CT", "Head").file());
  const std::string before = only(Level::study);
  open();
  EXPECT_EQ(only(Level::study), before);
  add_one(object("1.3.2", 1, "MR", "Head").file());
  EXPECT_THAT(only(Level::study), HasSubstr(R"(["CT","MR"])"));
}

}  // namespace
}  // namespace lightbox::ingest
