#pragma once

// Objects from the thread that finds them to those that add them: so many that nobody waits, so few
// that memory stays small. Safe from any thread.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "cli/import_target.h"

namespace lightbox::cli {

// How much of a batch's or the queue's room an object takes.
struct ImportRoom {
  static constexpr std::size_t objects_max = 4'096;
  static constexpr std::uint64_t queue_bytes_max = 32U << 20U;  // received ones, in memory
  static constexpr std::uint64_t batch_bytes_max = 16U << 20U;  // in memory, while it is added
  static constexpr std::uint64_t object_bytes_max = 1U << 20U;  // the rest of it is on the disk
  static std::uint64_t of(const ImportObject& object) {
    return object.bytes < object_bytes_max ? object.bytes : object_bytes_max;
  }
};

class ImportQueue {
 public:
  // Blocks while it is full. False: it has been stopped.
  bool push(ImportObject object) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      return is_stopped_ || (objects_.size() < ImportRoom::objects_max &&
                             received_bytes_ < ImportRoom::queue_bytes_max);
    });
    if (is_stopped_) return false;
    if (object.received) received_bytes_ += ImportRoom::of(object);
    objects_.push_back(std::move(object));
    changed_.notify_all();
    return true;
  }

  // The next ones, in the order of push; empty when there will be none.
  std::vector<ImportObject> pop(std::size_t count_max) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_stopped_ || is_ended_ || !objects_.empty(); });
    std::vector<ImportObject> batch;
    std::uint64_t bytes = 0;
    while (!is_stopped_ && !objects_.empty() && batch.size() < count_max &&
           bytes < ImportRoom::batch_bytes_max) {
      ImportObject& object = objects_.front();
      bytes += ImportRoom::of(object);
      if (object.received) received_bytes_ -= ImportRoom::of(object);
      batch.push_back(std::move(object));
      objects_.pop_front();
    }
    changed_.notify_all();
    return batch;
  }

  // Nothing more is pushed.
  void end() {
    const std::lock_guard lock(mutex_);
    is_ended_ = true;
    changed_.notify_all();
  }
  // What is in it is dropped.
  void stop() {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<ImportObject> objects_;
  std::uint64_t received_bytes_ = 0;
  bool is_ended_ = false;
  bool is_stopped_ = false;
};

}  // namespace lightbox::cli
