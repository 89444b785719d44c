// create: POST [base]/[type] (R4, http.html#create), also on the condition that there is none yet
// (#ccreate).

#include "fhir/resource.h"
#include "rest/criteria.h"
#include "rest/new_id.h"
#include "rest/outcome.h"
#include "rest/respond.h"
#include "rest/routes.h"

namespace lightbox::rest {
namespace {

Result<store::Operation> prepare(const Call& call) {
  TRY(const auto* type, call.type(0));
  std::optional<store::Condition> condition;
  if (const auto criteria = call.request.field("If-None-Exist"); !criteria.empty()) {
    TRY(auto query, parse_criteria(call, *type, criteria));
    condition = store::Condition{.query = std::move(query)};
  }
  TRY(auto resource, parse_body(call, *type));
  return store::Operation{
      .kind = store::Operation::Kind::create,
      .type = type,
      .id = new_id(),  // an id in the body is ignored
      .body = fhir::to_stored(resource.json()),
      .index = fhir::index_resource(*type, resource.json(), call.api.index_options()),
      .condition = std::move(condition)};
}

// The match is answered as if it had just been stored.
Result<http::Response> existing_response(const Call& call, store::Operation& operation,
                                         store::OperationResult result) {
  TRY(auto found, call.api.store().read_version(*operation.type, result.id, result.version));
  operation.id = std::move(found.id);
  operation.body = std::move(found.body);
  return written_response(call,
                          {.status = 200, .operation = &operation, .result = std::move(result)});
}

}  // namespace

boost::asio::awaitable<http::Response> create(Call& call) {
  auto operation = prepare(call);
  if (!operation) co_return problem_response(operation.error(), call.wants);
  auto result = co_await commit(call, *operation);
  if (!result) co_return problem_response(result.error(), call.wants);
  if (result->outcome == store::OperationResult::Outcome::unchanged) {
    auto response = existing_response(call, *operation, *result);
    if (!response) co_return problem_response(response.error(), call.wants);
    co_return std::move(*response);
  }
  co_return written_response(call, {.status = 201, .operation = &*operation, .result = *result});
}

}  // namespace lightbox::rest
