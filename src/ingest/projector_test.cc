#include "ingest/projector.h"

#include <chrono>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <thread>

#include "fhir/json.h"
#include "fhir/resource.h"
#include "ingest/archive_testing.h"

namespace lightbox::ingest {
namespace {

using testing::ArchiveTest;
using testing::ct;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const fhir::ResourceType& type_of(std::string_view name) {
  return *fhir::Definitions::r4().resource_type(name);
}

class ProjectorTest : public ArchiveTest {
 protected:
  ~ProjectorTest() override { projector_.reset(); }

  void start(std::int64_t quiet_ms, std::int64_t publish_ms = 30'000) {
    projector_.reset();
    options_.limits.projection_quiet_ms = quiet_ms;
    options_.limits.projection_publish_ms = publish_ms;
    options_.rules.dicomweb_base = "http://localhost:8080/dicomweb";
    auto started = Projector::start(options_, *archive_);
    EXPECT_TRUE(started);
    projector_ = std::move(*started);
  }
  // One that does nothing by itself while a test lasts.
  void start_still() { start(3'600'000, 3'600'000); }

  std::optional<store::StoredResource> read(std::string_view type, std::string_view id) {
    auto found = store_->read(type_of(type), id);
    return found ? std::optional(std::move(*found)) : std::nullopt;
  }
  std::string study(std::string_view id) {
    const auto found = read("ImagingStudy", id);
    std::string json;
    if (found) store::append_resource(*found, json);
    return json;
  }
  std::size_t count(std::string_view type) {
    fhir::SearchContext context;
    auto query = fhir::parse_search(type_of(type), {}, context);
    EXPECT_TRUE(query);
    return store_->search(*query, {})->matches.size();
  }
  void put(std::string_view json) {
    const auto resource = fhir::parse_resource(json);
    ASSERT_TRUE(resource) << resource.error().issues[0].diagnostics;
    store::Operation operation{
        .kind = store::Operation::Kind::put,
        .type = resource->type,
        .id = std::string(resource->id()),
        .body = fhir::to_stored(resource->json()),
        .index = fhir::index_resource(*resource->type, resource->json(), {})};
    std::vector<store::Operation> operations;
    operations.push_back(std::move(operation));
    ASSERT_TRUE(store_->commit_and_wait(std::move(operations)));
  }
  // Waits until it is so, for ten seconds at most.
  static bool becomes(const std::function<bool()>& is_so) {
    for (int i = 0; i < 1000; ++i) {
      if (is_so()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  std::string patient(std::string_view key = "|P1") {
    const auto identity = store_->dicom().identity(store::IdentityKind::patient, key);
    EXPECT_TRUE(identity && *identity);
    std::string json;
    store::append_resource(*read("Patient", (*identity)->id), json);
    return json;
  }

  ProjectorOptions options_;
  std::unique_ptr<Projector> projector_;
};

TEST_F(ProjectorTest, AStudyBecomesAStudyAPatientAndAnEndpoint) {
  start_still();
  add({ct("1.2", "1.3", "1.4").file(), ct("1.2", "1.3", "1.5").file()});
  ASSERT_TRUE(projector_->drain());
  const std::string json = study("1.2");
  EXPECT_THAT(json, HasSubstr(R"("numberOfInstances":2)"));
  EXPECT_THAT(json, HasSubstr(R"("reference":"Patient/)"));
  EXPECT_EQ(count("Patient"), 1);
  EXPECT_EQ(count("Endpoint"), 1);
  ASSERT_TRUE(projector_->project("1.2"));
  EXPECT_EQ(read("ImagingStudy", "1.2")->version, 1) << "an unchanged study made a version";
}

TEST_F(ProjectorTest, TwoStudiesOfAPatientShareIt) {
  start_still();
  add({ct("1.2", "1.3", "1.4").file(), ct("1.9", "1.30", "1.5").file(),
       ct("1.10", "1.31", "1.6", "P2").file()});
  ASSERT_TRUE(projector_->drain());
  EXPECT_EQ(count("ImagingStudy"), 3);
  EXPECT_EQ(count("Patient"), 2);
}

TEST_F(ProjectorTest, StudiesWithoutPatientIdDoNotShareAPatient) {
  start_still();
  add({ct("1.2", "1.3", "1.4").leave_out(dicom::tags::PatientID).file(),
       ct("1.9", "1.30", "1.5").leave_out(dicom::tags::PatientID).file()});
  ASSERT_TRUE(projector_->drain());
  EXPECT_EQ(count("Patient"), 2);
}

TEST_F(ProjectorTest, ASettledStudyIsProjectedAtOnce) {
  start(3'600'000);
  add_one(ct("1.2", "1.3", "1.4").file());
  EXPECT_EQ(study("1.2"), "");
  const std::vector<std::string> settled = {"1.2"};
  archive_->settle(settled);
  EXPECT_TRUE(becomes([&] { return !study("1.2").empty(); }));
}

TEST_F(ProjectorTest, AStudyThatHadAProjectionAMomentAgoWaitsForItsQuietPeriod) {
  start(3'600'000);
  const std::vector<std::string> settled = {"1.2"};
  for (int i = 0; i < 20; ++i) {  // a sender with an association for each instance
    add_one(ct("1.2", "1.3", "1.4." + std::to_string(i)).file());
    archive_->settle(settled);
    if (i == 0) {
      EXPECT_TRUE(becomes([&] { return !study("1.2").empty(); }));
    }
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(read("ImagingStudy", "1.2")->version, 1);
}

TEST_F(ProjectorTest, AQuietStudyIsProjected) {
  start(50);
  add_one(ct("1.2", "1.3", "1.4").file());
  EXPECT_TRUE(becomes([&] { return !study("1.2").empty(); }));
}

TEST_F(ProjectorTest, AStudyThatIsNeverQuietIsPublishedAllTheSame) {
  start(2'000, 300);
  std::atomic<bool> is_over = false;
  std::thread sender([&] {
    for (int i = 0; !is_over; ++i) {
      add_one(ct("1.2", "1.3", "1.4." + std::to_string(i)).file());
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  EXPECT_TRUE(becomes([&] { return !study("1.2").empty(); }));
  is_over = true;
  sender.join();
}

TEST_F(ProjectorTest, WhatWasMarkedBeforeAStopIsProjectedAfterTheStart) {
  add_one(ct("1.2", "1.3", "1.4").file());
  open();
  start(3'600'000);
  EXPECT_TRUE(becomes([&] { return !study("1.2").empty(); }));
}

TEST_F(ProjectorTest, AStudyWithoutInstancesGoesAndComesBack) {
  start_still();
  add_one(ct("1.2", "1.3", "1.4").file());
  ASSERT_TRUE(projector_->drain());
  ASSERT_TRUE(archive_->remove({.study_uid = "1.2"}));
  ASSERT_TRUE(projector_->drain());
  EXPECT_EQ(store_->read(type_of("ImagingStudy"), "1.2").error().kind, ProblemKind::gone);
  EXPECT_EQ(count("Patient"), 1);
  add_one(ct("1.2", "1.3", "1.4").file());
  ASSERT_TRUE(projector_->drain());
  EXPECT_EQ(read("ImagingStudy", "1.2")->version, 3);
}

TEST_F(ProjectorTest, WhatAClientMadeEarlierIsAdopted) {
  start_still();
  put(R"({"resourceType":"Patient","id":"p","identifier":[{"value":"P1"}],"active":true})");
  put(R"({"resourceType":"ImagingStudy","id":"s","status":"registered","subject":{"reference":"Patient/p"},
          "identifier":[{"system":"urn:dicom:uid","value":"urn:oid:1.2"}],"note":[{"text":"ours"}]})");
  add_one(ct("1.2", "1.3", "1.4").file());
  ASSERT_TRUE(projector_->drain());
  EXPECT_EQ(study("1.2"), "");
  EXPECT_THAT(study("s"), HasSubstr(R"("numberOfInstances":1)"));
  EXPECT_THAT(study("s"), HasSubstr("ours"));
  EXPECT_THAT(study("s"), HasSubstr("Patient/p"));
  EXPECT_EQ(count("Patient"), 1);
  // And stays when its instances go.
  ASSERT_TRUE(archive_->remove({.study_uid = "1.2"}));
  ASSERT_TRUE(projector_->drain());
  EXPECT_THAT(study("s"), HasSubstr("ours"));
  EXPECT_THAT(study("s"), Not(HasSubstr(R"("series")")));
}

TEST_F(ProjectorTest, TwoCandidatesAreAProblemThatIsListed) {
  start_still();
  for (const char* id : {"a", "b"}) {
    put(std::string(R"({"resourceType":"Patient","id":")") + id +
        R"(","identifier":[{"value":"P1"}]})");
  }
  add_one(ct("1.2", "1.3", "1.4").file());
  ASSERT_TRUE(projector_->drain());
  EXPECT_EQ(count("Patient"), 2);
  EXPECT_THAT(study("1.2"), Not(HasSubstr("Patient/")));
  ASSERT_THAT(problems(), Not(IsEmpty()));
  EXPECT_EQ(problems()[0].code, "multiple-matches");
}

TEST_F(ProjectorTest, ASquattedIdIsListedAndTheStudyHasAnother) {
  start_still();
  put(R"({"resourceType":"ImagingStudy","id":"1.2","status":"available","subject":{"display":"x"},
          "identifier":[{"system":"urn:dicom:uid","value":"urn:oid:9.9"}]})");
  add_one(ct("1.2", "1.3", "1.4").file());
  ASSERT_TRUE(projector_->drain());
  EXPECT_EQ(count("ImagingStudy"), 2);
  EXPECT_THAT(study("1.2"), HasSubstr("9.9"));
  ASSERT_THAT(problems(), SizeIs(1));
  EXPECT_EQ(problems()[0].code, "duplicate");
  // As long as it is so.
  add_one(ct("1.2", "1.3", "1.5").file());
  ASSERT_TRUE(projector_->drain());
  EXPECT_EQ(count("ImagingStudy"), 2);
  EXPECT_THAT(study("1.2"), HasSubstr("9.9"));
  ASSERT_THAT(problems(), SizeIs(1));
}

TEST_F(ProjectorTest, WhatAClientMadeUnderTheStudysOwnIdStaysWhenItsImagesGo) {
  start_still();
  put(R"({"resourceType":"ImagingStudy","id":"1.2","status":"registered","subject":{"display":"x"},
          "identifier":[{"system":"urn:dicom:uid","value":"urn:oid:1.2"}]})");
  add_one(ct("1.2", "1.3", "1.4").file());
  ASSERT_TRUE(projector_->drain());
  EXPECT_THAT(study("1.2"), HasSubstr(R"("numberOfInstances":1)"));
  ASSERT_TRUE(archive_->remove({.study_uid = "1.2"}));
  ASSERT_TRUE(projector_->drain());
  EXPECT_THAT(study("1.2"), HasSubstr(R"("status":"registered")"));
}

TEST_F(ProjectorTest, WhatOthersMarkIsTaken) {
  start(3'600'000);
  add_one(ct("1.2", "1.3", "1.4").file());
  EXPECT_EQ(study("1.2"), "");
  ASSERT_TRUE(projector_->take_marked());
  EXPECT_TRUE(becomes([&] { return !study("1.2").empty(); }));
}

TEST_F(ProjectorTest, APatientIsSaidByTheRemainingStudiesWhenTheNewestHasGone) {
  start_still();
  auto old = ct("1.2", "1.3", "1.4");
  old.set(dicom::tags::PatientName, "PN", "Maiden^Jane")
      .set(dicom::tags::StudyDate, "DA", "20200101");
  add({old.file(), ct("1.9", "1.30", "1.5").file()});
  ASSERT_TRUE(projector_->drain());
  EXPECT_THAT(patient(), HasSubstr("Doe"));
  ASSERT_TRUE(archive_->remove({.study_uid = "1.9"}));
  ASSERT_TRUE(projector_->drain());
  const auto identity = store_->dicom().identity(store::IdentityKind::patient, "|P1");
  ASSERT_TRUE(identity && *identity);
  std::string json;
  store::append_resource(*read("Patient", (*identity)->id), json);
  EXPECT_THAT(json, HasSubstr("Maiden"));
}

TEST_F(ProjectorTest, ThatIsDoneByTheThreadToo) {
  start(20);
  auto old = ct("1.2", "1.3", "1.4");
  old.set(dicom::tags::PatientName, "PN", "Maiden^Jane")
      .set(dicom::tags::StudyDate, "DA", "20200101");
  auto oldest = ct("1.1", "1.31", "1.6");
  oldest.set(dicom::tags::PatientName, "PN", "Child^Jane")
      .set(dicom::tags::StudyDate, "DA", "20000101");
  add({oldest.file(), old.file(), ct("1.9", "1.30", "1.5").file()});
  ASSERT_TRUE(becomes([&] { return count("ImagingStudy") == 3; }));
  EXPECT_THAT(patient(), HasSubstr("Doe"));
  ASSERT_TRUE(archive_->remove({.study_uid = "1.9"}));
  EXPECT_TRUE(becomes([&] { return patient().contains("Maiden"); })) << patient();
}

TEST_F(ProjectorTest, AStudyThatIsTooLargeIsAProblemUntilItChanges) {
  options_.limits.json_nodes_max = 100;
  start_still();
  add_one(ct("1.2", "1.3", "1.4").file());
  ASSERT_TRUE(projector_->drain());
  ASSERT_THAT(problems(), IsEmpty());
  for (int i = 0; i < 30; ++i) add_one(ct("1.2", "1.3", "1.4." + std::to_string(i)).file());
  ASSERT_TRUE(projector_->drain());
  ASSERT_THAT(problems(), SizeIs(1));
  EXPECT_EQ(problems()[0].kind, store::DicomProblemKind::mapping);
  EXPECT_THAT(problems()[0].diagnostics, HasSubstr("json_nodes_max"));
  EXPECT_THAT(*store_->dicom().changed_studies(), IsEmpty());
  EXPECT_THAT(study("1.2"), HasSubstr(R"("numberOfInstances":1,)")) << "as it was";
  // What is to be withdrawn is, whatever its size.
  options_.limits.json_nodes_max = 10;
  start_still();
  ASSERT_TRUE(archive_->remove({.study_uid = "1.2"}));
  ASSERT_TRUE(projector_->drain());
  EXPECT_EQ(study("1.2"), "");
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(ProjectorTest, APatientThatCannotBeMadeIsAProblemAndNoReferenceUntilItCan) {
  options_.limits.json_nodes_max = 100;
  start_still();
  std::string others;
  for (int i = 10; i < 60; ++i) {
    others += dicom::testing::item(
        dicom::testing::element(dicom::tags::PatientID, "LO", fmt::format("P{} ", i)));
  }
  constexpr dicom::Tag other_patient_ids_sequence = 0x00101002;
  add_one(ct("1.2", "1.3", "1.4").set(other_patient_ids_sequence, "SQ", others).file());
  ASSERT_TRUE(projector_->drain());
  EXPECT_EQ(count("Patient"), 0);
  EXPECT_THAT(study("1.2"), HasSubstr(R"("subject":{"display":"Jane Doe"})"));
  EXPECT_THAT(study("1.2"), Not(HasSubstr("Patient/")));
  ASSERT_THAT(problems(), SizeIs(1));
  EXPECT_THAT(problems()[0].diagnostics, HasSubstr("The Patient cannot be made"));
  EXPECT_THAT(problems()[0].diagnostics, HasSubstr("json_nodes_max"));

  options_.limits.json_nodes_max = 1'000;
  start_still();
  ASSERT_TRUE(projector_->project("1.2"));
  EXPECT_EQ(count("Patient"), 1);
  EXPECT_THAT(study("1.2"), HasSubstr("Patient/"));
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(ProjectorTest, AStudysIdIsRandomWhereItIsToBe) {
  options_.study_ids = StudyIds::random;
  start_still();
  // Whoever has the UID as id has nothing to do with it.
  put(R"({"resourceType":"ImagingStudy","id":"1.2","status":"available","subject":{"display":"x"}})");
  add_one(ct("1.2", "1.3", "1.4").file());
  ASSERT_TRUE(projector_->drain());
  EXPECT_EQ(count("ImagingStudy"), 2);
  EXPECT_EQ(read("ImagingStudy", "1.2")->version, 1);
  EXPECT_THAT(problems(), IsEmpty());
  const auto made = store_->dicom().identity(store::IdentityKind::study, "1.2");
  ASSERT_TRUE(made && *made);
  EXPECT_NE((*made)->id, "1.2");
  EXPECT_THAT(study((*made)->id), HasSubstr("urn:oid:1.2"));
  // It keeps it, also when the setting changes.
  options_.study_ids = StudyIds::uid;
  start_still();
  add_one(ct("1.2", "1.3", "1.5").file());
  ASSERT_TRUE(projector_->drain());
  EXPECT_EQ(read("ImagingStudy", (*made)->id)->version, 2);
  EXPECT_EQ(count("ImagingStudy"), 2);
}

TEST_F(ProjectorTest, AStudyWhoseDateIsCorrectedSaysStillWhoThePatientIs) {
  on_conflict_ = store::OnConflict::replace;
  open();
  start_still();
  add_one(ct("1.2", "1.3", "1.4").file());
  ASSERT_TRUE(projector_->drain());
  auto corrected = ct("1.2", "1.3", "1.4");
  corrected.set(dicom::tags::PatientName, "PN", "Maiden^Jane")
      .set(dicom::tags::StudyDate, "DA", "20200101");
  add_one(corrected.file());
  ASSERT_TRUE(projector_->drain());
  const auto identity = store_->dicom().identity(store::IdentityKind::patient, "|P1");
  ASSERT_TRUE(identity && *identity);
  std::string json;
  store::append_resource(*read("Patient", (*identity)->id), json);
  EXPECT_THAT(json, HasSubstr("Maiden"));
}

TEST_F(ProjectorTest, APatientsFactsAreThoseOfTheNewestStudy) {
  start_still();
  auto old = ct("1.2", "1.3", "1.4");
  old.set(dicom::tags::PatientName, "PN", "Maiden^Jane")
      .set(dicom::tags::StudyDate, "DA", "20200101");
  add_one(ct("1.9", "1.30", "1.5").file());
  ASSERT_TRUE(projector_->drain());
  add_one(old.file());
  ASSERT_TRUE(projector_->drain());
  const auto identity = store_->dicom().identity(store::IdentityKind::patient, "|P1");
  ASSERT_TRUE(identity && *identity);
  std::string json;
  store::append_resource(*read("Patient", (*identity)->id), json);
  EXPECT_THAT(json, HasSubstr("Doe"));
  EXPECT_THAT(json, Not(HasSubstr("Maiden")));
}

}  // namespace
}  // namespace lightbox::ingest
