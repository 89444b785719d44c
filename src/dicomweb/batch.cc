#include "dicomweb/batch.h"

#include <algorithm>
#include <utility>

namespace lightbox::dicomweb {
namespace {

constexpr std::size_t slice_objects_max = 64;
constexpr std::size_t slice_bytes_max = 16U << 20U;

}  // namespace

Batch::Batch(Api& api, std::string study_uid, std::string remote_address)
    : api_(api),
      study_uid_(std::move(study_uid)),
      origin_{.name = "STOW", .remote_address = std::move(remote_address)} {}

Batch::~Batch() { api_.upload_bytes_held -= bytes_held_; }

ingest::Incoming Batch::receive() {
  ingest::Incoming object = api_.archive().receive(origin_);
  if (!study_uid_.empty()) object.require_study(study_uid_);
  return object;
}

void Batch::push(ingest::Incoming object) {
  const auto bytes = static_cast<std::size_t>(object.size());
  if (bytes <= api_.limits().dicom_memory_bytes_max) {
    bytes_held_ += bytes;
    api_.upload_bytes_held += bytes;
  }
  waiting_.push_back({.object = std::move(object), .failed = {}});
}

void Batch::push_failed(ingest::Admitted failed) {
  waiting_.push_back({.object = std::nullopt, .failed = std::move(failed)});
}

void Batch::push_failed(Problem problem) {
  ingest::Admitted failed;
  failed.problem = std::move(problem);
  push_failed(std::move(failed));
}

bool Batch::is_full() const {
  return waiting_.size() >= slice_objects_max || bytes_held_ >= slice_bytes_max ||
         (!waiting_.empty() && api_.upload_bytes_held >= api_.limits().stow_memory_bytes_max);
}

void Batch::store() {
  if (waiting_.empty()) return;
  std::vector<ingest::Incoming> objects;
  for (Waiting& one : waiting_) {
    if (one.object) objects.push_back(std::move(*one.object));
  }
  auto admitted = api_.archive().add(std::move(objects));
  auto next = admitted.begin();
  for (Waiting& one : std::exchange(waiting_, {})) {
    if (one.object) {
      if (next->is_accepted()) ++accepted_count_;
      results_.push_back(std::move(*next++));
    } else {
      results_.push_back(std::move(one.failed));
    }
  }
  api_.upload_bytes_held -= std::exchange(bytes_held_, 0);
}

void Batch::settle() {
  std::vector<std::string> studies;
  for (const ingest::Admitted& one : results_) {
    if (one.is_accepted()) studies.push_back(one.study_uid);
  }
  std::ranges::sort(studies);
  studies.erase(std::ranges::unique(studies).begin(), studies.end());
  api_.archive().settle(studies);
}

}  // namespace lightbox::dicomweb
