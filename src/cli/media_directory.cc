#include "cli/media_directory.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <set>
#include <string_view>
#include <unistd.h>

#include "base/file.h"
#include "dicom/part10.h"

namespace lightbox::cli {
namespace {

std::string folded(std::string_view name) {
  std::string out(name.substr(0, name.find(';')));
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::toupper(c); });
  if (out.ends_with('.')) out.pop_back();
  return out;
}

// The names in each folder of the medium, as DICOM writes them.
class Folders {
 public:
  std::string find(const std::string& folder, const std::string& name) {
    auto& names = folders_[folder];
    if (names.empty()) {
      std::error_code error;
      for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const std::string found = entry.path().filename().string();
        names.emplace(folded(found), found);
      }
    }
    const auto found = names.find(folded(name));
    return folder + "/" + (found == names.end() ? name : found->second);
  }

 private:
  std::map<std::string, std::map<std::string, std::string>> folders_;
};

// PS3.10 8.2: the components of a File ID; none leads out of the medium.
bool is_component(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos;
}

}  // namespace

Result<std::vector<std::string>> media_files(const std::string& path, const Limits& limits) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    return problem(ProblemKind::invalid,
                   fmt::format("{} cannot be read: {}", path, std::strerror(errno)));
  }
  TRY(auto source, dicom::FileSource::of(file.get()));
  TRY(const auto directory, dicom::Part10::read(source, limits));
  if (directory.data_set().find(dicom::tags::DirectoryRecordSequence) == nullptr) {
    return problem(ProblemKind::invalid,
                   fmt::format("{} has no Directory Record Sequence (0004,1220)", path));
  }
  const std::string medium = std::filesystem::absolute(path).parent_path().string();
  Folders folders;
  std::vector<std::string> files;
  std::set<std::string> seen;
  for (const auto& record : directory.data_set().items(dicom::tags::DirectoryRecordSequence)) {
    const auto components = record.texts(dicom::tags::ReferencedFileID);
    if (components.empty()) continue;
    if (!std::ranges::all_of(components, is_component)) {
      return problem(ProblemKind::invalid, fmt::format("{} refers to '{}', which is no File ID",
                                                       path, fmt::join(components, "\\")));
    }
    std::string name = medium;
    for (const auto& component : components) name = folders.find(name, component);
    if (seen.insert(name).second) files.push_back(name);
  }
  return files;
}

bool is_media_directory_name(const std::string& path) {
  return folded(std::filesystem::path(path).filename().string()) == "DICOMDIR";
}

}  // namespace lightbox::cli
