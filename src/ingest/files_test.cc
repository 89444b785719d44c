#include "ingest/files.h"

#include <gmock/gmock.h>
#include <map>
#include <mutex>
#include <set>

#include "ingest/archive_testing.h"
#include "ingest/check.h"

namespace lightbox::ingest {
namespace {

using testing::ArchiveTest;
using testing::ct;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using Kind = CheckFinding::Kind;
using Outcome = Admitted::Outcome;
using State = CheckFinding::State;

// What an object store has: whole values by their keys.
struct Objects {
  std::mutex mutex;
  std::map<std::string, std::string, std::less<>> by_name;
  std::set<std::string, std::less<>> synced;
  bool is_full = false;
};

class MemoryFiles : public Files {
 public:
  explicit MemoryFiles(Objects& objects) : objects_(objects) {}

  Result<NewFile> create(const std::string& name, std::string_view bytes) override {
    const std::lock_guard lock(objects_.mutex);
    if (objects_.is_full) return problem(ProblemKind::insufficient_storage, "It is full");
    if (!objects_.by_name.emplace(name, bytes).second) {
      return problem(ProblemKind::conflict, name + " is taken");
    }
    return NewFile{.name = name};
  }
  Result<NewFile> adopt(const std::string& name, const std::string& path,
                        const Descriptor& descriptor) override {
    TRY(auto source, dicom::FileSource::of(descriptor.get()));
    std::string bytes(source.size(), '\0');
    TRY_DO(source.read(0, bytes));
    TRY(auto file, create(name, bytes));
    std::filesystem::remove(path);
    return file;
  }
  Result<void> sync(std::span<const NewFile> files) override {
    const std::lock_guard lock(objects_.mutex);
    for (const NewFile& file : files) objects_.synced.insert(file.name);
    return {};
  }
  Result<void> sync_all() override {
    const std::lock_guard lock(objects_.mutex);
    for (const auto& [name, bytes] : objects_.by_name) objects_.synced.insert(name);
    return {};
  }
  Result<void> move(const std::string& from, const std::string& to) override {
    const std::lock_guard lock(objects_.mutex);
    auto moved = objects_.by_name.extract(from);
    if (moved.empty()) return problem(ProblemKind::not_found, from + " is missing");
    objects_.by_name.erase(to);
    moved.key() = to;
    objects_.by_name.insert(std::move(moved));
    return {};
  }
  bool remove(const std::string& name) override {
    const std::lock_guard lock(objects_.mutex);
    objects_.by_name.erase(name);
    return true;
  }
  [[nodiscard]] Result<std::unique_ptr<dicom::Source>> open(
      const std::string& name) const override {
    const std::lock_guard lock(objects_.mutex);
    const auto found = objects_.by_name.find(name);
    if (found == objects_.by_name.end()) {
      return problem(ProblemKind::not_found, name + " is missing");
    }
    return std::make_unique<dicom::OwnedSource>(found->second);
  }
  Result<void> walk(
      const std::string& folder,
      const std::function<bool(std::string_view name, std::uint64_t bytes)>& each) const override {
    const std::lock_guard lock(objects_.mutex);
    for (const auto& [name, bytes] : objects_.by_name) {
      if (name.starts_with(folder) && !each(name, bytes.size())) break;
    }
    return {};
  }
  [[nodiscard]] std::string location_of(std::string_view name) const override {
    return "memory:" + std::string(name);
  }

 private:
  Objects& objects_;
};

class OtherPlaceTest : public ArchiveTest {
 protected:
  OtherPlaceTest() { open_place(); }
  // Its log syncs what it has to the end.
  ~OtherPlaceTest() override { archive_.reset(); }
  void open_place() { open(std::make_unique<MemoryFiles>(objects_)); }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : objects_.by_name) names.push_back(name);
    return names;
  }
  std::string& bytes_of(const std::string& uid) {
    const auto found = std::ranges::find_if(objects_.by_name, [&](const auto& object) {
      return object.first.ends_with("/" + uid + ".dcm");
    });
    EXPECT_NE(found, objects_.by_name.end()) << uid;
    return found->second;
  }
  CheckReport check(Repair repair, Retry retry = Retry::no) {
    auto report = ingest::check(
        *archive_,
        {.repair = repair, .retry = retry, .threads = 2, .progress = {}, .is_stopped = nullptr});
    EXPECT_TRUE(report);
    return std::move(*report);
  }
  [[nodiscard]] std::uint64_t instances() const { return store_->dicom().counts()->instances; }

  Objects objects_;
};

std::vector<std::pair<Kind, State>> findings(const CheckReport& report) {
  std::vector<std::pair<Kind, State>> all;
  for (const auto& finding : report.findings) all.emplace_back(finding.kind, finding.state);
  return all;
}

