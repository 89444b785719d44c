// create: POST [base]/[type] (R4, http.html#create), also on the condition that there is none yet
// (#ccreate).

#include <algorithm>
#include <fmt/format.h>

#include "base/new_id.h"
#include "fhir/resource.h"
#include "http/text.h"
#include "rest/criteria.h"
#include "rest/outcome.h"
#include "rest/respond.h"
#include "rest/routes.h"

namespace lightbox::rest {
namespace {

// R4's conditional update has its criteria in the URL, and some clients write a conditional create
// like that. Whoever does wants no second resource, so criteria are not ignored as other parameters
// are.
Result<void> check_no_criteria(const Call& call, const fhir::ResourceType& type) {
  for (const auto& [name, value] : call.parameters) {
    const auto code = std::string_view(name).substr(0, name.find_first_of(":."));
    if (type.search_parameter(code) == nullptr) continue;
    return problem(
        ProblemKind::invalid, "not-supported",
        fmt::format("A create has no criteria in its URL, but this one has '{}'. To create "
                    "only when nothing matches, send the header If-None-Exist: {}={}",
                    name, name, value));
  }
  return {};
}

Result<std::optional<store::Condition>> condition_of(const Call& call,
                                                     const fhir::ResourceType& type) {
  const auto& fields = call.request.fields;
  const bool has_condition = std::ranges::any_of(fields, [](const auto& field) {
    return http::equals_ignoring_case(field.first, "If-None-Exist");
  });
  if (!has_condition) return std::optional<store::Condition>();
  // An empty one is refused: it was meant to be a condition.
  TRY(auto query, parse_criteria(call, type, call.request.field("If-None-Exist")));
  return store::Condition{.query = std::move(query)};
}

Result<store::Operation> prepare(const Call& call) {
  TRY(const auto* type, call.type(0));
  TRY_DO(check_no_criteria(call, *type));
  TRY(auto condition, condition_of(call, *type));
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
