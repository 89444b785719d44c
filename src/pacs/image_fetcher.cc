#include "pacs/image_fetcher.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <fmt/format.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/dicom_index.h"

namespace lightbox::pacs {
namespace {

// So many retrievals of one source wait at most; then clients are told to come again.
constexpr std::size_t waiting_max = 10'000;
// What somebody has just asked for is not released.
constexpr std::int64_t fresh_ms = 60'000;
constexpr auto room_interval = std::chrono::minutes(10);

bool is_by_series(const SourceAccess& access) { return dimse_of(access.source()) != nullptr; }

// What arrives of one retrieval.
class Receiver : public ingest::ObjectReceiver {
 public:
  Receiver(ingest::Archive& archive, std::string origin)
      : archive_(archive), origin_(std::move(origin)) {}

  ingest::Incoming begin() override {
    return archive_.receive({.name = origin_, .remote_address = {}});
  }
  ingest::Admitted end(ingest::Incoming object) override {
    return look(archive_.accept(std::move(object)));
  }
  ingest::Admitted refuse(Problem problem) override {
    ingest::Admitted admitted;
    admitted.problem = std::move(problem);
    return look(std::move(admitted));
  }
  // Why the first of those that were refused was.
  [[nodiscard]] const std::optional<Problem>& refusal() const { return refusal_; }

