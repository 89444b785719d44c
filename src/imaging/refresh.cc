#include "imaging/refresh.h"

#include <fmt/format.h>

#include "rest/api.h"
#include "rest/outcome.h"
#include "rest/routes.h"

namespace lightbox::imaging {

Result<http::Response> refresh(rest::OperationCall& call, const Refresh& refresh) {
  const std::string source = call.input.text("source").value_or("");
  if (!refresh(source)) {
    return problem(ProblemKind::not_found,
                   source.empty() ? std::string("The configuration has no source")
                                  : fmt::format("The configuration has no source '{}'", source));
  }
  std::string outcome;
  rest::append_information(source.empty()
                               ? std::string("The newest days of all sources are being looked at")
                               : fmt::format("The newest days of {} are being looked at", source),
                           outcome);
  return rest::json_response(202, std::move(outcome), call.call.wants);
}

}  // namespace lightbox::imaging
