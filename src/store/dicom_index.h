#pragma once

// The DICOM index: which instances the archive holds, what they say, and what became of them. It is
// in the same database as the resources, and what is written together is one transaction: an
// instance and the mark that its study has changed; a projection's resources and the taking back of
// that mark. It knows no DICOM: UIDs are text, attributes and metadata are JSON that ingest/ makes.
//
// All members are safe from any thread. Writes go through the store's writer: they return after the
// sync, share it with what else is queued, and fail as Store::commit does.

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/dicom_reading.h"
#include "store/store.h"

namespace lightbox::store {

class DicomSnapshot;
class Query;
class ReaderPool;
class Writer;

using Sha256 = std::array<std::uint8_t, 32>;

struct RejectedInstance {
  std::string sop_instance_uid;
  std::string code;  // of PS3.16 CID 7011
};

// Where a value lies in an instance's file. `swapped_bytes`: of the numbers that are big endian; 1:
// they are little endian.
struct BulkValue {
  std::string path;  // as the metadata names it
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint8_t swapped_bytes = 1;
};

// Where the frames of an instance lie in its file (dicom/frames.h).
struct PixelData {
  std::uint32_t tag = 0;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint32_t frame_count = 0;
  std::uint64_t frame_bits = 0;  // 0: encapsulated
  std::uint8_t swapped_bytes = 1;
};

struct DicomInstance {
  std::string study_uid;
  std::string series_uid;
  std::string sop_instance_uid;
  std::string sop_class_uid;
  std::string transfer_syntax_uid;
  std::optional<std::int64_t> number;  // (0020,0013)
  std::string title;                   // what instance.title is made of
  // DICOM JSON of what the mapping asks at the level of patient, study and series. Most instances
  // of a series have the same: it is kept once.
  std::string attributes;
  std::string metadata;  // DICOM JSON of all but bulk data, for DICOMweb
  // Below the data folder's dicom/, or absolute where it is kept in place; "": only `source` has
  // its bytes (put_source_study).
  std::string file;
  std::uint64_t file_bytes = 0;
  std::uint64_t data_set_offset = 0;  // in the file
  Sha256 hash = {};                   // of the data set's bytes: what follows that offset
  std::string source;  // who sent it, or has it: an AE title, "STOW", "import", a source's name
  bool is_fetched = false;  // `source` keeps it: the file may be released again
  // Of a rejection note: what it rejects, whether it is there already or not.
  std::vector<RejectedInstance> rejects = {};
  std::optional<PixelData> pixel_data = std::nullopt;
  std::vector<std::string> frame_pages = {};  // of encapsulated ones
  std::vector<BulkValue> bulk_values = {};    // all others
};

enum class AddOutcome : std::uint8_t {
  stored,    // `file`, if any, is the copy of a source's instance that this one takes the place of
  replaced,  // with OnConflict::replace; `file` is the one that is no longer referred to
  known,     // the same bytes are there: nothing is changed
  conflict,  // the UID is there with other bytes, or in another study: nothing is changed
};
enum class OnConflict : std::uint8_t { keep_first, replace };
// Whether a write is on the disk when it returns, or with the next that is (the caller can do it
// again until then).
enum class Durability : std::uint8_t { synced, deferred };
struct AddResult {
  AddOutcome outcome = AddOutcome::stored;
  std::string file;       // of the instance that was there
  std::string study_uid;  // that instance's
};

// That another archive holds a study, and what it told of it.
struct SourceStudy {
  std::string source;  // its name in the configuration
  std::string study_uid;
  std::string day;                         // (0008,0020) as a DA, or ""
  std::optional<std::uint64_t> instances;  // how many it counts, where it says so
  std::string attributes;                  // DICOM JSON

