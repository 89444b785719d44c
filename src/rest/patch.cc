// patch: PATCH [base]/[type]/[id], and of the one resource that matches: PATCH
// [base]/[type]?criteria (R4, http.html#patch; RFC 5789).
//
// 400: the patch document is malformed, or what it makes of the resource fails basic validation: R4
// has the result processed "as an Update operation", which answers that with 400. 422: the patch is
// well-formed but cannot be applied (RFC 5789, section 2.2, "unprocessable request"); so is a JSON
// Patch `test` that does not hold, and a change of what identifies the resource. Nothing is changed
// then. A patch that leaves the content as it was makes no version; the answer is the one that is
// there.

#include <fmt/format.h>

#include "rest/condition.h"
#include "rest/criteria.h"
#include "rest/outcome.h"
#include "rest/patch_document.h"
#include "rest/respond.h"
#include "rest/routes.h"

namespace lightbox::rest {
namespace {

// How often a patch is applied again because another write came in between. Of n clients that patch
// one resource at once, one gets through in each of the writer's batches, so this is generous; past
// it 409.
constexpr int attempts_max = 200;

struct Asked {
  const fhir::ResourceType* type = nullptr;
  std::string id;          // empty: what matches
  CriteriaQuery criteria;  // then there is one
  store::Preconditions conditions;
  PatchDocument patch;
};

Result<Asked> parse(const Call& call) {
  Asked asked;
  TRY(asked.type, call.type(0));
  if (call.captures.size() > 1) {
    asked.id = call.captures[1];
  } else {
    TRY(asked.criteria, parse_criteria(call, *asked.type, call.parameters));
  }
  TRY(asked.conditions, preconditions(call.request));
  TRY(const PatchFormat format, patch_format(call.request.field("Content-Type")));
  TRY(asked.patch, read_patch(call.request.body, format, call.api.options().limits));
  return asked;
}

// What is to be written, for the version that is current; its body is that of the version when
// there is nothing to change.
struct Attempt {
  store::StoredResource current;
  store::Operation operation;
};

Result<Attempt> prepare(const Call& call, const Asked& asked, const std::string& id) {
  const Limits& limits = call.api.options().limits;
  Attempt attempt;
  TRY(attempt.current, call.api.store().read(*asked.type, id));
  TRY_DO(asked.conditions.check(*asked.type, id, {attempt.current.version, true}));
  TRY(const auto patched, apply_patch(asked.patch, attempt.current, limits));
  TRY(attempt.operation,
      patch_operation(*patched.root(), attempt.current, call.api.index_options(), limits));
  if (asked.criteria) {
    attempt.operation.condition = store::Condition{.query = asked.criteria, .expected = id};
  }
  return attempt;
}

http::Response answer(const Call& call, const Attempt& attempt,
                      const store::OperationResult& result) {
  return written_response(call, {.status = 200, .operation = &attempt.operation, .result = result});
}

http::Response refusal(const Call& call, const Problem& problem) {
  auto response = problem_response(problem, call.wants);
  if (problem.kind == ProblemKind::unsupported_media_type) {
    response.fields.emplace_back("Accept-Patch", patch_media_types);
  }
  return response;
}

Problem too_much_traffic(const Asked& asked) {
  return problem(ProblemKind::conflict,
                 fmt::format("The {} was changed by others each of the {} times that the patch was "
                             "applied; nothing was changed by it. Try again",
                             asked.type->name, attempts_max));
}

// The one that matches now. R4, http.html#patch: none is 404, several are 412.
boost::asio::awaitable<Result<std::string>> choose(Call& call, const Asked& asked) {
  if (!asked.criteria) co_return asked.id;
  auto finding = find_match(call, asked.criteria);
  auto found = co_await std::move(finding);
  if (found && found->empty()) {
    co_return problem(
        ProblemKind::not_found,
        fmt::format("No {} matches the criteria; a patch does not create", asked.type->name));
  }
  co_return found;
}

// Another write came first, or the criteria match another resource by now. Whether the client's
// If-Match allows that, shows when it is read again.
bool is_overtaken(const Result<store::OperationResult>& result) {
  if (result) return result->outcome == store::OperationResult::Outcome::other_match;
  return result.error().kind == ProblemKind::precondition_failed;
}

}  // namespace

boost::asio::awaitable<http::Response> patch(Call& call) {
  const auto asked = parse(call);
  if (!asked) co_return refusal(call, asked.error());
  for (int attempt_number = 0; attempt_number < attempts_max; ++attempt_number) {
    auto choosing = choose(call, *asked);
    const auto id = co_await std::move(choosing);
    if (!id) co_return refusal(call, id.error());
    auto attempt = prepare(call, *asked, *id);
    if (!attempt) co_return refusal(call, attempt.error());
    if (attempt->operation.body == attempt->current.body) {
      const store::OperationResult unchanged{.outcome = store::OperationResult::Outcome::unchanged,
                                             .version = attempt->current.version,
                                             .updated_ms = attempt->current.updated_ms};
      co_return answer(call, *attempt, unchanged);
    }
    auto committing = commit(call, attempt->operation);
    const auto result = co_await std::move(committing);
    if (is_overtaken(result)) continue;
    if (!result) co_return refusal(call, result.error());
    co_return answer(call, *attempt, *result);
  }
  co_return refusal(call, too_much_traffic(*asked));
}

}  // namespace lightbox::rest
