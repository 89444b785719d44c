#pragma once

// The archive: DICOM objects as files below the data folder's dicom/, and their rows in the store's
// DICOM index. Everything that arrives goes through add(), which returns when it is durable.
//
//   dicom/2026/11/25/<StudyInstanceUID>/<SOPInstanceUID>.dcm   by the day of arrival (UTC);
//                                                              compressed with .zst behind it
//   dicom/incoming/                                            on their way; emptied at start
//   dicom/quarantine/<SHA-256>.dcm                             what cannot be indexed
//
// A file is on the disk (with its folders) before its row, or it is in the arrivals log
// (arrival_log.h), from which open() takes it in again after a crash; it never changes afterwards.
// So a crash at any instant leaves at most files without a row, which check.h finds.
//
// All members are safe from any thread.

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "ingest/fetcher.h"
#include "ingest/files.h"
#include "ingest/incoming.h"
#include "store/dicom_index.h"
#include "store/store.h"

namespace lightbox::ingest {

// How new objects with uncompressed pixel data are kept (compression.h). What is there stays as it
// is; both forms are read.
enum class Compression : std::uint8_t { none, zstd };

struct ArchiveOptions {
  std::string data_directory;
  Limits limits;
  store::OnConflict on_conflict = store::OnConflict::keep_first;
  Compression compression = Compression::none;
};

// What became of one object. The UIDs are filled as far as they are known.
struct Admitted {
  enum class Outcome : std::uint8_t {
    stored,
    replaced,     // another instance of the same UID, as on_conflict says
    known,        // the same is there: nothing is changed
    conflict,     // refused: the UID is there with other bytes, or in another study
    quarantined,  // refused: cannot be read or indexed; kept with its reason
    failed,       // refused: could not be kept (disk full, writes stopped, too large)
  };
  Outcome outcome = Outcome::failed;
  std::string study_uid;
  std::string series_uid;
  std::string sop_class_uid;
  std::string sop_instance_uid;
  std::string transfer_syntax_uid;
  // Of conflict, quarantined and failed: at least one issue.
  Problem problem;
  // Values that were put right, for the response's warnings.
  std::vector<std::string> remarks;

  [[nodiscard]] bool is_accepted() const {
    return outcome == Outcome::stored || outcome == Outcome::replaced || outcome == Outcome::known;
  }
};

class Archive {
 private:
  struct Impl;

 public:
  // Makes the folders that are missing, empties dicom/incoming. The files are kept in `files`;
  // without, in dicom/.
  static Result<std::unique_ptr<Archive>> open(ArchiveOptions options, store::Store& store,
                                               std::unique_ptr<Files> files = nullptr);
  ~Archive();
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  [[nodiscard]] Incoming receive(Origin origin);

  // Reads, keeps and indexes them: one result for each, in order. Blocks until all are durable; the
  // objects share their syncs and one transaction, so many at once are cheaper than one by one.
  [[nodiscard]] std::vector<Admitted> add(std::vector<Incoming> objects);

  // As add() of one, but returns as soon as the object is on the disk: when it is small, its row
  // follows within moments. So one after the other is much cheaper.
  [[nodiscard]] Admitted accept(Incoming object);
  // Until the rows of what was accepted before are there.
  void await_index();

  // To be called when a sender is done for now (an association or a request ended, an import's
  // batch): the studies are projected soon, without waiting for the quiet period.
  void settle(std::span<const std::string> study_uids);

  // Removes instances, their rows first, and their files; their study is projected again.
  // not_found.
  Result<std::uint64_t> remove(const store::DicomSelection& selection);

  // What another archive tells of a study, and that it does not hold it any more: as
  // store::DicomIndex::put_source_study and remove_source_study, with the files and the projection.
  // What is told is on the disk with the next write that is.
  Result<store::DicomIndex::Told> put_source_study(const store::SourceStudy& study,
                                                   std::vector<store::DicomInstance> instances);
  Result<void> remove_source_study(std::string_view source, const std::string& study_uid);

  // What arrives from this origin, of this study, while it lives is a copy of what the source has,
  // and can be fetched again: it may be released.
  class Fetching {
   public:
    Fetching(Fetching&& other) noexcept : archive_(std::exchange(other.archive_, nullptr)) {
      std::swap(what_, other.what_);
    }
    Fetching& operator=(Fetching&&) = delete;
    ~Fetching();

   private:
    friend class Archive;
    using What = std::pair<std::string, std::string>;  // origin and study
    Fetching(Impl& archive, What what) : archive_(&archive), what_(std::move(what)) {}
    Impl* archive_;
    What what_;
  };
  [[nodiscard]] Fetching fetching(std::string origin, std::string study_uid, std::string source);
  // Removes the files of copies (store::DicomIndex::release).
  Result<void> release(const std::vector<std::int64_t>& keys);

  // Who brings here what only another archive has; nullptr: nobody. Set once, before anything is
  // read.
  void set_fetcher(Fetcher* fetcher);
  [[nodiscard]] Fetcher* fetcher() const;

  // Makes a study's resources again soon, though no instance has changed. not_found.
  Result<void> map_again(const std::string& study_uid);

  // Takes a problem off the list, and with the last one of a quarantined object its file.
  // not_found.
  Result<void> dismiss(const store::DicomProblem& problem);

  // The bytes of a file of the index or of a problem, in place or not, as they arrived. It may be
  // removed meanwhile, and can be read to its end all the same. not_found; unavailable.
  [[nodiscard]] Result<std::unique_ptr<dicom::Source>> open_file(const std::string& file) const;
  // For people: where it is.
  [[nodiscard]] std::string location_of(std::string_view file) const;

  [[nodiscard]] Files& files() const;
  [[nodiscard]] store::Store& store() const;
  [[nodiscard]] const ArchiveOptions& options() const;

  // Whom settle() tells, and add() after each commit; set once, before anything arrives.
  struct Listener {
    virtual ~Listener() = default;
    virtual void changed(std::string_view study_uid) = 0;
    virtual void settled(std::string_view study_uid) = 0;
  };
  void set_listener(Listener* listener);

 private:
  explicit Archive(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lightbox::ingest
