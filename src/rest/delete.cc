// delete: DELETE [base]/[type]/[id] (R4, http.html#delete), and of what matches:
// DELETE [base]/[type]?criteria (#3.1.0.7.1). Deleting what is not there is no error.

#include <fmt/format.h>

#include "rest/condition.h"
#include "rest/criteria.h"
#include "rest/outcome.h"
#include "rest/respond.h"
#include "rest/routes.h"

namespace lightbox::rest {
namespace {

Result<store::Operation> prepare(const Call& call) {
  TRY(const auto* type, call.type(0));
  TRY(auto conditions, preconditions(call.request));
  return store::Operation{.kind = store::Operation::Kind::remove,
                          .type = type,
                          .id = call.captures[1],
                          .body = {},
                          .index = {},
                          .preconditions = std::move(conditions)};
}

Result<store::Operation> prepare_conditional(const Call& call) {
  TRY(const auto* type, call.type(0));
  TRY(auto query, parse_criteria(call, *type, call.parameters));
  TRY(auto conditions, preconditions(call.request));
  return store::Operation{
      .kind = store::Operation::Kind::remove,
      .type = type,
      .id = {},
      .body = {},
      .index = {},
      .preconditions = std::move(conditions),
      .condition = store::Condition{.query = std::move(query),
                                    .matches_max = conditional_delete_max(call.api.options())}};
}

http::Response outcome_response(const Call& call, std::string diagnostics) {
  std::string body;
  append_information(std::move(diagnostics), body);
  return json_response(200, std::move(body), call.wants);
}

boost::asio::awaitable<http::Response> run(Call& call, Result<store::Operation> operation) {
  if (!operation) co_return problem_response(operation.error(), call.wants);
  auto result = co_await commit(call, *operation);
  if (!result) co_return problem_response(result.error(), call.wants);
  http::Response response{.status = 204, .fields = {}, .body = {}};
  if (call.wants.prefer_return == PreferReturn::operation_outcome) {
    response = outcome_response(call, describe_removal(*operation->type, operation->id, *result));
  }
  if (result->version > 0 && result->removed < 2) {
    response.fields.emplace_back("ETag", etag(result->version));
  }
  co_return response;
}

}  // namespace

std::size_t conditional_delete_max(const ApiOptions& options) {
  return options.conditional_delete == ConditionalDelete::multiple
             ? options.limits.conditional_delete_max
             : 1;
}

boost::asio::awaitable<http::Response> remove(Call& call) { return run(call, prepare(call)); }

boost::asio::awaitable<http::Response> remove_conditional(Call& call) {
  return run(call, prepare_conditional(call));
}

}  // namespace lightbox::rest
