#pragma once

// OHIF's published package, served from a folder (the `dist` of npm's @ohif/app). Its paths are
// baked to the origin's root: every file lies at "/" and its own name, its pages begin with
// /viewer. Its app-config.js is ours: one data source, this server.

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lightbox::web {

struct ViewerFile {
  std::string content_type;
  std::string etag;
  std::string body;
};

// Immutable once open; safe from any thread. The folder must not change while it is served.
class Viewer {
 public:
  // `not_found` when the folder has no index.html.
  static Result<Viewer> open(const std::string& directory);

  [[nodiscard]] bool is_open() const { return !files_.empty(); }
  // A file of the folder, or a page of the viewer. Never "/": that is the study browser.
  [[nodiscard]] bool has(std::string_view path) const;
  // Reads the whole file, on the caller's thread. `not_found`; `unavailable` when reading fails.
  [[nodiscard]] Result<ViewerFile> read(std::string_view path) const;

 private:
  std::map<std::string, std::string, std::less<>> files_;  // "/app.js": where it lies
};

}  // namespace lightbox::web
