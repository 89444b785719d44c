#include "cli/archive_entries.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

namespace lightbox::cli {
namespace {

constexpr std::size_t block_bytes = 256 * 1024;
// A ratio says nothing about little: an empty image compresses well.
constexpr std::uint64_t ratio_from_bytes = 256U << 20U;

struct Closer {
  void operator()(archive* reader) const { archive_read_free(reader); }
};

}  // namespace

struct ArchiveEntries::Impl {
  std::unique_ptr<archive, Closer> reader;
  Limits limits;
  std::uint64_t entries = 0;
  std::uint64_t unpacked_bytes = 0;
  bool is_in_entry = false;
  std::string block = std::string(block_bytes, '\0');

  [[nodiscard]] Problem broken() const {
    const char* reason = archive_error_string(reader.get());
    return problem(ProblemKind::invalid, fmt::format("the archive cannot be read: {}",
                                                     reason == nullptr ? "it is broken" : reason));
  }

  [[nodiscard]] std::string name_of(archive_entry* next) const {
    if (const char* name = archive_entry_pathname_utf8(next)) return name;
    if (const char* name = archive_entry_pathname(next)) return name;
    return fmt::format("entry {}", entries);
  }

  [[nodiscard]] Result<void> check_size() const {
    if (unpacked_bytes > limits.archive_bytes_max) {
      return problem(ProblemKind::too_large,
                     fmt::format("the archive holds more than archive_bytes_max = {} bytes",
                                 limits.archive_bytes_max));
    }
    const auto packed = static_cast<std::uint64_t>(archive_filter_bytes(reader.get(), -1));
    if (unpacked_bytes > ratio_from_bytes && unpacked_bytes / limits.archive_ratio_max > packed) {
      return problem(ProblemKind::too_large,
                     fmt::format("the archive unpacks to more than archive_ratio_max = {} times "
                                 "its size: it is taken for a bomb",
                                 limits.archive_ratio_max));
    }
    return {};
  }
};

ArchiveEntries::ArchiveEntries(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ArchiveEntries::ArchiveEntries(ArchiveEntries&&) noexcept = default;
ArchiveEntries& ArchiveEntries::operator=(ArchiveEntries&&) noexcept = default;
ArchiveEntries::~ArchiveEntries() = default;

Result<ArchiveEntries> ArchiveEntries::open(const std::string& path, const Limits& limits) {
  auto impl = std::make_unique<Impl>();
  impl->reader.reset(archive_read_new());
  impl->limits = limits;
  archive* reader = impl->reader.get();
  archive_read_support_format_zip(reader);
  archive_read_support_format_tar(reader);
  archive_read_support_filter_gzip(reader);
  archive_read_support_filter_bzip2(reader);
  archive_read_support_filter_xz(reader);
  archive_read_support_filter_zstd(reader);
  if (archive_read_open_filename(reader, path.c_str(), block_bytes) != ARCHIVE_OK) {
    return impl->broken();
  }
  return ArchiveEntries(std::move(impl));
}

Result<std::optional<std::string>> ArchiveEntries::next() {
  archive* reader = impl_->reader.get();
  // libarchive would pass over what is left of an entry without looking at limits; a zip's it does
  // not unpack.
  const bool is_zip = (archive_format(reader) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_ZIP;
  while (impl_->is_in_entry && !is_zip) {
    TRY(const std::string_view passed, read());
    if (passed.empty()) break;
  }
  while (true) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader, &entry);
    if (status == ARCHIVE_EOF) return std::optional<std::string>();
    if (status == ARCHIVE_FATAL) return impl_->broken();
    if (++impl_->entries > impl_->limits.archive_entries_max) {
      return problem(ProblemKind::too_large,
                     fmt::format("the archive has more than archive_entries_max = {} entries",
                                 impl_->limits.archive_entries_max));
    }
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN) continue;
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr) {
      continue;
    }
    impl_->is_in_entry = true;
    return std::optional(impl_->name_of(entry));
  }
}

Result<std::string_view> ArchiveEntries::read() {
  const la_ssize_t size =
      archive_read_data(impl_->reader.get(), impl_->block.data(), impl_->block.size());
  if (size <= 0) impl_->is_in_entry = false;
  if (size < 0) return impl_->broken();
  impl_->unpacked_bytes += static_cast<std::uint64_t>(size);
  TRY_DO(impl_->check_size());
  return std::string_view(impl_->block.data(), static_cast<std::size_t>(size));
}

std::uint64_t ArchiveEntries::bytes_read() const {
  return static_cast<std::uint64_t>(archive_filter_bytes(impl_->reader.get(), -1));
}

}  // namespace lightbox::cli
