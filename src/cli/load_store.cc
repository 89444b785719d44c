#include "cli/load_target.h"
#include "store/bulk_load.h"

namespace lightbox::cli {
namespace {

class StoreTarget : public LoadTarget {
 public:
  StoreTarget(std::unique_ptr<store::BulkLoad> bulk, fhir::IndexOptions index, LoadReport report)
      : bulk_(std::move(bulk)), index_(std::move(index)), report_(std::move(report)) {}

  Result<void> put(const fhir::Resource& resource, const std::string& where) override {
    auto result =
        bulk_->put({.kind = store::Operation::Kind::put,
                    .type = resource.type,
                    .id = std::string(resource.id()),
                    .body = fhir::to_stored(resource.json()),
                    .index = fhir::index_resource(*resource.type, resource.json(), index_),
                    .if_version = {}});
    if (!result) {
      report_.refused(result.error(), where);
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

  Result<void> finish() override { return bulk_->finish(); }

 private:
  std::unique_ptr<store::BulkLoad> bulk_;
  fhir::IndexOptions index_;
  LoadReport report_;
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
