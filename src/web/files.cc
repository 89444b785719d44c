#include "web/files.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/embedded.h"
#include "base/log.h"

namespace lightbox::web {
namespace {

std::string_view take_until(char delimiter, std::string_view& text) {
  const std::size_t end = std::min(text.find(delimiter), text.size());
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return taken;
}

Problem broken(std::string_view what) {
  return problem(ProblemKind::invalid, "structure",
                 "The pack of the page is broken: " + std::string(what));
}

const std::vector<File>& files() {
  static const std::vector<File> all = [] {
    auto read = read_pack(embedded_web());
    if (read) return std::move(*read);
    log(LogLevel::error, "page_missing", {{"what", read.error().issues.front().diagnostics}});
    return std::vector<File>{};
  }();
  return all;
}

}  // namespace

Result<std::vector<File>> read_pack(std::string_view pack) {
  const std::size_t index_end = pack.find("\n\n");
  if (index_end == std::string_view::npos) return broken("it has no end of its index");
  std::string_view index = pack.substr(0, index_end);
  std::string_view contents = pack.substr(index_end + 2);
  std::vector<File> files;
  while (!index.empty()) {
    std::string_view line = take_until('\n', index);
    File file{.path = take_until('\t', line),
              .content_type = take_until('\t', line),
              .etag = take_until('\t', line),
              .gzipped = {}};
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size);
    if (error != std::errc{} || end != line.data() + line.size() || size > contents.size()) {
      return broken(file.path);
    }
    file.gzipped = contents.substr(0, size);
    contents.remove_prefix(size);
    files.push_back(file);
  }
  if (!contents.empty()) return broken("there is more than its index says");
  std::ranges::sort(files, {}, &File::path);
  return files;
}

const File* find_file(std::string_view path) {
  const auto found = std::ranges::lower_bound(files(), path, {}, &File::path);
  return found != files().end() && found->path == path ? &*found : nullptr;
}

}  // namespace lightbox::web