  bool operator==(const SourceStudy&) const = default;
};

// What asking a source has come to. Times in ms since 1970, 0 for never.
struct SourceState {
  std::string source;
  std::uint64_t studies = 0;   // that it holds
  std::int64_t walked_ms = 0;  // when all of it had been looked at
  std::int64_t polled_ms = 0;  // when its newest days had been
  std::int64_t failed_ms = 0;  // when it failed; 0 again when it does not any more
  std::string failure = {};
};

// A study with instances that its resource does not show yet.
struct ChangedStudy {
  std::string uid;
  std::int64_t first_ms = 0;  // the oldest and the newest change since the last projection
  std::int64_t last_ms = 0;
};

// What a projection is made of.
struct StudyRows {
  std::string uid;
  std::uint64_t revision = 0;           // grows with every change of its instances
  std::vector<std::string> attributes;  // distinct ones
  struct Instance {
    std::string series_uid;
    std::string sop_instance_uid;
    std::string sop_class_uid;
    std::string transfer_syntax_uid;
    std::optional<std::int64_t> number;
    std::string title;
    std::string source;
    std::size_t attributes = 0;  // index
    std::string rejection;       // code of the rejection note (PS3.16 CID 7011), or ""
  };
  std::vector<Instance> instances;  // by series UID, then SOP Instance UID
  std::vector<SourceStudy> told;    // by those who hold it, in the order of their names
};

// Which resource stands for something of the DICOM world (design, decision 1).
enum class IdentityKind : std::uint8_t { study = 1, patient = 2, endpoint = 3 };
struct Identity {
  IdentityKind kind = IdentityKind::study;
  std::string key;  // a StudyInstanceUID; "system|value"; an address
  const fhir::ResourceType* type = nullptr;
  std::string id;
  std::string projected;  // what the last projection wrote, whole: the base of the next merge
  std::string rank;       // of what it was made of: what ranks lower does not replace it
};

// What is wrong with something that arrived, until it is mended.
enum class DicomProblemKind : std::uint8_t {
  quarantined = 1,  // cannot be indexed; `file` is kept
  conflict = 2,     // refused: the UID is there with other bytes
  mapping = 3,      // of a projection
  check = 4,        // a file that is missing or damaged
};
// "quarantined", …
[[nodiscard]] std::string_view name_of(DicomProblemKind kind);
struct DicomProblem {
  std::int64_t key = 0;  // given by the store; a page begins after it
  DicomProblemKind kind = DicomProblemKind::mapping;
  std::int64_t at_ms = 0;
  std::string study_uid = {};  // each "" where it is not known
  std::string series_uid = {};
  std::string sop_instance_uid = {};
  std::string source = {};
  std::string file = {};
  std::string code = {};         // of http://hl7.org/fhir/issue-type
  std::string diagnostics = {};  // the same one of the same subject is listed once
};

struct Projection {
  std::string study_uid;
  std::uint64_t revision = 0;  // of the StudyRows that it was made of
  std::vector<Operation> operations;
  std::vector<Identity> identities;    // put
  std::vector<DicomProblem> problems;  // in place of the study's former ones of kind mapping
  std::vector<std::string> changed_study_uids = {};  // others, that are to be projected now
};

// Which instances: of a study, of a series of it, or one.
struct DicomSelection {
  std::string study_uid = {};
  std::string series_uid = {};
  std::string sop_instance_uid = {};

  bool operator==(const DicomSelection&) const = default;
};

struct StoredFile {
  std::int64_t key = 0;  // of the instance
  DicomSelection instance;
  std::string sop_class_uid;
  std::string transfer_syntax_uid;
  std::string file;  // "": only `source` has its bytes
  std::uint64_t file_bytes = 0;
  std::uint64_t data_set_offset = 0;
  Sha256 hash = {};
  std::string source = {};
  bool is_fetched = false;

  [[nodiscard]] bool is_remote() const { return file.empty(); }
};

// How far a pull of another archive has come, so that the next one goes on there. `selection` is
// what was pulled of the source, as text; the days are DAs.
struct PullProgress {
  std::string source;
  std::string selection;
  std::string newest_day;  // where it began
  std::string open_day;    // this one and those before are not done; those after are
};

// Storage commitment that was asked for and is to be reported yet.
struct CommitmentRow {
  std::int64_t key = 0;
  std::string ae_title;  // of the one who asked
  std::int64_t asked_ms = 0;
  std::string content;  // as it was given; "" when it is damaged
};

class DicomIndex {
 public:
  DicomIndex(Writer& writer, ReaderPool& readers) : writer_(writer), readers_(readers) {}

  // To be called before anything is added; without it, queries find nothing.
  void set_reading(DicomReading reading) { reading_ = std::move(reading); }

