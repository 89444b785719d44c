#pragma once

// What cannot be indexed is kept with its reason: below dicom/quarantine/ under its bytes' hash, so
// that the same object sent again and again is kept once, and as a problem in the store's list.
// Objects that stay in place are listed only.
//
// Safe from any thread.

#include <atomic>
#include <cstdint>
#include <shared_mutex>

#include "base/limits.h"
#include "dicom/part10.h"
#include "ingest/archive.h"
#include "ingest/files.h"
#include "ingest/received.h"

namespace lightbox::ingest {

class Quarantine {
 public:
  // Counts what is there.
  static Result<std::unique_ptr<Quarantine>> open(Files& files, store::Store& store,
                                                  const Limits& limits);

  // `admitted.problem` says why. Its outcome becomes `quarantined` when the object is durable, else
  // `failed`, with what prevented it behind the reason.
  void keep(Received& object, dicom::Source& source, Admitted& admitted);

  // Of a problem that has been taken off the list: removes the file, unless another one names it.
  Result<void> forget(const std::string& file);

 private:
  Quarantine(Files& files, store::Store& store, const Limits& limits)
      : files_(files), store_(store), limits_(limits) {}
  Result<std::string> keep_file(Received& object, dicom::Source& source);

  Files& files_;
  store::Store& store_;
  const Limits& limits_;
  std::atomic<std::uint64_t> bytes_ = 0;
  // Shared while a file is made and listed, so that none goes in between.
  std::shared_mutex files_and_list_;
};

}  // namespace lightbox::ingest
