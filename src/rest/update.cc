// update, and create with a client's id: PUT [base]/[type]/[id] (R4, http.html#update, #upsert);
// and of the one resource that matches: PUT [base]/[type]?criteria (#cond-update).

#include <fmt/format.h>

#include "base/new_id.h"
#include "fhir/resource.h"
#include "rest/condition.h"
#include "rest/criteria.h"
#include "rest/outcome.h"
#include "rest/respond.h"
#include "rest/routes.h"

namespace lightbox::rest {
namespace {

Result<void> check_id(const fhir::Resource& resource, const std::string& id) {
  const auto in_body = resource.id();
  if (in_body == id) return {};
  return problem(ProblemKind::invalid, in_body.empty() ? "required" : "value",
                 in_body.empty()
                     ? fmt::format("The body has no id; it must be the URL's, '{}'", id)
                     : fmt::format("The body's id is '{}', but the URL says '{}'", in_body, id),
                 fmt::format("{}.id", resource.type->name));
}

Result<store::Operation> prepare(const Call& call) {
  TRY(const auto* type, call.type(0));
  const std::string& id = call.captures[1];
  if (!fhir::is_id(id)) {
    return problem(ProblemKind::invalid, "value",
                   fmt::format("'{}' is not an id: 1 to 64 of A-Z a-z 0-9 - .", id));
  }
  TRY(auto resource, parse_body(call, *type));
  TRY_DO(check_id(resource, id));
  TRY(auto conditions, preconditions(call.request));
  return store::Operation{
      .kind = store::Operation::Kind::put,
      .type = type,
      .id = id,
      .body = fhir::to_stored(resource.json()),
      .index = fhir::index_resource(*type, resource.json(), call.api.index_options()),
      .preconditions = std::move(conditions)};
}

Result<store::Operation> prepare_conditional(const Call& call) {
  TRY(const auto* type, call.type(0));
  TRY(auto query, parse_criteria(call, *type, call.parameters));
  TRY(auto conditions, preconditions(call.request));
  TRY(auto resource, parse_body(call, *type));
  const std::string id(resource.id());
  return store::Operation{
      .kind = store::Operation::Kind::put,
      .type = type,
      .id = id.empty() ? new_id() : id,
      .body = fhir::to_stored(resource.json()),
      .index = fhir::index_resource(*type, resource.json(), call.api.index_options()),
      .preconditions = std::move(conditions),
      .condition = store::Condition{.query = std::move(query), .is_id_fixed = !id.empty()}};
}

boost::asio::awaitable<http::Response> put(Call& call, Result<store::Operation> operation) {
  if (!operation) co_return problem_response(operation.error(), call.wants);
  auto result = co_await commit(call, *operation);
  if (!result) co_return problem_response(result.error(), call.wants);
  if (!result->id.empty()) operation->id = result->id;
  const bool is_new = result->outcome == store::OperationResult::Outcome::created;
  co_return written_response(
      call, {.status = is_new ? 201 : 200, .operation = &*operation, .result = *result});
}

}  // namespace

boost::asio::awaitable<http::Response> update(Call& call) { return put(call, prepare(call)); }

boost::asio::awaitable<http::Response> update_conditional(Call& call) {
  return put(call, prepare_conditional(call));
}

}  // namespace lightbox::rest
