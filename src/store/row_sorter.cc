#include "store/row_sorter.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <fmt/format.h>
#include <mutex>
#include <optional>
#include <thread>
#include <unistd.h>

namespace lightbox::store {
namespace {

constexpr std::size_t run_buffer_bytes = 256U << 10U;
constexpr std::size_t batch_bytes = 256U << 10U;
constexpr std::size_t batches_waiting_max = 4;
using Length = std::uint32_t;

// The bytes from `at` as a number that compares like them; short records are filled with zeros.
std::uint64_t key_at(std::string_view record, std::size_t at) {
  std::uint64_t key = 0;
  if (at < record.size()) {
    std::memcpy(&key, record.data() + at, std::min<std::size_t>(sizeof key, record.size() - at));
  }
  static_assert(std::endian::native == std::endian::little);
  return __builtin_bswap64(key);
}

Problem file_problem(std::string_view what, int error) {
  const bool is_full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return problem(is_full ? ProblemKind::insufficient_storage : ProblemKind::unavailable,
                 fmt::format("Index rows that wait to be sorted cannot be {}: {}", what,
                             std::strerror(error)));
}

Result<void> write_all(int file, std::string_view bytes, std::uint64_t at) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return file_problem("written", errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
  return {};
}

// Reads the records of one run, one after another.
class RunReader {
 public:
  RunReader(int file, std::uint64_t begin, std::uint64_t end)
      : file_(file), next_(begin), end_(end) {}

  // nullopt: the end. The view lives until the next call.
  Result<std::optional<std::string_view>> read() {
    TRY_DO(need(sizeof(Length)));
    if (buffer_.size() == at_) return std::optional<std::string_view>();
    Length length = 0;
    std::memcpy(&length, buffer_.data() + at_, sizeof length);
    TRY_DO(need(sizeof length + length));
    const std::string_view record = std::string_view(buffer_).substr(at_ + sizeof length, length);
    at_ += sizeof length + length;
    return std::optional<std::string_view>(record);
  }

 private:
  // Sees to it that so many bytes are in the buffer, but for the end of the run.
  Result<void> need(std::size_t bytes) {
    if (buffer_.size() - at_ >= bytes) return {};
    buffer_.erase(0, at_);
    at_ = 0;
    std::size_t wanted = std::max(run_buffer_bytes, bytes) - buffer_.size();
    wanted = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, end_ - next_));
    std::size_t filled = buffer_.size();
    buffer_.resize(filled + wanted);
    while (wanted > 0) {
      const ssize_t got =
          ::pread(file_, buffer_.data() + filled, wanted, static_cast<off_t>(next_));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return file_problem("read", got == 0 ? EIO : errno);
      filled += static_cast<std::size_t>(got);
      next_ += static_cast<std::uint64_t>(got);
      wanted -= static_cast<std::size_t>(got);
    }
    return {};
  }

  int file_;
  std::uint64_t next_;
  std::uint64_t end_;
  std::string buffer_;
  std::size_t at_ = 0;
};

// The least record of several runs, again and again.
class Merge {
 public:
  explicit Merge(std::vector<RunReader> runs) : runs_(std::move(runs)) {}

  Result<void> start() {
    for (RunReader& run : runs_) TRY_DO(push(run));
    return {};
  }
  [[nodiscard]] bool is_done() const { return heap_.empty(); }
  [[nodiscard]] std::string_view least() const { return heap_.front().record; }
  Result<void> advance() {
    std::pop_heap(heap_.begin(), heap_.end(), after);
    RunReader& run = *heap_.back().run;
    heap_.pop_back();
    return push(run);
  }

 private:
  struct Head {
    std::uint64_t first;
    std::uint64_t second;
    std::string_view record;
    RunReader* run;
  };
  static bool after(const Head& left, const Head& right) {
    if (left.first != right.first) return left.first > right.first;
    if (left.second != right.second) return left.second > right.second;
    return left.record > right.record;
  }
  Result<void> push(RunReader& run) {
    TRY(const auto record, run.read());
    if (!record) return {};
    heap_.push_back({key_at(*record, 0), key_at(*record, 8), *record, &run});
    std::push_heap(heap_.begin(), heap_.end(), after);
    return {};
  }

  std::vector<RunReader> runs_;
  std::vector<Head> heap_;
};

// Records on their way from the thread that merges to the one that takes.
class Channel {
 public:
  using Batch = std::string;  // records, each behind its length

  // False: nobody wants more.
  bool put(Batch batch) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_closed_ || batches_.size() < batches_waiting_max; });
    if (is_closed_) return false;
    batches_.push_back(std::move(batch));
    changed_.notify_all();
    return true;
  }
  // nullopt: it is closed, and nothing is left.
  std::optional<Batch> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_closed_ || !batches_.empty(); });
    if (batches_.empty()) return std::nullopt;
    Batch batch = std::move(batches_.front());
    batches_.pop_front();
    changed_.notify_all();
    return batch;
  }
  void close() {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> batches_;
  bool is_closed_ = false;
};

