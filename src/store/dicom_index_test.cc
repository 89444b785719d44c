#include "store/dicom_index.h"

#include <gmock/gmock.h>

#include "store/fault_vfs_test.h"
#include "store/store_testing.h"

namespace lightbox::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

DicomInstance instance(std::string uid, std::string study = "1.2", std::string series = "1.3",
                       std::uint8_t content = 1) {
  DicomInstance made;
  made.study_uid = std::move(study);
  made.series_uid = std::move(series);
  made.sop_class_uid = "1.2.840.10008.5.1.4.1.1.2";
  made.transfer_syntax_uid = "1.2.840.10008.1.2.1";
  made.number = 7;
  made.title = "ORIGINAL";
  made.attributes = R"({"00100020":{"vr":"LO","Value":["P1"]}})";
  made.metadata = R"({"00080018":{"vr":"UI","Value":[")" + uid + R"("]}})";
  made.file = "2026/11/25/" + made.study_uid + '/' + uid + ".dcm";
  made.file_bytes = 1000;
  made.data_set_offset = 300;
  made.hash[0] = content;
  made.source = "CT1";
  made.sop_instance_uid = std::move(uid);
  return made;
}

class DicomIndexTest : public ::testing::Test {
 protected:
  DicomIndexTest() { open(); }

  void open() {
    store_.reset();
    auto opened = Store::open({.data_directory = directory_.path(), .limits = {}, .index = {}});
    EXPECT_TRUE(opened) << testing::text_of(opened.error());
    store_ = std::move(*opened);
  }

  DicomIndex& index() { return store_->dicom(); }

  std::vector<AddOutcome> add(std::vector<DicomInstance> instances,
                              OnConflict on_conflict = OnConflict::keep_first) {
    std::vector<AddOutcome> outcomes;
    const auto results = index().add(std::move(instances), on_conflict);
    EXPECT_TRUE(results) << testing::text_of(results.error());
    for (const AddResult& result : *results) outcomes.push_back(result.outcome);
    return outcomes;
  }

  std::vector<std::string> changed() {
    std::vector<std::string> uids;
    const auto studies = index().changed_studies();
    EXPECT_TRUE(studies);
    for (const ChangedStudy& study : *studies) uids.push_back(study.uid);
    return uids;
  }

  CommitResult project(const std::string& study, std::vector<Operation> operations = {}) {
    const auto rows = index().study(study);
    EXPECT_TRUE(rows);
    return index().project({.study_uid = study,
                            .revision = rows->revision,
                            .operations = std::move(operations),
                            .identities = {},
                            .problems = {}});
  }

