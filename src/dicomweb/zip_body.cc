#include "dicomweb/zip_body.h"

#include <archive.h>
#include <archive_entry.h>
#include <new>

namespace lightbox::dicomweb {
namespace {

// What one turn in the lane makes of it.
constexpr std::size_t turn_bytes = 1024 * 1024;

}  // namespace

// libarchive on a buffer: what it has written since the last piece.
struct ZipBody::Writer {
  Writer() : handle(archive_write_new()) {
    if (handle == nullptr) throw std::bad_alloc();
    archive_write_set_format_zip(handle);
    // The lowest level halves images, too, and keeps up with a network.
    archive_write_set_options(handle, "zip:compression=deflate,zip:compression-level=1");
    archive_write_set_bytes_per_block(handle, 0);
    archive_write_open2(handle, this, nullptr, take, nullptr, nullptr);
  }
  ~Writer() { archive_write_free(handle); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  static la_ssize_t take(archive*, void* self, const void* bytes, size_t count) {
    static_cast<Writer*>(self)->made.append(static_cast<const char*>(bytes), count);
    return static_cast<la_ssize_t>(count);
  }

  Result<void> begin_file(const std::string& name, std::uint64_t size) const {
    const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(),
                                                                              archive_entry_free);
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    return check(archive_write_header(handle, entry.get()));
  }
  Result<void> write(std::string_view bytes) const {
    return check(archive_write_data(handle, bytes.data(), bytes.size()) ==
                         static_cast<la_ssize_t>(bytes.size())
                     ? ARCHIVE_OK
                     : ARCHIVE_FATAL);
  }
  Result<void> check(int status) const {
    if (status >= ARCHIVE_WARN) return {};
    const char* reason = archive_error_string(handle);
    return problem(ProblemKind::internal, std::string("The zip archive cannot be written: ") +
                                              (reason == nullptr ? "unknown reason" : reason));
  }

  archive* handle;
  std::string made;
};

ZipBody::ZipBody(Api& api, InstanceQueue queue)
    : api_(api), queue_(std::move(queue)), writer_(std::make_unique<Writer>()) {}

ZipBody::~ZipBody() = default;

boost::asio::awaitable<Result<ZipBody::Piece>> ZipBody::next() {
  writer_->made.clear();
  while (writer_->made.empty() && !is_complete_) {
    if (!reader_) {
      auto instance = co_await queue_.next();
      if (!instance) co_return std::move(instance).error();
      if (!*instance) {
        is_complete_ = true;
        auto closed = writer_->check(archive_write_close(writer_->handle));
        if (!closed) co_return std::move(closed).error();
        break;
      }
      const auto& uids = (*instance)->uids;
      auto begun = writer_->begin_file(uids.series_uid + '/' + uids.sop_instance_uid + ".dcm",
                                       size_of((*instance)->segments));
      if (!begun) co_return std::move(begun).error();
      reader_.emplace(std::move((*instance)->source), std::move((*instance)->segments),
                      SegmentReader::Files::read);
    }
    std::function<Result<void>()> work = [this] { return write_some(); };
    auto pending = api_.lane().run<void>(std::move(work));
    auto written = co_await std::move(pending);
    if (!written) co_return std::move(written).error();
  }
  co_return Piece{.bytes = writer_->made};
}

Result<void> ZipBody::write_some() {
  for (std::size_t done = 0; done < turn_bytes;) {
    TRY(const auto piece, reader_->next());
    if (piece.is_end()) {
      reader_.reset();
      return writer_->check(archive_write_finish_entry(writer_->handle));
    }
    TRY_DO(writer_->write(piece.bytes));
    done += piece.bytes.size();
  }
  return {};
}

}  // namespace lightbox::dicomweb
