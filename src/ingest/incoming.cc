#include "ingest/incoming.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "dicom/part10.h"
#include "ingest/received.h"

namespace lightbox::ingest {
namespace {

// Of a large object so much waits unwritten at most, lest the sync at its end take long.
constexpr std::uint64_t unwritten_bytes_max = 8U << 20U;

constexpr std::size_t read_bytes = 256 * 1024;

}  // namespace

Incoming::Incoming(std::unique_ptr<Received> received) : received_(std::move(received)) {}
Incoming::Incoming(Incoming&&) noexcept = default;
Incoming& Incoming::operator=(Incoming&&) noexcept = default;
Incoming::~Incoming() = default;

Received::~Received() {
  if (!path.empty()) ::unlink(path.c_str());
}

Result<void> Received::spill() {
  path = folder.new_path();
  descriptor = Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!descriptor.is_open()) {
    const std::string wanted = std::exchange(path, {});
    return file_problem("The file could not be made", wanted, errno);
  }
  TRY_DO(write_all(descriptor.get(), memory, path));
  memory = {};
  return {};
}

Result<void> Received::append(std::string_view more) {
  if (bytes + more.size() > limits.dicom_object_bytes_max) {
    return problem(ProblemKind::too_large,
                   fmt::format("The object has more than {} bytes (dicom_object_bytes_max)",
                               limits.dicom_object_bytes_max));
  }
  bytes += more.size();
  if (!descriptor.is_open()) {
    if (memory.size() + more.size() <= limits.dicom_memory_bytes_max) {
      memory.append(more);
      return {};
    }
    TRY_DO(spill());
  }
  TRY_DO(write_all(descriptor.get(), more, path));
  if (bytes - bytes_started >= unwritten_bytes_max) {
    ::sync_file_range(descriptor.get(), static_cast<off64_t>(bytes_started), 0,
                      SYNC_FILE_RANGE_WRITE);
    bytes_started = bytes;
  }
  return {};
}

Result<void> Incoming::append(std::string_view bytes) { return received_->append(bytes); }

Result<void> Incoming::append_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return problem(ProblemKind::invalid, std::strerror(errno));
  thread_local std::string block(read_bytes, '\0');
  while (true) {
    const ssize_t size = ::read(file.get(), block.data(), block.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return problem(ProblemKind::invalid, std::strerror(errno));
    if (size == 0) return {};
    TRY_DO(append({block.data(), static_cast<std::size_t>(size)}));
  }
}

Result<void> Incoming::append_source(dicom::Source& source) {
  std::string block(std::min<std::uint64_t>(read_bytes, source.size()), '\0');
  for (std::uint64_t offset = 0; offset < source.size(); offset += block.size()) {
    const std::uint64_t count = std::min<std::uint64_t>(block.size(), source.size() - offset);
    TRY_DO(source.read(offset, {block.data(), count}));
    TRY_DO(append({block.data(), count}));
  }
  return {};
}

void Incoming::set_bare(Bare bare) {
  received_->memory = dicom::file_meta_of({.sop_class_uid = bare.sop_class_uid,
                                           .sop_instance_uid = bare.sop_instance_uid,
                                           .transfer_syntax = bare.transfer_syntax_uid,
                                           .source_ae_title = bare.source_ae_title});
  received_->bytes = received_->memory.size();
  received_->bare = std::move(bare);
}

void Incoming::require_study(std::string study_uid) {
  received_->required_study_uid = std::move(study_uid);
}

void Incoming::set_in_place(std::string absolute_path) {
  received_->in_place = std::move(absolute_path);
}

std::uint64_t Incoming::size() const { return received_->bytes; }

}  // namespace lightbox::ingest
