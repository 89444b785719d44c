// create: POST [base]/[type] (R4, http.html#create).

#include "fhir/resource.h"
#include "rest/new_id.h"
#include "rest/outcome.h"
#include "rest/respond.h"
#include "rest/routes.h"

namespace lightbox::rest {
namespace {

Result<store::Operation> prepare(const Call& call) {
  TRY(const auto* type, call.type(0));
  if (!call.request.field("If-None-Exist").empty()) {
    return problem(ProblemKind::precondition_failed, "not-supported",
                   "Conditional create (If-None-Exist) is not supported; nothing was created");
  }
  TRY(auto resource, parse_body(call, *type));
  return store::Operation{
      .kind = store::Operation::Kind::create,
      .type = type,
      .id = new_id(),  // an id in the body is ignored
      .body = fhir::to_stored(resource.json()),
      .index = fhir::index_resource(*type, resource.json(), call.api.index_options()),
      .if_version = {}};
}

}  // namespace

boost::asio::awaitable<http::Response> create(Call& call) {
  auto operation = prepare(call);
  if (!operation) co_return problem_response(operation.error(), call.wants);
  auto result = co_await commit(call, *operation);
  if (!result) co_return problem_response(result.error(), call.wants);
  co_return written_response(call, {.status = 201, .operation = &*operation, .result = *result});
}

}  // namespace lightbox::rest
