#pragma once

// Gives objects that are in the arrivals log, and acknowledged, their files and rows: many
// together, a moment later, on a thread of its own.
//
// What cannot be written now (a full disk) stays in the log, is tried again every second, and is
// taken in at the next start if need be; until then is_stuck() is true, and nothing should be
// submitted. An object whose UID another way has taken meanwhile with other content goes to
// quarantine.
//
// All members are safe from any thread.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <vector>

#include "ingest/archive.h"
#include "ingest/arrival_log.h"
#include "ingest/files.h"
#include "ingest/quarantine.h"
#include "ingest/received.h"
#include "store/dicom_index.h"

namespace lightbox::ingest {

struct LoggedObject {
  std::unique_ptr<Received> object;  // in memory
  store::DicomInstance instance;     // without its file
  Admitted admitted;
  ArrivalLog::Hold hold;
};

class Indexer {
 public:
  struct Options {
    Archive& archive;
    Files& files;
    Quarantine& quarantine;
    ArrivalLog& arrivals;
    store::OnConflict on_conflict = store::OnConflict::keep_first;
    Compression compression = Compression::none;
    std::function<void(std::string_view study_uid)> changed = nullptr;
  };
  explicit Indexer(Options options);
  // Indexes what was submitted; what is stuck stays in the log.
  ~Indexer();
  Indexer(const Indexer&) = delete;
  Indexer& operator=(const Indexer&) = delete;

  // Holds a UID, so that what the index says of it stays true until its object is submitted or
  // given up. Blocks while another holds it, or an object of that UID is on its way; not held when
  // something is stuck.
  class Reservation {
   public:
    Reservation(Indexer& indexer, std::string uid);
    ~Reservation();
    Reservation(const Reservation&) = delete;
    Reservation& operator=(const Reservation&) = delete;
    [[nodiscard]] bool is_held() const { return indexer_ != nullptr; }

   private:
    friend class Indexer;
    Indexer* indexer_;
    std::string uid_;
  };

  // Takes the reservation along. Blocks while very much is on its way, unless that is stuck.
  void submit(LoggedObject object, Reservation& reservation);

  // Until what was submitted before is indexed. False: something is stuck.
  bool wait();
  [[nodiscard]] bool is_stuck();

 private:
  void run();
  // Blocks until it is so, and has what is queued indexed at once.
  void await_progress(std::unique_lock<std::mutex>& lock, const std::function<bool()>& is_enough);
  void index(std::vector<LoggedObject>& batch);
  void finish(LoggedObject& object, const store::AddResult& result, const std::string& file);
  void try_again();

  const Options options_;
  std::mutex mutex_;
  std::condition_variable submitted_;
  std::condition_variable progress_;
  std::deque<LoggedObject> queue_;
  std::uint64_t queued_bytes_ = 0;
  std::uint64_t submitted_count_ = 0;
  std::uint64_t done_count_ = 0;          // stuck ones too
  std::size_t waiting_ = 0;               // threads in await_progress()
  std::unordered_set<std::string> uids_;  // that are held, or on their way
  std::vector<LoggedObject> stuck_;
  bool is_stuck_ = false;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace lightbox::ingest
