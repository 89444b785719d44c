#pragma once

// The objects of one upload on their way into the archive, in slices: a slice shares its syncs, and
// is bounded in count and memory. Keeps what became of each, in order.
//
// One thread at a time; store() is the only call that blocks.

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dicomweb/api.h"
#include "ingest/archive.h"

namespace lightbox::dicomweb {

class Batch {
 public:
  // `study_uid`: of which all must be; or "".
  Batch(Api& api, std::string study_uid, std::string remote_address);
  ~Batch();
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  [[nodiscard]] ingest::Incoming receive();
  void push(ingest::Incoming object);
  // What has failed on its way here; its UIDs as far as they are known.
  void push_failed(ingest::Admitted failed);
  void push_failed(Problem problem);
  // Whether the objects that wait should be stored before more is taken.
  [[nodiscard]] bool is_full() const;
  void store();
  // Tells the archive that no more comes.
  void settle();

  [[nodiscard]] const std::vector<ingest::Admitted>& results() const { return results_; }
  [[nodiscard]] std::size_t accepted_count() const { return accepted_count_; }

 private:
  Api& api_;
  std::string study_uid_;
  ingest::Origin origin_;
  // Its result's place is kept: nullopt is an object that has failed already.
  struct Waiting {
    std::optional<ingest::Incoming> object;
    ingest::Admitted failed = {};
  };
  std::vector<Waiting> waiting_;
  std::size_t bytes_held_ = 0;
  std::size_t accepted_count_ = 0;
  std::vector<ingest::Admitted> results_;
};

}  // namespace lightbox::dicomweb
