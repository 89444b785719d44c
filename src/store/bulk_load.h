#pragma once

// The fast way in, for `lightbox load --data`: resources straight into a store that nobody else has
// open, index rows collected and written in sorted order. Not for a running server. One thread, but
// for prepare().

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "store/store.h"

namespace lightbox::store {

class BulkLoad {
 public:
  // Takes the store's lock; `unavailable` when a server has it.
  static Result<std::unique_ptr<BulkLoad>> open(StoreOptions options);
  ~BulkLoad();  // without finish(): what was flushed stays, complete and searchable

  struct Prepared {
    Operation operation;
    std::string body;  // compressed
  };
  // Safe from any thread.
  [[nodiscard]] static Prepared prepare(Operation operation);

  // Creates the resource, or a new version of it when its id is there already; when its body is the
  // same as the stored one, nothing changes (so a load can be started again).
  Result<OperationResult> put(const Prepared& prepared);
  // Everything so far is durable and searchable. `progress` is told the share (0 to 1) of the index
  // rows that is written.
  Result<void> flush(const std::function<void(double)>& progress = {});
  // flush, and ANALYZE/optimise/checkpoint as needed.
  Result<void> finish(const std::function<void(double)>& progress = {});

 private:
  struct Impl;
  explicit BulkLoad(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lightbox::store
