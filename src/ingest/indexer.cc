#include "ingest/indexer.h"

#include <algorithm>
#include <chrono>
#include <sys/resource.h>

#include "base/log.h"
#include "ingest/examine.h"
#include "ingest/object_file.h"
#include "ingest/recovery.h"

namespace lightbox::ingest {
namespace {

constexpr std::size_t batch_max = 64;
// A transaction waits so long for more objects, unless somebody waits for it.
constexpr auto gathering_max = std::chrono::milliseconds(50);
constexpr std::uint64_t queued_bytes_max = 32U << 20U;
constexpr auto retry_interval = std::chrono::seconds(1);

Arrival arrival_of(const LoggedObject& logged) {
  return {.sop_instance_uid = logged.admitted.sop_instance_uid,
          .file = logged.instance.file,
          .source = logged.object->origin.name,
          .content = logged.object->memory};
}

}  // namespace

Indexer::Indexer(Options options) : options_(std::move(options)), thread_([this] { run(); }) {}

Indexer::~Indexer() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  submitted_.notify_one();
  thread_.join();
  if (is_stuck_) options_.arrivals.keep_for_recovery();
}

Indexer::Reservation::Reservation(Indexer& indexer, std::string uid)
    : indexer_(&indexer), uid_(std::move(uid)) {
  std::unique_lock lock(indexer.mutex_);
  bool is_held = false;
  indexer.await_progress(lock, [&] {
    if (!indexer.is_stuck_) is_held = indexer.uids_.insert(uid_).second;
    return is_held || indexer.is_stuck_;
  });
  if (!is_held) indexer_ = nullptr;
}

Indexer::Reservation::~Reservation() {
  if (indexer_ == nullptr) return;
  {
    const std::lock_guard lock(indexer_->mutex_);
    indexer_->uids_.erase(uid_);
  }
  indexer_->progress_.notify_all();
}

void Indexer::submit(LoggedObject object, Reservation& reservation) {
  const std::uint64_t bytes = object.object->memory.size();
  std::unique_lock lock(mutex_);
  await_progress(lock, [&] { return queued_bytes_ < queued_bytes_max || is_stuck_; });
  queued_bytes_ += bytes;
  ++submitted_count_;
  queue_.push_back(std::move(object));
  reservation.indexer_ = nullptr;
  if (queue_.size() == 1 || queue_.size() == batch_max) submitted_.notify_one();
}

void Indexer::await_progress(std::unique_lock<std::mutex>& lock,
                             const std::function<bool()>& is_enough) {
  if (is_enough()) return;
  ++waiting_;
  submitted_.notify_one();
  progress_.wait(lock, is_enough);
  --waiting_;
}

bool Indexer::wait() {
  std::unique_lock lock(mutex_);
  await_progress(lock, [&, until = submitted_count_] { return done_count_ >= until; });
  return !is_stuck_;
}

bool Indexer::is_stuck() {
  const std::lock_guard lock(mutex_);
  return is_stuck_;
}

void Indexer::run() {
  // Those who wait for an answer go first: it does not wait for this, until the queue is full. Of
  // the calling thread alone, as Linux has it.
  (void)setpriority(PRIO_PROCESS, 0, 10);
  std::unique_lock lock(mutex_);
  while (!is_stopping_ || !queue_.empty()) {
    const auto wanted = [&] { return is_stopping_ || !queue_.empty(); };
    if (!is_stuck_) {
      submitted_.wait(lock, wanted);
    } else if (!submitted_.wait_for(lock, retry_interval, wanted)) {
      lock.unlock();
      try_again();
      lock.lock();
      continue;
    }
    submitted_.wait_for(lock, gathering_max,
                        [&] { return queue_.size() >= batch_max || waiting_ > 0 || is_stopping_; });
    std::vector<LoggedObject> batch;
    while (!queue_.empty() && batch.size() < batch_max) {
      batch.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    const std::size_t count = batch.size();
    std::uint64_t bytes = 0;
    for (const LoggedObject& object : batch) bytes += object.object->memory.size();
    lock.unlock();
    index(batch);
    lock.lock();
    queued_bytes_ -= bytes;
    done_count_ += count;
    progress_.notify_all();
  }
}

void Indexer::index(std::vector<LoggedObject>& batch) {
  std::vector<store::DicomInstance> instances;
  std::vector<LoggedObject> stuck;
  std::vector<LoggedObject> placed;
  for (LoggedObject& object : batch) {
    const auto file =
        make_file(options_.files, *object.object, object.instance, options_.compression);
    if (!file) {
      stuck.push_back(std::move(object));
      continue;
    }
    object.instance.file = file->name;
    instances.push_back(object.instance);
    placed.push_back(std::move(object));
  }
  const auto added = options_.archive.store().dicom().add(
      std::move(instances), options_.on_conflict, store::Durability::deferred);
  std::unordered_set<std::string_view> changed;
  for (std::size_t i = 0; i < placed.size(); ++i) {
    LoggedObject& object = placed[i];
    if (!added) {
      stuck.push_back(std::move(object));
      continue;
    }
    finish(object, (*added)[i], object.instance.file);
    changed.insert(object.instance.study_uid);
  }
  for (const std::string_view study : changed) options_.changed(study);
  const std::lock_guard lock(mutex_);
  for (const LoggedObject& object : placed) {
    if (object.object) uids_.erase(object.admitted.sop_instance_uid);
  }
  if (stuck.empty()) return;
  if (!is_stuck_) {
    log(LogLevel::error, "arrivals_not_indexed",
        {{"objects", stuck.size()}, {"advice", "they are kept, and tried again every second"}});
  }
  std::ranges::move(stuck, std::back_inserter(stuck_));
  is_stuck_ = true;
}

void Indexer::finish(LoggedObject& object, const store::AddResult& result,
                     const std::string& file) {
  switch (result.outcome) {
    case store::AddOutcome::stored:
      if (!result.file.empty() && result.file != file) options_.files.remove(result.file);
      break;
    case store::AddOutcome::replaced:
      if (result.file != file) options_.files.remove(result.file);
      break;
    case store::AddOutcome::known:
      if (result.file != file) options_.files.remove(file);
      break;
    case store::AddOutcome::conflict: {
      // It was acknowledged, so it is kept.
      if (result.file != file) options_.files.remove(file);
      object.admitted.problem = conflict_of(object.admitted, result.study_uid);
      dicom::MemorySource source(object.object->memory);
      options_.quarantine.keep(*object.object, source, object.admitted);
      break;
    }
  }
}

void Indexer::try_again() {
  std::vector<LoggedObject> objects;
  {
    const std::lock_guard lock(mutex_);
    std::swap(objects, stuck_);
  }
  std::vector<LoggedObject> stuck;
  for (LoggedObject& object : objects) {
    if (!stuck.empty() || !recover(options_.archive, arrival_of(object))) {
      stuck.push_back(std::move(object));
      continue;
    }
    const std::lock_guard lock(mutex_);
    uids_.erase(object.admitted.sop_instance_uid);
  }
  {
    const std::lock_guard lock(mutex_);
    stuck_ = std::move(stuck);
    is_stuck_ = !stuck_.empty();
  }
  progress_.notify_all();
}

}  // namespace lightbox::ingest
