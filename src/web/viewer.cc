#include "web/viewer.h"

#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>

namespace lightbox::web {
namespace {

// https://docs.ohif.org/configuration/configurationFiles: one data source, of the same origin.
constexpr std::string_view app_config = R"(window.config = {
  routerBasename: '/',
  showStudyList: true,
  extensions: [],
  modes: [],
  maxNumberOfWebWorkers: 3,
  showWarningMessageForCrossOrigin: false,
  showCPUFallbackMessage: true,
  strictZSpacingForVolumeViewport: true,
  investigationalUseDialog: { option: 'never' },
  defaultDataSourceName: 'dicomweb',
  dataSources: [
    {
      namespace: '@ohif/extension-default.dataSourcesModule.dicomweb',
      sourceName: 'dicomweb',
      configuration: {
        friendlyName: 'Lightbox',
        name: 'lightbox',
        wadoUriRoot: window.location.origin + '/dicomweb',
        qidoRoot: window.location.origin + '/dicomweb',
        wadoRoot: window.location.origin + '/dicomweb',
        qidoSupportsIncludeField: true,
        supportsFuzzyMatching: true,
        supportsWildcard: true,
        supportsReject: false,
        imageRendering: 'wadors',
        thumbnailRendering: 'wadors',
        enableStudyLazyLoad: true,
        dicomUploadEnabled: true,
        singlepart: 'pdf,video',
        bulkDataURI: { enabled: true },
        omitQuotationForMultipartRequest: true,
      },
    },
  ],
};
)";

constexpr std::array<std::pair<std::string_view, std::string_view>, 19> content_types = {{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".wasm", "application/wasm"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".gif", "image/gif"},
    {".ico", "image/vnd.microsoft.icon"},
    {".webp", "image/webp"},
    {".woff", "font/woff"},
    {".woff2", "font/woff2"},
    {".ttf", "font/ttf"},
    {".txt", "text/plain; charset=utf-8"},
    {".xml", "application/xml"},
    {".webmanifest", "application/manifest+json"},
}};

constexpr std::string_view config_path = "/app-config.js";

std::string_view content_type_of(const std::filesystem::path& path) {
  for (const auto& [extension, type] : content_types) {
    if (path.extension() == extension) return type;
  }
  return "application/octet-stream";
}

// Its routes: /viewer?StudyInstanceUIDs=…, /viewer/…
bool is_page(std::string_view path) { return path == "/viewer" || path.starts_with("/viewer/"); }

}  // namespace

Result<Viewer> Viewer::open(const std::string& directory) {
  Viewer viewer;
  std::error_code error;
  std::filesystem::recursive_directory_iterator walk(directory, error);
  for (const std::filesystem::recursive_directory_iterator end; !error && walk != end;
       walk.increment(error)) {
    if (!walk->is_regular_file(error)) continue;
    viewer.files_.emplace("/" + walk->path().lexically_relative(directory).generic_string(),
                          walk->path().string());
  }
  if (error || !viewer.files_.contains("/index.html")) {
    return problem(ProblemKind::not_found,
                   fmt::format("The viewer's folder {} has no index.html{}", directory,
                               error ? ": " + error.message() : ""));
  }
  return viewer;
}

bool Viewer::has(std::string_view path) const {
  // Its service worker would answer for the study browser, too.
  return is_open() && path != "/index.html" && path != "/sw.js" &&
         (is_page(path) || path == config_path || files_.contains(path));
}

Result<ViewerFile> Viewer::read(std::string_view path) const {
  if (path == config_path && is_open()) {
    return ViewerFile{.content_type = std::string(content_type_of(config_path)),
                      .etag = fmt::format("\"{:x}\"", std::hash<std::string_view>{}(app_config)),
                      .body = std::string(app_config)};
  }
  auto found = files_.find(path);
  if (found == files_.end() && is_page(path)) found = files_.find("/index.html");
  if (found == files_.end()) {
    return problem(ProblemKind::not_found, fmt::format("There is nothing at '{}'", path));
  }
  std::ifstream file(found->second, std::ios::binary);
  ViewerFile read{
      .content_type = std::string(content_type_of(found->second)), .etag = {}, .body = {}};
  read.body.assign(std::istreambuf_iterator<char>(file), {});
  if (!file) {
    return problem(ProblemKind::unavailable, fmt::format("{} cannot be read", found->second));
  }
  read.etag = fmt::format("\"{:x}\"", std::hash<std::string>{}(read.body));
  return read;
}

}  // namespace lightbox::web
