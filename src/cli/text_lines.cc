#include "cli/text_lines.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <zlib.h>

namespace lightbox::cli {
namespace {

constexpr unsigned read_bytes = 256 * 1024;

Problem cannot_read(const std::string& path, std::string_view why) {
  return problem(ProblemKind::invalid, "not-found",
                 fmt::format("{} cannot be read: {}", path, why));
}

}  // namespace

Result<TextLines> TextLines::open(const std::string& path, std::size_t line_bytes_max) {
  const int descriptor = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY);
  if (descriptor < 0) return cannot_read(path, std::strerror(errno));
  struct stat status{};
  if (::fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode)) {
    ::close(descriptor);
    return cannot_read(path, fmt::format("it is a folder; name its files, such as {}{}*.ndjson",
                                         path, path.ends_with('/') ? "" : "/"));
  }
  gzFile_s* file = gzdopen(descriptor, "rb");
  if (file == nullptr) {
    ::close(descriptor);
    return cannot_read(path, "no memory");
  }
  gzbuffer(file, read_bytes);
  return TextLines(path, file, line_bytes_max);
}

TextLines::TextLines(std::string path, gzFile_s* file, std::size_t line_bytes_max)
    : path_(std::move(path)), file_(file), line_bytes_max_(line_bytes_max) {}

TextLines::TextLines(TextLines&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, nullptr)),
      line_bytes_max_(other.line_bytes_max_),
      number_(other.number_),
      buffer_(std::move(other.buffer_)),
      begin_(other.begin_) {}

TextLines::~TextLines() {
  if (file_ != nullptr) gzclose_r(file_);
}

std::uint64_t TextLines::bytes_read() const {
  const auto offset = gzoffset(file_);
  return offset < 0 ? 0 : static_cast<std::uint64_t>(offset);
}

// Appends to the buffer; false: that was all.
Result<bool> TextLines::fill() {
  const std::size_t size = buffer_.size();
  buffer_.resize(size + read_bytes);
  errno = 0;
  const int count = gzread(file_, buffer_.data() + size, read_bytes);
  buffer_.resize(size + (count > 0 ? static_cast<std::size_t>(count) : 0));
  // A file that ends inside a compressed stream gives what there is, and Z_BUF_ERROR.
  int code = Z_OK;
  const char* message = gzerror(file_, &code);
  if (count < 0 || code == Z_BUF_ERROR) {
    const std::string_view said = message;
    const auto name_end = said.find(": ");  // after "<fd:3>"
    return cannot_read(path_, code == Z_ERRNO
                                  ? std::strerror(errno)
                                  : said.substr(name_end == said.npos ? 0 : name_end + 2));
  }
  return count > 0;
}

Result<TextLines::Line> TextLines::next() {
  ++number_;
  bool is_too_long = false;
  std::size_t searched = begin_;
  while (true) {
    const auto end = buffer_.find('\n', searched);
    if (end != std::string::npos) {
      const auto text = std::string_view(buffer_).substr(begin_, end + 1 - begin_);
      begin_ = end + 1;
      if (is_too_long || text.size() > line_bytes_max_) return Line{Kind::too_long, {}};
      return Line{Kind::line, text};
    }
    buffer_.erase(0, begin_);
    begin_ = 0;
    if (buffer_.size() > line_bytes_max_) {
      is_too_long = true;
      buffer_.clear();
    }
    searched = buffer_.size();
    TRY(const bool has_more, fill());
    if (has_more) continue;
    begin_ = buffer_.size();
    if (is_too_long) return Line{Kind::too_long, {}};
    return buffer_.empty() ? Line{} : Line{Kind::line, buffer_};
  }
}

}  // namespace lightbox::cli
