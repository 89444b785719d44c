#pragma once

// The fast way in, for `lightbox load --data`: resources straight into a store that nobody else has
// open, index rows collected and written in sorted order. Not for a running server. One thread.

#include <cstdint>
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

  // Creates the resource, or a new version of it when its id is there already; when its body is the
  // same as the stored one, nothing changes (so a load can be started again).
  Result<OperationResult> put(const Operation& operation);
  // Everything so far is durable and searchable.
  Result<void> flush();
  Result<void> finish();  // flush, and ANALYZE/optimise/checkpoint as needed

 private:
  struct Impl;
  explicit BulkLoad(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lightbox::store