  // One transaction; one result for each, in order. An instance later in the list sees those
  // before.
  Result<std::vector<AddResult>> add(std::vector<DicomInstance> instances, OnConflict on_conflict,
                                     Durability durability = Durability::synced);
  // All that was written before is on the disk when it returns.
  Result<void> sync();
  // Removes them and what they were the last of; not_found when there are none, `conflict` when
  // another archive has their bytes, or holds them still.
  struct Removed {
    std::vector<std::string> files;  // one for each instance, no longer referred to
    std::vector<std::string> study_uids;
  };
  Result<Removed> remove(const DicomSelection& selection);
  // Marks these studies changed (all, when empty), as of now, to be projected again.
  Result<std::uint64_t> mark_changed(std::vector<std::string> study_uids);

  // Studies with changes, the longest waiting first.
  Result<std::vector<ChangedStudy>> changed_studies();
  // not_found when the archive has no instance of it.
  Result<StudyRows> study(std::string_view uid);
  Result<std::optional<Identity>> identity(IdentityKind kind, std::string_view key);
  // All keys that the resource stands for.
  Result<std::vector<Identity>> identities(const fhir::ResourceType& type, std::string_view id);
  // As Store::commit_and_wait, but Durability::deferred: what the disk does not have yet has its
  // mark there, and is made again. With the operations' results. The study's mark is taken back
  // unless it has changed since.
  CommitResult project(Projection projection);
  // Operations, and where identities point from now on, as one transaction; the studies are marked
  // changed.
  CommitResult reassign(std::vector<Operation> operations, std::vector<Identity> identities,
                        std::vector<std::string> changed_study_uids);

  Result<void> add_problem(DicomProblem problem);
  Result<void> remove_problem(std::int64_t key);
  Result<std::vector<DicomProblem>> problems(std::int64_t after_key, std::size_t count);
  Result<std::vector<DicomProblem>> problems(std::string_view study_uid);
  Result<std::vector<DicomProblem>> problems(DicomProblemKind kind);
  // Those that keep this file.
  Result<std::vector<DicomProblem>> quarantined(std::string_view file);
  // Studies with a problem of this code, `count` at most.
  Result<std::vector<std::string>> studies_with_problem(std::string_view code, std::size_t count);

  // Those that have a file, in the order of keys.
  Result<std::vector<StoredFile>> files(std::int64_t after_key, std::size_t count);
  Result<std::vector<StoredFile>> files(const DicomSelection& selection);
  // Those that are there; one for each UID.
  Result<std::vector<std::optional<StoredFile>>> find(
      const std::vector<std::string>& sop_instance_uids);
  // Of the selected instances those without a file.
  Result<std::vector<StoredFile>> remote(const DicomSelection& selection);
  // Whether one of them has a file that is no copy of another archive's.
  Result<bool> has_own(const DicomSelection& selection);
  // Whether each is the file of its instance (`instance.sop_instance_uid` and `file` are looked
  // at).
  Result<std::vector<bool>> has_files(const std::vector<StoredFile>& files);
  Result<void> move_file(std::int64_t key, std::string file);

  // The keys of the selected instances, by series and number. not_found when there are none.
  Result<std::vector<std::int64_t>> instances(const DicomSelection& selection);
  // The different transfer syntaxes of the selected instances.
  Result<std::vector<std::string>> transfer_syntaxes(const DicomSelection& selection);
  // Calls `each` with the metadata of these, in their order; those that have gone meanwhile are
  // left out. The view is good during the call.
  struct Metadata {
    std::string_view study_uid;
    std::string_view series_uid;
    std::string_view sop_instance_uid;
    std::string_view json;
  };
  Result<void> metadata(std::span<const std::int64_t> keys,
                        const std::function<void(const Metadata&)>& each);
  // not_found when there is no such instance; of a key, nullopt when it has gone meanwhile.
  struct StoredPixelData {
    StoredFile file;
    std::optional<PixelData> pixel_data;  // nullopt: none, or only after inflation
  };
  Result<StoredPixelData> pixel_data(const DicomSelection& instance);
  Result<std::optional<StoredPixelData>> pixel_data(std::int64_t key);
  // "" when there is no such page.
  Result<std::string> frame_page(std::int64_t key, std::uint32_t page);
  Result<std::optional<BulkValue>> bulk_value(std::int64_t key, std::string_view path);

  // What queries read, as of one instant (dicom_snapshot.h). Past the effort its calls fail with
  // too_costly.
  Result<DicomSnapshot> snapshot(Effort effort);

