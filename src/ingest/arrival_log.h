#pragma once

// The arrivals log: objects that are acknowledged before their files and rows are on the disk. An
// object is written here with one sync, which all that arrive at that moment share; its file and
// its row are written without a sync of their own, and are synced together with thousands of others
// when a segment is full, or a while after its first. What a crash finds here is taken in again.
//
//   PATH.0, PATH.1                 two segments, filled in turn; each grows to segment_bytes_max
//                                  when much comes, ahead of what needs the room
//   segment = header, records      each begins at a multiple of 4,096 bytes
//   header  = magic, generation, CRC-32 of both
//   record  = magic, generation, lengths of what follows (8 bytes each), CRC-32 of those and it;
//             SOP Instance UID, file, source, content
//
// Numbers are little endian. The records of a segment are those of its header's generation, up to
// the first that is not whole: a segment is emptied by its next generation, which is one more than
// the other's.
//
// All members are safe from any thread.

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/file.h"
#include "base/result.h"

namespace lightbox::ingest {

struct Arrival {
  std::string_view sop_instance_uid;
  std::string_view file;    // its name in the archive
  std::string_view source;  // of the index's row
  std::string_view content;
};

class ArrivalLog {
 public:
  struct Options {
    std::string path;
    std::uint64_t segment_bytes_max = 32U << 20U;
    // A segment is emptied so long after its first record, be it full or not.
    std::chrono::milliseconds age_max = std::chrono::seconds(5);
    // Brings to the disk what is known of all objects that were appended and let go.
    std::function<Result<void>()> sync = nullptr;
  };

  // Opens or makes the segments. Calls `recover` for each record of a former process, in the order
  // of their arrival, then `sync`, and empties the segments. unavailable; insufficient_storage;
  // what `recover` and `sync` fail with.
  static Result<std::unique_ptr<ArrivalLog>> open(
      Options options, const std::function<Result<void>(const Arrival&)>& recover);
  // Syncs and empties; nobody must hold anything.
  ~ArrivalLog();
  ArrivalLog(const ArrivalLog&) = delete;
  ArrivalLog& operator=(const ArrivalLog&) = delete;

  // Whether objects of so many bytes together may be appended at once.
  [[nodiscard]] bool has_room_for(std::uint64_t bytes, std::size_t objects) const;

  // What was appended stays in the log until this is gone: to be let go when the objects' files and
  // rows are written, or given up.
  class Hold {
   public:
    Hold() = default;
    Hold(Hold&& other) noexcept
        : log_(std::exchange(other.log_, nullptr)), segment_(other.segment_) {}
    Hold& operator=(Hold&& other) noexcept {
      std::swap(log_, other.log_);
      std::swap(segment_, other.segment_);
      return *this;
    }
    ~Hold();

   private:
    friend class ArrivalLog;
    Hold(ArrivalLog* log, std::size_t segment) : log_(log), segment_(segment) {}
    ArrivalLog* log_ = nullptr;
    std::size_t segment_ = 0;
  };
  // Returns when they are on the disk. insufficient_storage: nothing was appended. unavailable: it
  // is unknown what the disk has, and nothing is appended any more until the next open().
  Result<Hold> append(std::span<const Arrival> arrivals);

  // From now on nothing is emptied: what is here is for the next open() to recover.
  void keep_for_recovery();

  // Empties the log of what was appended before the call: it is as durable as anything, and never
  // taken in again. unavailable.
  Result<void> flush();

 private:
  struct Segment {
    Descriptor file;
    std::uint64_t generation = 0;
    std::uint64_t bytes = 0;      // where the next record goes; header_bytes: it is empty
    std::uint64_t allocated = 0;  // bytes that the file has
    std::size_t holds = 0;
    bool is_closed = false;   // nothing is appended until it has been emptied
    bool is_growing = false;  // by the log's thread
    std::chrono::steady_clock::time_point first;
  };
  // One call of append().
  struct Request {
    std::span<const Arrival> arrivals;
    std::string records;
    std::optional<Result<Hold>> answer;
  };

  explicit ArrivalLog(Options options) : options_(std::move(options)) {}
  Result<void> open_segment(std::size_t index);
  Result<void> recover(const std::function<Result<void>(const Arrival&)>& each);
  Result<void> begin_generation(Segment& segment);
  [[nodiscard]] std::uint64_t next_size(const Segment& segment) const;
  Result<void> allocate(Segment& segment, std::uint64_t bytes);
  Segment* next_to_grow();
  void grow(Segment& segment, std::unique_lock<std::mutex>& lock);
  void write_queued(std::unique_lock<std::mutex>& lock);
  Result<void> write_records(Segment& segment, std::span<Request*> batch);
  void run();
  void empty(Segment& segment, std::unique_lock<std::mutex>& lock);
  void release(std::size_t segment);
  [[nodiscard]] Segment& other_than(const Segment& segment) {
    return segments_[&segment == segments_.data() ? 1 : 0];
  }

  const Options options_;
  std::mutex mutex_;
  std::condition_variable changed_;  // an answer, or a segment that is empty again or has grown
  std::condition_variable due_;      // the thread's: a segment has a first record, or is closed
  std::array<Segment, 2> segments_;
  std::size_t current_ = 0;
  std::uint64_t generation_ = 0;  // the last that was given
  std::deque<Request*> queue_;
  bool is_writing_ = false;  // a thread writes for all that are queued
  // A write waits for so many requests, until then at most: those who were answered a moment ago
  // come again, and share a sync with those who came meanwhile.
  std::size_t expected_ = 0;
  std::chrono::steady_clock::time_point gathering_ends_;
  bool can_grow_ = true;  // ahead; else when somebody needs the room, who is told why it fails
  bool is_stopping_ = false;
  std::optional<Problem> failure_;
  std::thread thread_;
};

}  // namespace lightbox::ingest
