// DELETE of a study, series or instance. PS3.18 has none; the form is that of other archives.

#include <fmt/format.h>

#include "dicom/part10.h"
#include "dicomweb/routes.h"

namespace lightbox::dicomweb {
namespace {

Result<store::DicomSelection> selection_of(const Call& call) {
  for (const std::string& uid : call.captures) {
    if (dicom::is_uid(uid, dicom::UidRule::lenient)) continue;
    return problem(
        ProblemKind::invalid,
        fmt::format("'{}' in the URL is no UID: digits and dots, 64 characters at most", uid));
  }
  const auto capture = [&](std::size_t index) {
    return index < call.captures.size() ? call.captures[index] : std::string();
  };
  return store::DicomSelection{
      .study_uid = capture(0), .series_uid = capture(1), .sop_instance_uid = capture(2)};
}

}  // namespace

boost::asio::awaitable<http::Response> remove(Call& call) {
  const auto selection = selection_of(call);
  if (!selection) co_return call.problem_response(selection.error());
  std::function<Result<std::uint64_t>()> work = [&call, &selection] {
    return call.api.archive().remove(*selection);
  };
  auto pending = call.api.lane().run<std::uint64_t>(std::move(work));
  const auto removed = co_await std::move(pending);
  if (!removed) co_return call.problem_response(removed.error());
  co_return http::Response{.status = 204, .fields = {}, .body = {}};
}

}  // namespace lightbox::dicomweb
