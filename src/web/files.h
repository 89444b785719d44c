#pragma once

// The files of the study browser, as Vite built them (src/web/build.mjs writes the pack that is
// embedded): a table of paths, made once, immutable, safe from any thread. Knows no HTTP.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lightbox::web {

struct File {
  std::string_view path;  // "/", "/assets/index-Bc3kq.js"
  std::string_view content_type;
  std::string_view etag;     // quoted: a hash of the content
  std::string_view gzipped;  // the only form in which it is kept
  // Its name changes with its content: it may be cached for ever.
  [[nodiscard]] bool is_immutable() const { return path.starts_with("/assets/"); }
};

// The files of a pack, sorted by path; their views are into `pack`. A line "PATH\tTYPE\tETAG\tSIZE"
// for each, an empty line, then the contents in the same order. `invalid` when it is not that.
Result<std::vector<File>> read_pack(std::string_view pack);

// Those of this program; nullptr when there is none of that path.
[[nodiscard]] const File* find_file(std::string_view path);

}  // namespace lightbox::web