 private:
  ingest::Admitted look(ingest::Admitted admitted) {
    if (!admitted.is_accepted() && !refusal_) refusal_ = admitted.problem;
    return admitted;
  }
  ingest::Archive& archive_;
  std::string origin_;
  std::optional<Problem> refusal_;
};

}  // namespace

// The retrievals of one source, and the threads that make them.
struct ImageFetcher::Line {
  explicit Line(SourceAccess& its_access) : access(its_access) {}
  SourceAccess& access;
  std::deque<std::shared_ptr<Flight>> waiting;
  std::vector<std::jthread> threads;
};

ImageFetcher::ImageFetcher(std::vector<std::unique_ptr<SourceAccess>>& accesses,
                           ingest::Archive& archive)
    : accesses_(accesses), archive_(archive) {
  for (const auto& access : accesses_) {
    Line& line = *lines_.emplace_back(std::make_unique<Line>(*access));
    for (unsigned i = 0; i < access->source().image_connections_max; ++i) {
      line.threads.emplace_back([this, &line] { work(line); });
    }
  }
  keeper_ = std::jthread([this] { keep_room(); });
  archive_.set_fetcher(this);
}

ImageFetcher::~ImageFetcher() {
  archive_.set_fetcher(nullptr);
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  has_work_.notify_all();
  is_done_.notify_all();
}

Result<void> ImageFetcher::fetch(const std::vector<store::StoredFile>& instances) {
  std::vector<std::shared_ptr<Flight>> flights;
  std::chrono::milliseconds patience(0);
  for (const store::StoredFile& instance : instances) {
    TRY(auto flight, join(instance));
    patience = std::chrono::milliseconds(flight->first.source().image_wait_ms);
    if (flights.empty() || flights.back() != flight) flights.push_back(std::move(flight));
  }
  const auto is_done = [](const auto& flight) { return flight->is_done; };
  std::unique_lock lock(mutex_);
  is_done_.wait_for(lock, patience,
                    [&] { return is_stopping_ || std::ranges::all_of(flights, is_done); });
  for (const auto& flight : flights) {
    if (flight->is_done && !flight->result) return flight->result;
  }
  const auto late = std::ranges::find_if_not(flights, is_done);
  if (late == flights.end()) return {};
  return problem(ProblemKind::unavailable,
                 fmt::format("Study {} is being fetched from {}: try again in a moment",
                             (*late)->wanted.instance.study_uid, (*late)->first.source().name));
}

Result<std::vector<SourceAccess*>> ImageFetcher::holders_of(const std::string& study_uid) const {
  TRY(const auto told, archive_.store().dicom().source_studies(study_uid));
  std::vector<SourceAccess*> holders;
  for (const auto& access : accesses_) {
    const auto found = std::ranges::find(told, access->source().name, &store::SourceStudy::source);
    if (found != told.end()) holders.push_back(access.get());
  }
  return holders;
}

Result<std::vector<SourceAccess*>> ImageFetcher::whole_holders_of(
    const std::string& study_uid) const {
  TRY(auto holders, holders_of(study_uid));
  if (holders.size() < 2) return holders;
  auto& dicom = archive_.store().dicom();
  TRY(const auto told, dicom.source_studies(study_uid));
  TRY(const auto count, dicom.instance_count(study_uid));
  std::erase_if(holders, [&](const SourceAccess* holder) {
    const auto found = std::ranges::find(told, holder->source().name, &store::SourceStudy::source);
    return found == told.end() || found->instances.value_or(0) < count.known;
  });
  return holders;
}

Result<std::shared_ptr<ImageFetcher::Flight>> ImageFetcher::join(
    const store::StoredFile& instance) {
  TRY(const auto holders, holders_of(instance.instance.study_uid));
  if (holders.empty()) {
    return problem(ProblemKind::unavailable,
                   fmt::format("Instance {} is in the archive {}, which the configuration does not "
                               "have any more",
                               instance.instance.sop_instance_uid, instance.source));
  }
  SourceAccess& first = *holders.front();
  const store::DicomSelection& uids = instance.instance;
  const std::string key =
      is_by_series(first) ? uids.study_uid + ' ' + uids.series_uid : uids.sop_instance_uid;
  const std::lock_guard lock(mutex_);
  if (const auto found = flights_.find(key); found != flights_.end()) return found->second;
  Line& line = **std::ranges::find_if(
      lines_, [&](const auto& candidate) { return &candidate->access == &first; });
  if (line.waiting.size() >= waiting_max) {
    return problem(ProblemKind::unavailable,
                   fmt::format("{} retrievals from {} are waiting: try again later", waiting_max,
                               first.source().name));
  }
  auto flight = std::make_shared<Flight>(Flight{.first = first, .wanted = instance});
  flights_.emplace(key, flight);
  line.waiting.push_back(flight);
  has_work_.notify_all();
  return flight;
}

void ImageFetcher::work(Line& line) {
  Connections connections;
  std::unique_lock lock(mutex_);
  while (true) {
    has_work_.wait(lock, [&] { return is_stopping_ || !line.waiting.empty(); });
    if (is_stopping_) return;
    const auto flight = line.waiting.front();
    line.waiting.pop_front();
    lock.unlock();
    auto result = retrieve(*flight, connections);
    make_room();
    lock.lock();
    flight->result = std::move(result);
    flight->is_done = true;
    std::erase_if(flights_, [&](const auto& entry) { return entry.second == flight; });
    is_done_.notify_all();
  }
}

Result<void> ImageFetcher::retrieve(const Flight& flight, Connections& connections) {
  TRY(const auto holders, holders_of(flight.wanted.instance.study_uid));
  Result<void> result = problem(ProblemKind::not_found, "No archive holds it any more");
  for (SourceAccess* access : holders) {
    auto& connection = connections[access];
    if (!connection) connection = access->connect();
    result = retrieve_from(*access, *connection, flight.wanted);
    if (result) return result;
    result.error().issues[0].diagnostics.insert(0, access->source().name + ": ");
    log(LogLevel::warning, "image_not_fetched",
        {{"instance", flight.wanted.instance.sop_instance_uid},
         {"reason", result.error().issues[0].diagnostics}});
  }
  return result;
}

Result<void> ImageFetcher::retrieve_from(SourceAccess& access, RemoteArchive& archive,
                                         const store::StoredFile& wanted) {
  const std::string& origin = origin_of(access.source());
  const auto fetching = archive_.fetching(origin, wanted.instance.study_uid, access.source().name);
  Receiver receiver(archive_, origin);
  const bool is_series = is_by_series(access);
  TRY_DO(archive.retrieve({.study_uid = wanted.instance.study_uid,
                           .series_uid = wanted.instance.series_uid,
                           .sop_instance_uid = is_series ? "" : wanted.instance.sop_instance_uid,
                           .sop_class_uids = is_series ? std::vector<std::string>()
                                                       : std::vector{wanted.sop_class_uid}},
                          receiver));
  archive_.await_index();
  TRY(const auto found, archive_.store().dicom().find({wanted.instance.sop_instance_uid}));
  if (found[0] && !found[0]->is_remote()) return {};
  if (receiver.refusal()) return *receiver.refusal();
  return problem(ProblemKind::not_found,
                 fmt::format("The archive {} did not send instance {}", access.source().name,
                             wanted.instance.sop_instance_uid));
}

void ImageFetcher::keep_room() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    lock.unlock();
    make_room();
    lock.lock();
    has_work_.wait_for(lock, room_interval, [&] { return is_stopping_; });
  }
}

void ImageFetcher::make_room() {
  constexpr std::size_t page = 500;
  const Limits& limits = archive_.options().limits;
  auto& dicom = archive_.store().dicom();
  const std::int64_t now = now_ms();
  const std::int64_t age_max_ms = limits.fetched_age_max_hours * 3'600'000;
  // After nearly every retrieval the oldest one says that there is nothing to do.
  for (std::size_t count = 1;; count = page) {
    const auto counts = dicom.counts();
    const auto oldest = dicom.fetched(count);
    if (!counts || !oldest) return;
    std::uint64_t bytes = counts->fetched_bytes;
    std::vector<std::int64_t> keys;
    for (const auto& copy : *oldest) {
      const std::int64_t age_ms = now - copy.fetched_ms;
      const bool is_too_much = bytes > limits.fetched_bytes_max && age_ms > fresh_ms;
      if (!is_too_much && age_ms <= age_max_ms) break;
      keys.push_back(copy.key);
      bytes -= copy.file_bytes;
    }
    if (keys.empty()) return;
    if (const auto released = archive_.release(keys); !released) {
      log(LogLevel::error, "copies_not_released",
          {{"reason", released.error().issues[0].diagnostics}});
      return;
    }
  }
}

}  // namespace lightbox::pacs