void append_record(std::string_view record, std::string& out) {
  const auto length = static_cast<Length>(record.size());
  out.append(reinterpret_cast<const char*>(&length), sizeof length);
  out.append(record);
}

Result<void> merge_into(Merge& merge, Channel& channel) {
  TRY_DO(merge.start());
  Channel::Batch batch;
  while (!merge.is_done()) {
    append_record(merge.least(), batch);
    TRY_DO(merge.advance());
    if (batch.size() < batch_bytes) continue;
    if (!channel.put(std::move(batch))) return {};
    batch.clear();
  }
  (void)channel.put(std::move(batch));
  return {};
}

}  // namespace

RowSorter::~RowSorter() { clear(); }

Result<void> RowSorter::add(std::string_view record) {
  if (!entries_.empty() && arena_.size() + record.size() > arena_bytes_) TRY_DO(spill());
  if (arena_.capacity() == 0) arena_.reserve(arena_bytes_);
  entries_.push_back({key_at(record, 0), key_at(record, 8),
                      static_cast<std::uint32_t>(arena_.size()),
                      static_cast<std::uint32_t>(record.size())});
  arena_.append(record);
  ++size_;
  bytes_ += record.size();
  return {};
}

void RowSorter::sort() {
  std::sort(entries_.begin(), entries_.end(), [this](const Entry& left, const Entry& right) {
    if (left.first != right.first) return left.first < right.first;
    if (left.second != right.second) return left.second < right.second;
    const std::string_view arena = arena_;
    return arena.substr(left.begin, left.length) < arena.substr(right.begin, right.length);
  });
}

Result<void> RowSorter::spill() {
  if (file_ < 0) {
    file_ = ::open(directory_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file_ < 0) return file_problem("kept", errno);
  }
  sort();
  const std::uint64_t begin = file_end_;
  std::string buffer;
  for (const Entry& entry : entries_) {
    append_record(std::string_view(arena_).substr(entry.begin, entry.length), buffer);
    if (buffer.size() < run_buffer_bytes) continue;
    TRY_DO(write_all(file_, buffer, file_end_));
    file_end_ += buffer.size();
    buffer.clear();
  }
  TRY_DO(write_all(file_, buffer, file_end_));
  file_end_ += buffer.size();
  runs_.push_back({begin, file_end_});
  arena_.clear();
  entries_.clear();
  return {};
}

Result<std::unique_ptr<RowSorter::Sorted>> RowSorter::sorted() {
  if (runs_.empty()) {
    sort();
  } else {
    if (!entries_.empty()) TRY_DO(spill());
    arena_ = {};
    entries_ = {};
  }
  return std::unique_ptr<Sorted>(new Sorted(*this));
}

struct RowSorter::Sorted::Merging {
  explicit Merging(Merge of_runs) : merge(std::move(of_runs)) {}

  Merge merge;
  Channel channel;
  std::thread thread;
  Result<void> done;   // of the thread; read after it has closed the channel
  std::string batch;   // what is being read
  std::size_t at = 0;  // in the batch
};

RowSorter::Sorted::Sorted(RowSorter& sorter) : sorter_(sorter) {
  if (sorter.runs_.empty()) return;
  std::vector<RunReader> readers;
  readers.reserve(sorter.runs_.size());
  for (const Run& run : sorter.runs_) readers.emplace_back(sorter.file_, run.begin, run.end);
  merging_ = std::make_unique<Merging>(Merge(std::move(readers)));
  merging_->thread = std::thread([&merging = *merging_] {
    merging.done = merge_into(merging.merge, merging.channel);
    merging.channel.close();
  });
}

RowSorter::Sorted::~Sorted() {
  if (merging_) {
    merging_->channel.close();
    merging_->thread.join();
  }
  sorter_.clear();
}

Result<std::optional<std::string_view>> RowSorter::Sorted::next() {
  if (!merging_) {
    if (next_entry_ == sorter_.entries_.size()) return std::optional<std::string_view>();
    const Entry& entry = sorter_.entries_[next_entry_++];
    return std::optional(std::string_view(sorter_.arena_).substr(entry.begin, entry.length));
  }
  Merging& merging = *merging_;
  if (merging.at == merging.batch.size()) {
    auto batch = merging.channel.take();
    if (!batch) {
      TRY_DO(merging.done);
      return std::optional<std::string_view>();
    }
    merging.batch = std::move(*batch);
    merging.at = 0;
    if (merging.batch.empty()) return next();
  }
  Length length = 0;
  std::memcpy(&length, merging.batch.data() + merging.at, sizeof length);
  const auto record = std::string_view(merging.batch).substr(merging.at + sizeof length, length);
  merging.at += sizeof length + length;
  return std::optional(record);
}

void RowSorter::clear() {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
  file_end_ = 0;
  runs_ = {};
  arena_ = {};
  entries_ = {};
  size_ = 0;
  bytes_ = 0;
}

}  // namespace lightbox::store
