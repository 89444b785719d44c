#include "ingest/arrival_log.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <numeric>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/log.h"

namespace lightbox::ingest {
namespace {

static_assert(std::endian::native == std::endian::little, "the segments are little endian");

constexpr std::uint64_t page_bytes = 4096;
constexpr std::uint64_t header_bytes = page_bytes;
constexpr std::uint64_t magic_of_segment = 0x31304C415642584C;  // "LXBVAL01"
constexpr std::uint64_t magic_of_record = 0x31305241'5642584C;  // "LXBVAR01"
// A segment grows by so much, in zeros: to write over what a file has needs no change of the file
// system's own tables, which would make each sync several times as dear.
constexpr std::uint64_t growth_bytes = 4U << 20U;
// With so much in a segment, much more is likely to come.
constexpr std::uint64_t busy_bytes = 1U << 20U;

struct SegmentHeader {
  std::uint64_t magic = magic_of_segment;
  std::uint64_t generation = 0;
  std::uint64_t crc = 0;
};

struct RecordHeader {
  std::uint64_t magic = magic_of_record;
  std::uint64_t generation = 0;  // not in the CRC: it is known when the record is written
  std::array<std::uint64_t, 4> lengths = {};  // of an Arrival's members, in their order
  std::uint64_t crc = 0;

