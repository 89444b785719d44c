// DELETE of a study, series or instance. PS3.18 has none; the form is that of other archives.

#include "dicomweb/routes.h"
#include "dicomweb/selection.h"

namespace lightbox::dicomweb {

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
