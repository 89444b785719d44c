#include "imaging/refresh.h"

#include <fmt/format.h>

#include "rest/api.h"
#include "rest/outcome.h"
#include "rest/routes.h"

namespace lightbox::imaging {

Result<http::Response> refresh(rest::OperationCall& call, const Refresh& refresh) {
  constexpr std::string_view urn = "urn:oid:";
  RefreshRequest request{.source = call.input.text("source").value_or(""),
                         .study_uid = call.input.text("study").value_or(""),
                         .accession_number = call.input.text("accession").value_or("")};
  if (request.study_uid.starts_with(urn)) request.study_uid.erase(0, urn.size());
  const std::string& source = request.source;
  TRY(const bool is_known, refresh(request));
  if (!is_known) {
    return problem(ProblemKind::not_found,
                   source.empty() ? std::string("The configuration has no source")
                                  : fmt::format("The configuration has no source '{}'", source));
  }
  std::string what = "The newest days";
  if (!request.accession_number.empty()) {
    what = fmt::format("The studies of accession number {}", request.accession_number);
  }
  if (!request.study_uid.empty()) what = fmt::format("The study {}", request.study_uid);
  std::string outcome;
  rest::append_information(
      fmt::format("{} of {}: being looked at", what, source.empty() ? "all sources" : source),
      outcome);
  return rest::json_response(202, std::move(outcome), call.call.wants);
}

}  // namespace lightbox::imaging
