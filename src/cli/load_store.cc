#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "cli/load_target.h"
#include "store/bulk_load.h"

namespace lightbox::cli {
namespace {

// The caller's thread parses, indexes and compresses, a second one writes.
class StoreTarget : public LoadTarget {
 public:
  StoreTarget(std::unique_ptr<store::BulkLoad> bulk, fhir::IndexOptions index, LoadReport report)
      : bulk_(std::move(bulk)), index_(std::move(index)), report_(std::move(report)) {
    thread_ = std::thread([this] { write_all(); });
  }
  ~StoreTarget() override { join(); }
  StoreTarget(const StoreTarget&) = delete;
  StoreTarget& operator=(const StoreTarget&) = delete;

  Result<void> put(const fhir::Resource& resource, const std::string& where) override {
    batch_.push_back({.prepared = store::BulkLoad::prepare(
                          {.kind = store::Operation::Kind::put,
                           .type = resource.type,
                           .id = std::string(resource.id()),
                           .body = fhir::to_stored(resource.json()),
                           .index = fhir::index_resource(*resource.type, resource.json(), index_)}),
                      .where = where});
    return batch_.size() < batch_size ? Result<void>() : hand_over();
  }

  Result<void> finish() override {
    TRY_DO(hand_over());
    join();
    if (failure_) return std::move(*failure_);
    return bulk_->finish(report_.indexing);
  }

 private:
  struct Item {
    store::BulkLoad::Prepared prepared;
    std::string where;
  };
  using Batch = std::vector<Item>;
  static constexpr std::size_t batch_size = 64;
  static constexpr std::size_t batches_waiting_max = 16;

  Result<void> hand_over() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failure_ || batches_.size() < batches_waiting_max; });
    if (failure_) return *failure_;
    batches_.push_back(std::move(batch_));
    batch_.clear();
    changed_.notify_all();
    return {};
  }

  void join() {
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
      changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
  }

  void write_all() {
    while (true) {
      Batch batch;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return is_ending_ || !batches_.empty(); });
        if (batches_.empty()) return;
        batch = std::move(batches_.front());
        batches_.pop_front();
        changed_.notify_all();
      }
      for (const Item& item : batch) {
        if (auto written = write(item); !written) {
          const std::lock_guard lock(mutex_);
          failure_ = std::move(written).error();
          changed_.notify_all();
          return;
        }
      }
    }
  }

  Result<void> write(const Item& item) {
    auto result = bulk_->put(item.prepared);
    if (!result) {
      report_.refused(result.error(), item.where);
      return std::move(result).error();
    }
    switch (result->outcome) {
      case store::OperationResult::Outcome::created:
        report_.loaded(Loaded::created);
        break;
      case store::OperationResult::Outcome::updated:
        report_.loaded(Loaded::updated);
        break;
      default:
        report_.loaded(Loaded::known);
        break;
    }
    return {};
  }

  std::unique_ptr<store::BulkLoad> bulk_;
  fhir::IndexOptions index_;
  LoadReport report_;
  Batch batch_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> batches_;
  std::optional<Problem> failure_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<LoadTarget>> open_store_target(const LoadOptions& options,
                                                      LoadReport report) {
  TRY(auto bulk,
      store::BulkLoad::open(
          {.data_directory = options.data, .limits = options.limits, .index = options.index}));
  return std::unique_ptr<LoadTarget>(
      std::make_unique<StoreTarget>(std::move(bulk), options.index, std::move(report)));
}

}  // namespace lightbox::cli
