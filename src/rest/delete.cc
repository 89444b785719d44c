// delete: DELETE [base]/[type]/[id] (R4, http.html#delete). Deleting what is not there is no error.

#include <fmt/format.h>

#include "rest/condition.h"
#include "rest/outcome.h"
#include "rest/respond.h"
#include "rest/routes.h"

namespace lightbox::rest {
namespace {

Result<store::Operation> prepare(const Call& call) {
  TRY(const auto* type, call.type(0));
  TRY(const auto condition, write_condition(call, *type, call.captures[1]));
  return store::Operation{.kind = store::Operation::Kind::remove,
                          .type = type,
                          .id = call.captures[1],
                          .body = {},
                          .index = {},
                          .if_version = condition.if_version};
}

http::Response outcome_response(const Call& call, const store::OperationResult& result) {
  const bool was_there = result.outcome == store::OperationResult::Outcome::removed;
  const Issue issue{.severity = Severity::information,
                    .code = "informational",
                    .diagnostics = fmt::format("{}/{} {}", call.captures[0], call.captures[1],
                                               was_there ? "was deleted" : "was not there"),
                    .expression = {}};
  std::string body;
  append_outcome({&issue, 1}, body);
  return json_response(200, std::move(body), call.wants);
}

}  // namespace

boost::asio::awaitable<http::Response> remove(Call& call) {
  auto operation = prepare(call);
  if (!operation) co_return problem_response(operation.error(), call.wants);
  auto result = co_await commit(call, std::move(*operation));
  if (!result) co_return problem_response(result.error(), call.wants);
  http::Response response{.status = 204, .fields = {}, .body = {}};
  if (call.wants.prefer_return == PreferReturn::operation_outcome) {
    response = outcome_response(call, *result);
  }
  if (result->version > 0) response.fields.emplace_back("ETag", etag(result->version));
  co_return response;
}

}  // namespace lightbox::rest