  [[nodiscard]] std::uint64_t payload_bytes() const {
    return std::accumulate(lengths.begin(), lengths.end(), std::uint64_t{0});
  }
};

std::uint64_t to_pages(std::uint64_t bytes) {
  return (bytes + page_bytes - 1) / page_bytes * page_bytes;
}

std::uint64_t crc_of(std::uint64_t crc, const void* bytes, std::size_t size) {
  return crc32_z(crc, static_cast<const Bytef*>(bytes), size);
}

std::uint64_t crc_of(const SegmentHeader& header) {
  return crc_of(0, &header, offsetof(SegmentHeader, crc));
}

std::uint64_t crc_of(const RecordHeader& header, std::string_view payload) {
  return crc_of(crc_of(0, header.lengths.data(), sizeof header.lengths), payload.data(),
                payload.size());
}

// With generation 0.
std::string records_of(std::span<const Arrival> arrivals) {
  std::string records;
  for (const Arrival& arrival : arrivals) {
    RecordHeader header{.lengths = {arrival.sop_instance_uid.size(), arrival.file.size(),
                                    arrival.source.size(), arrival.content.size()}};
    const std::size_t begin = records.size();
    records.reserve(begin + to_pages(sizeof header + header.payload_bytes()));
    records.append(sizeof header, '\0');
    records.append(arrival.sop_instance_uid).append(arrival.file);
    records.append(arrival.source).append(arrival.content);
    header.crc = crc_of(header, std::string_view(records).substr(begin + sizeof header));
    std::memcpy(records.data() + begin, &header, sizeof header);
    records.resize(to_pages(records.size()));
  }
  return records;
}

Arrival arrival_of(const RecordHeader& header, std::string_view payload) {
  Arrival arrival;
  std::size_t member = 0;
  for (std::string_view* part :
       {&arrival.sop_instance_uid, &arrival.file, &arrival.source, &arrival.content}) {
    *part = payload.substr(0, header.lengths[member++]);
    payload.remove_prefix(part->size());
  }
  return arrival;
}

void set_generation(std::string& records, std::uint64_t generation) {
  for (std::size_t at = 0; at < records.size();) {
    RecordHeader header;
    std::memcpy(&header, records.data() + at, sizeof header);
    header.generation = generation;
    std::memcpy(records.data() + at, &header, sizeof header);
    at += to_pages(sizeof header + header.payload_bytes());
  }
}

// Fewer bytes than asked for at the end of the file.
Result<std::string> read_at(const Descriptor& file, std::uint64_t offset, std::uint64_t size) {
  std::string bytes(size, '\0');
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t count =
        ::pread(file.get(), bytes.data() + at, bytes.size() - at, static_cast<off_t>(offset + at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_problem("The arrivals log could not be read", "", errno);
    if (count == 0) bytes.resize(at);
    at += static_cast<std::size_t>(count);
  }
  return bytes;
}

Result<void> write_at(const Descriptor& file, std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count =
        ::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_problem("The arrivals log could not be written", "", errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<void> write_zeros(const Descriptor& file, std::uint64_t begin, std::uint64_t end) {
  const std::string zeros(std::min(end - begin, std::uint64_t{64} * page_bytes), '\0');
  for (; begin < end; begin += zeros.size()) {
    TRY_DO(write_at(file, begin, std::string_view(zeros).substr(0, end - begin)));
  }
  return {};
}

// unavailable, whatever the reason: what the disk has is not known then.
Result<void> sync(const Descriptor& file) {
  if (::fdatasync(file.get()) == 0) return {};
  return problem(ProblemKind::unavailable,
                 fmt::format("The arrivals log could not be synced ({}); nothing is taken in until "
                             "the server is restarted",
                             std::strerror(errno)));
}

}  // namespace

Result<std::unique_ptr<ArrivalLog>> ArrivalLog::open(
    Options options, const std::function<Result<void>(const Arrival&)>& recover) {
  std::unique_ptr<ArrivalLog> log(new ArrivalLog(std::move(options)));
  for (std::size_t i = 0; i < log->segments_.size(); ++i) TRY_DO(log->open_segment(i));
  TRY_DO(log->recover(recover));
  log->thread_ = std::thread([raw = log.get()] { raw->run(); });
  return log;
}

ArrivalLog::~ArrivalLog() {
  if (!thread_.joinable()) return;
  (void)flush();
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  due_.notify_one();
  thread_.join();
}

Result<void> ArrivalLog::open_segment(std::size_t index) {
  Segment& segment = segments_[index];
  const std::string path = fmt::format("{}.{}", options_.path, index);
  segment.file = Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  struct stat status = {};
  if (!segment.file.is_open() || ::fstat(segment.file.get(), &status) != 0) {
    return file_problem("The arrivals log could not be opened", path, errno);
  }
  segment.allocated = static_cast<std::uint64_t>(status.st_size);
  TRY(const std::string bytes, read_at(segment.file, 0, sizeof(SegmentHeader)));
  SegmentHeader header;
  if (bytes.size() == sizeof header) std::memcpy(&header, bytes.data(), sizeof header);
  const bool is_whole = header.magic == magic_of_segment && header.crc == crc_of(header);
  segment.generation = is_whole ? header.generation : 0;
  generation_ = std::max(generation_, segment.generation);
  return {};
}

// What the segments have is synced and they are emptied also when no record is found: the last ones
// may be without their header's sync.
Result<void> ArrivalLog::recover(const std::function<Result<void>(const Arrival&)>& each) {
  std::array<Segment*, 2> in_order = {segments_.data(), &segments_[1]};
  std::ranges::sort(in_order, {}, &Segment::generation);
  std::size_t found = 0;
  for (const Segment* segment : in_order) {
    for (std::uint64_t at = header_bytes; segment->generation != 0;) {
      TRY(const std::string head, read_at(segment->file, at, sizeof(RecordHeader)));
      RecordHeader header;
      if (head.size() != sizeof header) break;
      std::memcpy(&header, head.data(), sizeof header);
      const std::uint64_t room = segment->allocated - at - sizeof header;
      if (header.magic != magic_of_record || header.generation != segment->generation ||
          *std::ranges::max_element(header.lengths) > room || header.payload_bytes() > room) {
        break;
      }
      TRY(const std::string payload,
          read_at(segment->file, at + sizeof header, header.payload_bytes()));
      if (crc_of(header, payload) != header.crc) break;
      TRY_DO(each(arrival_of(header, payload)));
      ++found;
      at += to_pages(sizeof header + header.payload_bytes());
    }
  }
  if (found > 0) {
    TRY_DO(options_.sync());
    log(LogLevel::info, "arrivals_recovered", {{"objects", found}});
  }
  for (Segment& segment : segments_) {
    TRY_DO(allocate(segment, header_bytes));
    TRY_DO(begin_generation(segment));
  }
  return {};
}

Result<void> ArrivalLog::begin_generation(Segment& segment) {
  SegmentHeader header{.generation = generation_ + 1};
  header.crc = crc_of(header);
  TRY_DO(write_at(segment.file, 0, {reinterpret_cast<const char*>(&header), sizeof header}));
  TRY_DO(sync(segment.file));
  segment.generation = ++generation_;
  segment.bytes = header_bytes;
  segment.is_closed = false;
  return {};
}

Result<void> ArrivalLog::allocate(Segment& segment, std::uint64_t bytes) {
  if (segment.allocated >= bytes) return {};
  const std::uint64_t grown = std::max(bytes, next_size(segment));
  TRY_DO(write_zeros(segment.file, segment.allocated, grown));
  segment.allocated = grown;
  return {};
}

std::uint64_t ArrivalLog::next_size(const Segment& segment) const {
  return std::min(options_.segment_bytes_max, segment.allocated + growth_bytes);
}

bool ArrivalLog::has_room_for(std::uint64_t bytes, std::size_t objects) const {
  constexpr std::uint64_t overhead = 2 * page_bytes;  // names, and the rest of the last page
  constexpr std::uint64_t requests_in_segment_min = 4;
  return bytes + objects * overhead <=
         (options_.segment_bytes_max - header_bytes) / requests_in_segment_min;
}

Result<ArrivalLog::Hold> ArrivalLog::append(std::span<const Arrival> arrivals) {
  Request request{.arrivals = arrivals, .records = records_of(arrivals), .answer = {}};
  std::unique_lock lock(mutex_);
  queue_.push_back(&request);
  while (!request.answer) {
    if (is_writing_) {
      changed_.wait(lock);
    } else if (queue_.size() < expected_ && std::chrono::steady_clock::now() < gathering_ends_) {
      changed_.wait_until(lock, gathering_ends_);
    } else {
      write_queued(lock);
    }
  }
  return std::move(*request.answer);
}

// Writes what has queued up, as far as there is room in the segment.
void ArrivalLog::write_queued(std::unique_lock<std::mutex>& lock) {
  if (failure_) {
    for (Request* request : queue_) request->answer = *failure_;
    queue_.clear();
    changed_.notify_all();
    return;
  }
  Segment* segment = &segments_[current_];
  const auto has_room = [&](std::uint64_t bytes) {
    return !segment->is_closed && segment->bytes + bytes <= options_.segment_bytes_max;
  };
  if (!has_room(queue_.front()->records.size())) {
    segment->is_closed = true;
    due_.notify_one();
    if (other_than(*segment).is_closed) {
      changed_.wait(lock);  // until it has been emptied
      return;
    }
    current_ = 1 - current_;
    segment = &segments_[current_];
  }
  if (segment->is_growing && segment->bytes + queue_.front()->records.size() > segment->allocated) {
    changed_.wait(lock);
    return;
  }
  // What is growing gets no more than it has.
  const std::uint64_t room = segment->is_growing ? segment->allocated : options_.segment_bytes_max;
  std::vector<Request*> batch;
  std::uint64_t bytes = 0;
  while (!queue_.empty() && segment->bytes + bytes + queue_.front()->records.size() <= room) {
    bytes += queue_.front()->records.size();
    batch.push_back(queue_.front());
    queue_.pop_front();
  }
  if (const auto allocated = allocate(*segment, segment->bytes + bytes); !allocated) {
    for (Request* request : batch) request->answer = allocated.error();
    changed_.notify_all();
    return;
  }
  is_writing_ = true;
  segment->holds += batch.size();
  if (segment->bytes == header_bytes) segment->first = std::chrono::steady_clock::now();
  lock.unlock();
  const auto begin = std::chrono::steady_clock::now();
  auto written = write_records(*segment, batch);
  const auto end = std::chrono::steady_clock::now();
  lock.lock();
  is_writing_ = false;
  expected_ = batch.size() + queue_.size();
  gathering_ends_ = end + (end - begin);  // nobody waits for longer than a sync takes
  if (written) {
    const bool was_empty = segment->bytes == header_bytes;
    segment->bytes += bytes;
    if (was_empty || next_to_grow() != nullptr) due_.notify_one();
    for (Request* request : batch) {
      request->answer = Hold(this, static_cast<std::size_t>(segment - segments_.data()));
    }
  } else {
    segment->holds -= batch.size();
    due_.notify_one();
    if (written.error().kind != ProblemKind::insufficient_storage) failure_ = written.error();
    for (Request* request : batch) request->answer = written.error();
  }
  changed_.notify_all();
}

Result<void> ArrivalLog::write_records(Segment& segment, std::span<Request*> batch) {
  std::uint64_t at = segment.bytes;
  for (Request* request : batch) {
    set_generation(request->records, segment.generation);
    TRY_DO(write_at(segment.file, at, request->records));
    at += request->records.size();
  }
  return sync(segment.file);
}

ArrivalLog::Hold::~Hold() {
  if (log_ != nullptr) log_->release(segment_);
}

void ArrivalLog::release(std::size_t segment) {
  {
    const std::lock_guard lock(mutex_);
    if (--segments_[segment].holds > 0 || !segments_[segment].is_closed) return;
  }
  due_.notify_one();
}

void ArrivalLog::keep_for_recovery() {
  const std::lock_guard lock(mutex_);
  if (!failure_) {
    failure_ = problem(ProblemKind::unavailable, "Objects wait in the arrivals log for a restart");
  }
}

Result<void> ArrivalLog::flush() {
  std::unique_lock lock(mutex_);
  std::array<std::uint64_t, 2> generations;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    generations[i] = segments_[i].generation;
    if (segments_[i].bytes > header_bytes || segments_[i].holds > 0) segments_[i].is_closed = true;
  }
  due_.notify_one();
  changed_.wait(lock, [&] {
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      if (segments_[i].is_closed && segments_[i].generation == generations[i]) return !!failure_;
    }
    return true;
  });
  if (failure_) return *failure_;
  return {};
}

// The one that is filled first.
ArrivalLog::Segment* ArrivalLog::next_to_grow() {
  const auto is_busy = [](const Segment& segment) { return segment.bytes > busy_bytes; };
  if (!can_grow_ || failure_ || std::ranges::none_of(segments_, is_busy)) return nullptr;
  Segment& current = segments_[current_];
  for (Segment* segment : {&current, &other_than(current)}) {
    if (segment->allocated < options_.segment_bytes_max) return segment;
  }
  return nullptr;
}

void ArrivalLog::grow(Segment& segment, std::unique_lock<std::mutex>& lock) {
  const std::uint64_t size = next_size(segment);
  segment.is_growing = true;
  lock.unlock();
  // A disk that is nearly full has better uses.
  std::error_code failed;
  const auto folder = std::filesystem::path(options_.path).parent_path();
  const auto space = std::filesystem::space(folder, failed);
  const bool has_room = !failed && space.available > 16 * options_.segment_bytes_max;
  const auto written = has_room ? write_zeros(segment.file, segment.allocated, size)
                                : Result<void>(problem(ProblemKind::insufficient_storage, ""));
  // By itself: the next append's sync would wait for it.
  const auto synced = written ? sync(segment.file) : Result<void>();
  lock.lock();
  segment.is_growing = false;
  can_grow_ = written.has_value();
  if (written) segment.allocated = size;
  if (!synced) failure_ = synced.error();
  changed_.notify_all();
}

// Empties segments that are closed or old enough, and lets them grow.
void ArrivalLog::run() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    auto next = std::chrono::steady_clock::time_point::max();
    Segment* due = nullptr;
    for (Segment& segment : segments_) {
      if (segment.bytes == header_bytes && !segment.is_closed) continue;
      const auto age_end = segment.first + options_.age_max;
      if (std::chrono::steady_clock::now() >= age_end) segment.is_closed = true;
      if (segment.is_closed && segment.holds == 0) due = &segment;
      if (!segment.is_closed) next = std::min(next, age_end);
    }
    Segment* small = next_to_grow();
    if (due != nullptr && !failure_) {
      empty(*due, lock);
    } else if (small != nullptr) {
      grow(*small, lock);
    } else if (next == std::chrono::steady_clock::time_point::max()) {
      due_.wait(lock);
    } else {
      due_.wait_until(lock, next);
    }
  }
}

void ArrivalLog::empty(Segment& segment, std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  auto done = options_.sync();
  lock.lock();
  if (done) done = begin_generation(segment);
  if (!done) {
    failure_ = problem(ProblemKind::unavailable, done.error().issues[0].diagnostics);
    log(LogLevel::error, "arrivals_not_synced", {{"reason", failure_->issues[0].diagnostics}});
  }
  changed_.notify_all();
}

}  // namespace lightbox::ingest