  testing::TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(DicomIndexTest, AnInstanceIsThereAfterARestartWithItsStudyMarked) {
  EXPECT_THAT(
      add({instance("1.4.1"), instance("1.4.2", "1.2", "1.3"), instance("1.4.3", "1.2", "1.30")}),
      ElementsAre(AddOutcome::stored, AddOutcome::stored, AddOutcome::stored));
  open();
  EXPECT_THAT(changed(), ElementsAre("1.2"));
  const auto rows = index().study("1.2");
  ASSERT_TRUE(rows);
  ASSERT_THAT(rows->instances, SizeIs(3));
  EXPECT_EQ(rows->instances[0].sop_instance_uid, "1.4.1");
  EXPECT_EQ(rows->instances[0].series_uid, "1.3");
  EXPECT_EQ(rows->instances[0].number, 7);
  EXPECT_EQ(rows->instances[0].title, "ORIGINAL");
  EXPECT_EQ(rows->instances[0].source, "CT1");
  EXPECT_EQ(rows->instances[2].series_uid, "1.30");
  const auto files = index().files(DicomSelection{.study_uid = "1.2", .series_uid = "1.30"});
  ASSERT_TRUE(files);
  ASSERT_THAT(*files, SizeIs(1));
  EXPECT_EQ((*files)[0].file, "2026/11/25/1.2/1.4.3.dcm");
  EXPECT_EQ((*files)[0].data_set_offset, 300);
  EXPECT_EQ((*files)[0].hash[0], 1);
}

TEST_F(DicomIndexTest, AttributesThatAreTheSameInASeriesAreKeptOnce) {
  auto other = instance("1.4.3");
  other.attributes = R"({"00100020":{"vr":"LO","Value":["P2"]}})";
  add({instance("1.4.1"), instance("1.4.2"), other});
  add({instance("1.4.4")});
  const auto rows = index().study("1.2");
  ASSERT_TRUE(rows);
  ASSERT_THAT(rows->attributes, SizeIs(2));
  EXPECT_EQ(rows->instances[0].attributes, rows->instances[3].attributes);
  EXPECT_NE(rows->instances[0].attributes, rows->instances[2].attributes);
}

TEST_F(DicomIndexTest, ANumberThatIsMissingStaysMissing) {
  auto numberless = instance("1.4.1");
  numberless.number = std::nullopt;
  add({numberless});
  EXPECT_EQ(index().study("1.2")->instances[0].number, std::nullopt);
}

struct AgainCase {
  const char* name;
  const char* study;
  std::uint8_t content;
  OnConflict on_conflict;
  AddOutcome expected;
};
class AgainTest : public DicomIndexTest, public ::testing::WithParamInterface<AgainCase> {};
TEST_P(AgainTest, TheSameUidAgain) {
  add({instance("1.4.1")});
  ASSERT_TRUE(project("1.2"));
  const AgainCase& param = GetParam();
  EXPECT_THAT(add({instance("1.4.1", param.study, "1.3", param.content)}, param.on_conflict),
              ElementsAre(param.expected));
  const bool is_changed = param.expected == AddOutcome::replaced;
  EXPECT_THAT(changed(), SizeIs(is_changed ? 1 : 0));
  EXPECT_THAT(index().study("1.2")->instances, SizeIs(1));
  EXPECT_EQ((*index().files(DicomSelection{.sop_instance_uid = "1.4.1"}))[0].hash[0],
            is_changed ? param.content : 1);
}
INSTANTIATE_TEST_SUITE_P(
    Cases, AgainTest,
    ::testing::Values(
        AgainCase{"same", "1.2", 1, OnConflict::keep_first, AddOutcome::known},
        AgainCase{"same_replace", "1.2", 1, OnConflict::replace, AddOutcome::known},
        AgainCase{"other_bytes", "1.2", 2, OnConflict::keep_first, AddOutcome::conflict},
        AgainCase{"other_bytes_replace", "1.2", 2, OnConflict::replace, AddOutcome::replaced},
        AgainCase{"other_study", "1.9", 1, OnConflict::keep_first, AddOutcome::conflict},
        AgainCase{"other_study_replace", "1.9", 2, OnConflict::replace, AddOutcome::conflict}),
    [](const auto& param_info) { return std::string(param_info.param.name); });

TEST_F(DicomIndexTest, AnInstanceTwiceInOneRequestIsStoredOnce) {
  EXPECT_THAT(add({instance("1.4.1"), instance("1.4.1"), instance("1.4.1", "1.2", "1.3", 9)}),
              ElementsAre(AddOutcome::stored, AddOutcome::known, AddOutcome::conflict));
}

TEST_F(DicomIndexTest, AProjectionTakesTheMarkBackUnlessTheStudyChangedMeanwhile) {
  add({instance("1.4.1")});
  const auto rows = index().study("1.2");
  ASSERT_TRUE(rows);
  add({instance("1.4.2")});
  ASSERT_TRUE(index().project({.study_uid = "1.2",
                               .revision = rows->revision,
                               .operations = {},
                               .identities = {},
                               .problems = {}}));
  EXPECT_THAT(changed(), ElementsAre("1.2"));
  ASSERT_TRUE(project("1.2"));
  EXPECT_THAT(changed(), IsEmpty());
}

TEST_F(DicomIndexTest, AProjectionIsOneTransactionWithItsResources) {
  add({instance("1.4.1")});
  const auto rows = index().study("1.2");
  Operation refused = testing::put(R"({"resourceType":"Patient","id":"a"})");
  refused.preconditions.if_match = VersionSet::of(5);
  const Identity identity{.kind = IdentityKind::patient,
                          .key = "urn:x|P1",
                          .type = &testing::type_of("Patient"),
                          .id = "a",
                          .projected = R"({"resourceType":"Patient"})",
                          .rank = "2026"};
  const auto projected = index().project({.study_uid = "1.2",
                                          .revision = rows->revision,
                                          .operations = testing::one(std::move(refused)),
                                          .identities = {identity},
                                          .problems = {}});
  ASSERT_FALSE(projected);
  EXPECT_EQ(projected.error().kind, ProblemKind::precondition_failed);
  EXPECT_THAT(changed(), ElementsAre("1.2"));
  EXPECT_EQ(*index().identity(IdentityKind::patient, "urn:x|P1"), std::nullopt);

  ASSERT_TRUE(index().project(
      {.study_uid = "1.2",
       .revision = rows->revision,
       .operations = testing::one(testing::put(R"({"resourceType":"Patient","id":"a"})")),
       .identities = {identity},
       .problems = {}}));
  const auto found = index().identity(IdentityKind::patient, "urn:x|P1");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->id, "a");
  EXPECT_EQ((*found)->projected, R"({"resourceType":"Patient"})");
  EXPECT_EQ((*found)->rank, "2026");
  EXPECT_THAT(*index().identities(testing::type_of("Patient"), "a"), SizeIs(1));
  EXPECT_TRUE(store_->read(testing::type_of("Patient"), "a"));
}

