#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/import_target.h"
#include "cli/stop_signal.h"
#include "ingest/projector.h"
#include "store/store.h"

namespace lightbox::cli {
namespace {

const ingest::Origin origin{.name = "import", .remote_address = {}};

class Received : public ReceivedObject {
 public:
  explicit Received(ingest::Incoming incoming) : incoming_(std::move(incoming)) {}
  Result<void> append(std::string_view bytes) override { return incoming_.append(bytes); }
  ingest::Incoming take() { return std::move(incoming_); }

 private:
  ingest::Incoming incoming_;
};

// Straight into a stopped data folder.
class ArchiveTarget : public ImportTarget {
 public:
  ArchiveTarget(const ImportOptions& options, std::unique_ptr<store::Store> store,
                std::unique_ptr<ingest::Archive> archive)
      : options_(options), store_(std::move(store)), archive_(std::move(archive)) {}

  std::unique_ptr<ReceivedObject> receive() override {
    return std::make_unique<Received>(archive_->receive(origin));
  }

  std::vector<ingest::Admitted> add(std::vector<ImportObject> objects) override {
    std::vector<ingest::Admitted> admitted(objects.size());
    std::vector<ingest::Incoming> incoming;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < objects.size(); ++i) {
      auto read = read_object(objects[i]);
      if (!read) {
        admitted[i].problem = std::move(read).error();
        continue;
      }
      incoming.push_back(std::move(*read));
      places.push_back(i);
    }
    auto added = archive_->add(std::move(incoming));
    for (std::size_t i = 0; i < added.size(); ++i) admitted[places[i]] = std::move(added[i]);
    return admitted;
  }

  [[nodiscard]] std::size_t batch_max() const override { return 256; }

  // A study is made a resource of once, when all of it is there.
  Result<void> finish(const std::function<void(std::uint64_t)>& left) override {
    TRY(const auto projector, ingest::Projector::start(options_.projector, *archive_));
    // Safe to be killed from now on: what is marked changed stays so.
    forget_stop_signals();
    return projector->drain([&](std::size_t studies) { left(studies); });
  }

 private:
  Result<ingest::Incoming> read_object(ImportObject& object) {
    if (object.received) return static_cast<Received&>(*object.received).take();
    auto incoming = archive_->receive(origin);
    if (options_.way == ImportWay::in_place) {
      std::error_code error;
      const auto path = std::filesystem::canonical(object.path, error);
      if (error) return problem(ProblemKind::invalid, error.message());
      incoming.set_in_place(path.string());
      return incoming;
    }
    TRY_DO(incoming.append_file(object.path));
    return incoming;
  }

  const ImportOptions& options_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<ingest::Archive> archive_;
};

}  // namespace

Result<std::unique_ptr<ImportTarget>> open_archive_target(const ImportOptions& options) {
  TRY(auto store, store::Store::open({.data_directory = options.archive.data_directory,
                                      .limits = options.archive.limits,
                                      .index = options.projector.index}));
  TRY(auto archive, ingest::Archive::open(options.archive, *store));
  return std::unique_ptr<ImportTarget>(
      std::make_unique<ArchiveTarget>(options, std::move(store), std::move(archive)));
}

}  // namespace lightbox::cli
