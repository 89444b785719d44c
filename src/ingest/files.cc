#include "ingest/files.h"

#include <chrono>
#include <fmt/chrono.h>
#include <fmt/format.h>

namespace lightbox::ingest {
namespace {

constexpr int names_tried_max = 1'000;

std::string day_now() {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  return fmt::format("{:%Y/%m/%d}", fmt::gmtime(now));
}

}  // namespace

std::string first_name_of(std::string_view study_uid, std::string_view sop_instance_uid) {
  return fmt::format("{}/{}/{}.dcm", day_now(), study_uid, sop_instance_uid);
}

Result<NewFile> make_instance_file(
    std::string_view study_uid, std::string_view sop_instance_uid, std::string_view suffix,
    const std::function<Result<NewFile>(const std::string& name)>& make) {
  const std::string folder = fmt::format("{}/{}", day_now(), study_uid);
  for (int attempt = 0; attempt < names_tried_max; ++attempt) {
    const std::string number = attempt == 0 ? "" : fmt::format("-{}", attempt);
    auto file = make(fmt::format("{}/{}{}.dcm{}", folder, sop_instance_uid, number, suffix));
    if (file || file.error().kind != ProblemKind::conflict) return file;
  }
  return problem(ProblemKind::conflict,
                 fmt::format("There are {} files of instance {} in {} already", names_tried_max,
                             sop_instance_uid, folder));
}

}  // namespace lightbox::ingest