TEST_F(DicomIndexTest, RemovingMarksTheStudyAndGivesTheFiles) {
  add({instance("1.4.1"), instance("1.4.2", "1.2", "1.30")});
  ASSERT_TRUE(project("1.2"));
  const auto removed = index().remove({.study_uid = "1.2", .series_uid = "1.30"});
  ASSERT_TRUE(removed);
  EXPECT_THAT(removed->files, ElementsAre("2026/11/25/1.2/1.4.2.dcm"));
  EXPECT_THAT(removed->study_uids, ElementsAre("1.2"));
  EXPECT_THAT(changed(), ElementsAre("1.2"));
  const auto counts = index().counts();
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->series, 1);
  EXPECT_EQ(counts->instances, 1);
  ASSERT_TRUE(index().remove({.study_uid = "1.2"}));
  EXPECT_THAT(index().study("1.2")->instances, IsEmpty());
  ASSERT_TRUE(project("1.2"));
  EXPECT_EQ(index().study("1.2").error().kind, ProblemKind::not_found);
  EXPECT_EQ(index().remove({.study_uid = "1.2"}).error().kind, ProblemKind::not_found);
}

TEST_F(DicomIndexTest, ARejectionNoteRejectsWhatIsThereAndWhatComesLater) {
  add({instance("1.4.1")});
  ASSERT_TRUE(project("1.2"));
  auto note = instance("1.5.1", "1.2", "1.31");
  note.rejects = {{"1.4.1", "113001"}, {"1.4.2", "113001"}};
  add({note, instance("1.4.2")});
  EXPECT_THAT(changed(), ElementsAre("1.2"));
  const auto rows = index().study("1.2");
  EXPECT_EQ(rows->instances[0].rejection, "113001");
  EXPECT_EQ(rows->instances[1].rejection, "113001");
  EXPECT_EQ(rows->instances[2].rejection, "");
  ASSERT_TRUE(index().remove({.sop_instance_uid = "1.5.1"}));
  EXPECT_EQ(index().study("1.2")->instances[0].rejection, "");
}

TEST_F(DicomIndexTest, ProblemsAreListedOnceAndReplacedByTheNextProjection) {
  const DicomProblem quarantined{.kind = DicomProblemKind::quarantined,
                                 .file = "quarantine/a.dcm",
                                 .code = "structure",
                                 .diagnostics = "cut short"};
  ASSERT_TRUE(index().add_problem(quarantined));
  ASSERT_TRUE(index().add_problem(quarantined));
  add({instance("1.4.1")});
  for (const char* text : {"first", "second"}) {
    const auto rows = index().study("1.2");
    ASSERT_TRUE(index().project({.study_uid = "1.2",
                                 .revision = rows->revision,
                                 .operations = {},
                                 .identities = {},
                                 .problems = {{.kind = DicomProblemKind::mapping,
                                               .study_uid = "1.2",
                                               .code = "value",
                                               .diagnostics = text}}}));
  }
  const auto problems = index().problems(0, 10);
  ASSERT_TRUE(problems);
  ASSERT_THAT(*problems, SizeIs(2));
  EXPECT_EQ((*problems)[0].file, "quarantine/a.dcm");
  EXPECT_EQ((*problems)[1].diagnostics, "second");
  ASSERT_TRUE(index().remove_problem((*problems)[0].key));
  EXPECT_EQ(index().remove_problem((*problems)[0].key).error().kind, ProblemKind::not_found);
  EXPECT_THAT(*index().problems(0, 10), SizeIs(1));
}

