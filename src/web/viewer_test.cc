#include "web/viewer.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace lightbox::web {
namespace {

// A folder as OHIF's, removed with it.
class Folder {
 public:
  Folder() : path_(std::filesystem::path(testing::TempDir()) / "viewer") {
    std::filesystem::create_directories(path_ / "assets");
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  void write(const std::string& name, std::string_view content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
  }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

TEST(Viewer, NeedsAnIndex) {
  const Folder folder;
  EXPECT_FALSE(Viewer::open(folder.path()));
  EXPECT_FALSE(Viewer::open(folder.path() + "/none"));
  EXPECT_FALSE(Viewer().has("/viewer"));
}

TEST(Viewer, ServesItsFilesAndPages) {
  const Folder folder;
  folder.write("index.html", "<html>");
  folder.write("app.js", "run()");
  folder.write("assets/font.woff2", "f");
  folder.write("app-config.js", "theirs");
  const auto viewer = Viewer::open(folder.path());
  ASSERT_TRUE(viewer);
  EXPECT_TRUE(viewer->has("/app.js"));
  EXPECT_TRUE(viewer->has("/assets/font.woff2"));
  EXPECT_TRUE(viewer->has("/viewer"));
  EXPECT_TRUE(viewer->has("/viewer/dicomweb"));
  for (const char* path : {"/", "/index.html", "/viewers", "/none.js", "/../app.js", "/assets"}) {
    EXPECT_FALSE(viewer->has(path)) << path;
  }
  const auto script = viewer->read("/app.js");
  ASSERT_TRUE(script);
  EXPECT_EQ(script->body, "run()");
  EXPECT_EQ(script->content_type, "text/javascript; charset=utf-8");
  const auto page = viewer->read("/viewer");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->body, "<html>");
  EXPECT_NE(page->etag, script->etag);
  // Its configuration is this server's.
  const auto config = viewer->read("/app-config.js");
  ASSERT_TRUE(config);
  EXPECT_NE(config->body.find("/dicomweb"), std::string::npos);
  EXPECT_FALSE(viewer->read("/none.js"));
}

}  // namespace
}  // namespace lightbox::web