TEST_F(OtherPlaceTest, ObjectsAreThereAndNowhereElse) {
  const std::string file = ct("1.2", "1.3", "1.4").file();
  EXPECT_EQ(add_one(file).outcome, Outcome::stored);
  EXPECT_EQ(add_one(file).outcome, Outcome::known);
  EXPECT_EQ(add_one(ct("1.2", "1.3", "1.4", "P2").file()).outcome, Outcome::conflict);
  ASSERT_THAT(names(), ElementsAre(MatchesRegex("[0-9]{4}/[0-9]{2}/[0-9]{2}/1\\.2/1\\.4\\.dcm")));
  EXPECT_EQ(bytes_of("1.4"), file);
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_THAT(problems(), SizeIs(1));

  open_place();  // as after a restart
  EXPECT_TRUE(objects_.synced.contains(names()[0]));
  const auto source = archive_->open_file(names()[0]);
  ASSERT_TRUE(source);
  std::string read((*source)->size(), '\0');
  ASSERT_TRUE((*source)->read(0, read));
  EXPECT_EQ(read, file);
  EXPECT_EQ(archive_->open_file("2026/01/01/1.2/1.5.dcm").error().kind, ProblemKind::not_found);
  EXPECT_THAT(findings(check(Repair::no)), IsEmpty());
}

TEST_F(OtherPlaceTest, LargeObjectsArriveOnTheDiskAndLeaveIt) {
  limits_.dicom_memory_bytes_max = 500;
  open_place();
  auto text = ct("1.2", "1.3", "1.4");
  text.set(0x00104000, "LT", std::string(9000, 'x'));
  EXPECT_EQ(add_one(text.file()).outcome, Outcome::stored);
  EXPECT_EQ(bytes_of("1.4"), text.file());
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(OtherPlaceTest, WhatCannotBeKeptIsRefused) {
  objects_.is_full = true;
  const Admitted admitted = add_one(ct("1.2", "1.3", "1.4").file());
  EXPECT_EQ(admitted.outcome, Outcome::failed);
  EXPECT_EQ(admitted.problem.kind, ProblemKind::insufficient_storage);
  EXPECT_EQ(instances(), 0);
}

TEST_F(OtherPlaceTest, TheLaterOneReplaces) {
  on_conflict_ = store::OnConflict::replace;
  open_place();
  add_one(ct("1.2", "1.3", "1.4").file());
  const std::string later = ct("1.2", "1.3", "1.4", "P2").file();
  EXPECT_EQ(add_one(later).outcome, Outcome::replaced);
  EXPECT_EQ(add_one(ct("1.2", "1.3", "1.4").file()).outcome, Outcome::replaced);
  EXPECT_THAT(names(), SizeIs(1));
}

TEST_F(OtherPlaceTest, RemovedObjectsGo) {
  add({ct("1.2", "1.3", "1.4").file(), ct("1.2", "1.30", "1.5").file()});
  ASSERT_TRUE(archive_->remove({.study_uid = "1.2", .series_uid = "1.3"}));
  EXPECT_THAT(names(), SizeIs(1));
  EXPECT_EQ(instances(), 1);
}

TEST_F(OtherPlaceTest, QuarantineIsThereAndRetried) {
  const std::string bad = ct("1.2", "1.3", "1.4").leave_out(dicom::tags::SeriesInstanceUID).file();
  EXPECT_EQ(add_one(bad).outcome, Outcome::quarantined);
  EXPECT_EQ(add_one(bad).outcome, Outcome::quarantined);  // kept once
  ASSERT_THAT(names(), ElementsAre(MatchesRegex("quarantine/[0-9a-f]{64}\\.dcm")));
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_THAT(findings(check(Repair::no, Retry::quarantined)),
              ElementsAre(std::pair(Kind::quarantined, State::left)));

  objects_.by_name[names()[0]] = ct("1.2", "1.3", "1.4").file();  // as if the rule were mended
  EXPECT_THAT(findings(check(Repair::no, Retry::quarantined)),
              ElementsAre(std::pair(Kind::quarantined, State::indexed)));
  ASSERT_THAT(names(), SizeIs(1));
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_EQ(instances(), 1);

  EXPECT_EQ(add_one(bad).outcome, Outcome::quarantined);
  ASSERT_TRUE(archive_->dismiss(problems()[0]));
  EXPECT_THAT(names(), SizeIs(1));
}

TEST_F(OtherPlaceTest, ACheckFindsAndMendsWhatIsWrong) {
  add({ct("1.2", "1.3", "1.4").file(), ct("1.2", "1.3", "1.5").file(),
       ct("1.2", "1.3", "1.6").file()});
  bytes_of("1.4").back() ^= 1;
  objects_.by_name.erase(std::ranges::find_if(
      objects_.by_name, [](const auto& object) { return object.first.ends_with("/1.5.dcm"); }));
  objects_.by_name["2020/01/01/1.2/stray.dcm"] = ct("1.2", "1.3", "1.7").file();
  EXPECT_THAT(findings(check(Repair::no)),
              UnorderedElementsAre(std::pair(Kind::damaged, State::left),
                                   std::pair(Kind::missing, State::left),
                                   std::pair(Kind::unindexed, State::left)));
  EXPECT_THAT(findings(check(Repair::yes)),
              UnorderedElementsAre(std::pair(Kind::damaged, State::quarantined),
                                   std::pair(Kind::missing, State::removed),
                                   std::pair(Kind::unindexed, State::indexed)));
  EXPECT_EQ(bytes_of("1.7"), ct("1.2", "1.3", "1.7").file());
  EXPECT_FALSE(objects_.by_name.contains("2020/01/01/1.2/stray.dcm"));
  EXPECT_EQ(instances(), 2);  // 1.6 and 1.7
}

}  // namespace
}  // namespace lightbox::ingest