TEST_F(DicomIndexTest, AResourceOfAStudyWithInstancesCannotBeDeleted) {
  add({instance("1.4.1")});
  const auto& type = testing::type_of("Patient");  // no type is special
  const auto rows = index().study("1.2");
  ASSERT_TRUE(rows);
  ASSERT_TRUE(index().project(
      {.study_uid = "1.2",
       .revision = rows->revision,
       .operations = testing::one(testing::put(R"({"resourceType":"Patient","id":"a"})")),
       .identities = {{.kind = IdentityKind::study,
                       .key = "1.2",
                       .type = &type,
                       .id = "a",
                       .projected = {},
                       .rank = {}}},
       .problems = {}}));
  const auto removed = store_->commit_and_wait(testing::one(testing::remove("Patient", "a")));
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().kind, ProblemKind::conflict);
  EXPECT_THAT(removed.error().issues[0].diagnostics, ::testing::HasSubstr("DELETE"));
  ASSERT_TRUE(index().remove({.study_uid = "1.2"}));
  EXPECT_TRUE(store_->commit_and_wait(testing::one(testing::remove("Patient", "a"))));
}

// What is kept must be what is there, after whatever has happened.
TEST_F(DicomIndexTest, CountsAreThoseOfTheRows) {
  const auto expect = [&](std::uint64_t studies, std::uint64_t series, std::uint64_t instances,
                          std::uint64_t waiting, std::uint64_t problems) {
    const auto counts = index().counts();
    ASSERT_TRUE(counts);
    EXPECT_EQ(counts->studies, studies);
    EXPECT_EQ(counts->series, series);
    EXPECT_EQ(counts->instances, instances);
    EXPECT_EQ(counts->changed, waiting);
    EXPECT_EQ(counts->problems, problems);
    EXPECT_EQ(counts->file_bytes, 1000 * instances);
  };
  expect(0, 0, 0, 0, 0);
  add({instance("1.4.1"), instance("1.4.2", "1.2", "1.30"), instance("1.5.1", "1.20", "1.31")});
  expect(2, 3, 3, 2, 0);
  add({instance("1.4.1"), instance("1.4.3")});  // one is known; the study is marked already
  expect(2, 3, 4, 2, 0);
  ASSERT_TRUE(project("1.2"));
  expect(2, 3, 4, 1, 0);
  add({instance("1.4.1", "1.2", "1.3", 9)}, OnConflict::replace);
  expect(2, 3, 4, 2, 0);
  const DicomProblem problem{
      .kind = DicomProblemKind::mapping, .study_uid = "1.2", .code = "value", .diagnostics = "x"};
  ASSERT_TRUE(index().add_problem(problem));
  ASSERT_TRUE(index().add_problem(problem));
  expect(2, 3, 4, 2, 1);
  ASSERT_TRUE(project("1.2"));  // takes it back
  expect(2, 3, 4, 1, 0);
  EXPECT_TRUE(index().mark_changed({}));
  expect(2, 3, 4, 2, 0);
  ASSERT_TRUE(index().remove({.study_uid = "1.2", .series_uid = "1.3"}));
  expect(2, 2, 2, 2, 0);
  ASSERT_TRUE(index().remove({.study_uid = "1.2"}));
  ASSERT_TRUE(project("1.2"));
  expect(1, 1, 1, 1, 0);
  open();
  expect(1, 1, 1, 1, 0);
}

TEST_F(DicomIndexTest, ANoteThatIsReplacedRejectsWhatItSaysNow) {
  auto note = instance("1.5.1", "1.2", "1.31");
  note.rejects = {{"1.4.1", "113001"}};
  note.attributes = R"({"00080060":{"vr":"CS","Value":["KO"]}})";
  add({instance("1.4.1"), instance("1.4.2"), note});
  auto other = instance("1.5.1", "1.2", "1.31", 9);
  other.rejects = {{"1.4.2", "113001"}};
  add({other}, OnConflict::replace);
  const auto rows = index().study("1.2");
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->instances[0].rejection, "");
  EXPECT_EQ(rows->instances[1].rejection, "113001");
  EXPECT_THAT(rows->attributes, SizeIs(2)) << "those of the replaced instance are still there";
}

TEST_F(DicomIndexTest, ProblemsOfAStudy) {
  for (const char* study : {"1.2", "1.9"}) {
    ASSERT_TRUE(index().add_problem({.kind = DicomProblemKind::conflict,
                                     .study_uid = study,
                                     .code = study == std::string("1.9") ? "duplicate" : "value",
                                     .diagnostics = "x"}));
  }
  ASSERT_THAT(*index().problems("1.9"), SizeIs(1));
  EXPECT_EQ((*index().problems("1.9"))[0].study_uid, "1.9");
  EXPECT_THAT(*index().studies_with_problem("value", 10), ElementsAre("1.2"));
  EXPECT_THAT(*index().studies_with_problem("value", 0), IsEmpty());
}

