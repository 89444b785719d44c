#include "ingest/incoming_folder.h"

#include <filesystem>
#include <fmt/format.h>

#include "base/file.h"

namespace lightbox::ingest {

Result<std::unique_ptr<IncomingFolder>> IncomingFolder::open(const std::string& data_directory) {
  std::string path = fmt::format("{}/dicom/{}", data_directory, incoming_folder_name);
  std::error_code error;
  std::filesystem::remove_all(path, error);
  std::filesystem::create_directories(path, error);
  if (error) return file_problem("The folder could not be made", path, error.value());
  return std::unique_ptr<IncomingFolder>(new IncomingFolder(std::move(path)));
}

std::string IncomingFolder::new_path() { return fmt::format("{}/{}.part", path_, ++count_); }

}  // namespace lightbox::ingest