  // Kept until they are removed; `unavailable` when there are `count_max` already. The row's key.
  Result<std::int64_t> add_commitment(std::string_view ae_title, std::string_view content,
                                      std::size_t count_max);
  Result<void> remove_commitment(std::int64_t key);  // there or not
  // The oldest first.
  Result<std::vector<CommitmentRow>> commitments();

  // Replaces the one of the same source and selection; removes it, there or not.
  Result<void> put_pull_progress(const PullProgress& progress);
  Result<void> remove_pull_progress(std::string_view source, std::string_view selection);
  Result<std::optional<PullProgress>> pull_progress(std::string_view source,
                                                    std::string_view selection);
  // Of a study; 0 when there is none.
  struct InstanceCount {
    std::uint64_t known = 0;
    std::uint64_t here = 0;     // of which there is a file
    std::uint64_t fetched = 0;  // of these: copies
  };
  Result<InstanceCount> instance_count(std::string_view study_uid);

  // What a source tells of a study, in one transaction: its instances are these, without files.
  // What the source had told before is replaced; copies that were fetched are released when it
  // tells something else. What has come here itself, or another source told, is left as it is
  // (`known`). The files that are no longer referred to, and whether anything has changed.
  struct Told {
    std::vector<std::string> files;
    std::uint64_t changed = 0;    // instances
    std::uint64_t conflicts = 0;  // instances that are in another study here
  };
  Result<Told> put_source_study(const SourceStudy& study, std::vector<DicomInstance> instances,
                                Durability durability = Durability::synced);
  // The source does not hold it any more. What only it had is removed. The files that are no longer
  // referred to. Nothing happens when it is not there.
  Result<std::vector<std::string>> remove_source_study(std::string_view source,
                                                       std::string_view study_uid);
  Result<std::vector<SourceStudy>> source_studies(std::string_view study_uid);
  Result<std::optional<SourceStudy>> source_study(std::string_view source,
                                                  std::string_view study_uid);
  // The studies that it holds of these days (DA), both included; `from` "": those without one, too.
  Result<std::vector<std::string>> studies_of_source(std::string_view source, std::string_view from,
                                                     std::string_view to);
  Result<std::vector<SourceState>> source_states();
  // How far a source's list of changes has been followed; nullopt: not at all.
  Result<std::optional<std::int64_t>> source_changes(std::string_view source);
  Result<void> note_source_changes(std::string_view source, std::int64_t place);
  // Times that are 0 are left as they are, but for failed_ms; so is `studies`.
  Result<void> note_source_state(const SourceState& state);

  // Copies of other archives' instances, the oldest first.
  struct Fetched {
    std::int64_t key = 0;
    std::int64_t fetched_ms = 0;
    std::uint64_t file_bytes = 0;
  };
  Result<std::vector<Fetched>> fetched(std::size_t count);
  // They have no files any more, which are returned; what has become this archive's own is left.
  Result<std::vector<std::string>> release(const std::vector<std::int64_t>& keys);
  // The study's copies are this archive's own from now on.
  Result<void> keep_fetched(std::string_view study_uid);

  // Kept, not counted: cheap at any size.
  struct Counts {
    std::uint64_t studies = 0, series = 0, instances = 0, changed = 0, problems = 0;
    std::uint64_t file_bytes = 0;
    std::uint64_t remote = 0;  // of the instances: those without a file
    std::uint64_t fetched_bytes = 0;
  };
  Result<Counts> counts();

 private:
  // Where the pixel data of instances is that were asked for a moment ago: one with many frames is
  // asked for frame after frame. What is kept is good until the next commit. Safe from any thread.
  class Recent {
   public:
    std::optional<StoredPixelData> find(const DicomSelection& instance, std::uint64_t commits);
    void keep(const StoredPixelData& found, std::uint64_t commits);

   private:
    struct Slot {
      std::uint64_t commits = 0;
      StoredPixelData found;
    };
    [[nodiscard]] std::optional<Slot>& slot_of(const DicomSelection& instance);
    std::mutex mutex_;
    std::array<std::optional<Slot>, 64> slots_;
  };

  Result<std::vector<StoredFile>> read_files(const std::string& from,
                                             const std::function<void(Query&)>& bind);

  Writer& writer_;
  ReaderPool& readers_;
  DicomReading reading_;
  Recent recent_;
};

}  // namespace lightbox::store