TEST_F(DicomIndexTest, CommitmentsAreKeptUntilTheyAreReported) {
  const auto first = index().add_commitment("CT1", "what it asked", 2);
  ASSERT_TRUE(first);
  ASSERT_TRUE(index().add_commitment("CT2", "", 2));
  const auto third = index().add_commitment("CT3", "", 2);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().kind, ProblemKind::unavailable);
  open();
  const auto rows = index().commitments();
  ASSERT_TRUE(rows);
  ASSERT_THAT(*rows, SizeIs(2));
  EXPECT_EQ((*rows)[0].key, *first);
  EXPECT_EQ((*rows)[0].ae_title, "CT1");
  EXPECT_EQ((*rows)[0].content, "what it asked");
  EXPECT_GT((*rows)[0].asked_ms, 0);
  ASSERT_TRUE(index().remove_commitment(*first));
  ASSERT_TRUE(index().remove_commitment(*first)) << "it is gone already";
  EXPECT_EQ((*index().commitments())[0].ae_title, "CT2");
}

TEST_F(DicomIndexTest, MarkingAllProjectsAllAgain) {
  add({instance("1.4.1"), instance("1.4.2", "1.5", "1.6")});
  ASSERT_TRUE(project("1.2"));
  ASSERT_TRUE(project("1.5"));
  EXPECT_THAT(changed(), IsEmpty());
  EXPECT_EQ(*index().mark_changed({}), 2);
  EXPECT_THAT(changed(), SizeIs(2));
}

// What a power cut leaves of what was not synced.
class DeferredSync : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = Store::open({.data_directory = directory_.path(),
                               .limits = {},
                               .index = {},
                               .vfs = testing::FaultVfs::name});
    ASSERT_TRUE(opened) << testing::text_of(opened.error());
    store_ = std::move(*opened);
  }
  DicomIndex& index() { return store_->dicom(); }
  template <typename Look>
  auto after_power_cut(Look&& look) {
    const testing::TemporaryDirectory after;
    vfs.write_durable_state(after.path());
    auto survivor = Store::open({.data_directory = after.path(), .limits = {}, .index = {}});
    EXPECT_TRUE(survivor);
    return look((*survivor)->dicom());
  }
  std::uint64_t instances_after_power_cut() {
    return after_power_cut([](DicomIndex& left) { return left.counts()->instances; });
  }
  std::size_t marked_after_power_cut() {
    return after_power_cut([](DicomIndex& left) { return left.changed_studies()->size(); });
  }

  testing::FaultVfs vfs;

 private:
  testing::TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
};

// None before the next sync, all after it.
TEST_F(DeferredSync, RowsAreOnTheDiskWithTheNextSync) {
  ASSERT_TRUE(index().sync());
  const int syncs = vfs.syncs;
  for (const char* uid : {"1.4.1", "1.4.2"}) {
    ASSERT_TRUE(index().add({instance(uid)}, OnConflict::keep_first, Durability::deferred));
  }
  EXPECT_EQ(vfs.syncs, syncs);
  EXPECT_EQ(index().counts()->instances, 2U);  // readers see them
  EXPECT_EQ(instances_after_power_cut(), 0U);
  ASSERT_TRUE(index().sync());
  EXPECT_EQ(instances_after_power_cut(), 2U);
  // Another's commit does as well.
  ASSERT_TRUE(index().add({instance("1.4.3")}, OnConflict::keep_first, Durability::deferred));
  ASSERT_TRUE(index().add({instance("1.4.4")}, OnConflict::keep_first));
  EXPECT_EQ(instances_after_power_cut(), 4U);
}

TEST_F(DeferredSync, AProjectionThatIsNotOnTheDiskIsMarkedThere) {
  ASSERT_TRUE(index().add({instance("1.4.1")}, OnConflict::keep_first));
  const int syncs = vfs.syncs;
  ASSERT_TRUE(index().project({.study_uid = "1.2",
                               .revision = index().study("1.2")->revision,
                               .operations = {},
                               .identities = {},
                               .problems = {}}));
  EXPECT_EQ(vfs.syncs, syncs);
  EXPECT_THAT(*index().changed_studies(), IsEmpty());
  EXPECT_EQ(marked_after_power_cut(), 1U);
  ASSERT_TRUE(index().sync());
  EXPECT_EQ(marked_after_power_cut(), 0U);
}

}  // namespace
}  // namespace lightbox::store
