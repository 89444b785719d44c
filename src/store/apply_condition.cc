// Conditional operations (R4, http.html#ccreate, #cond-update, #cdelete): which resource it is, and
// what is then to be done.

#include <fmt/format.h>

#include "store/condition.h"
#include "store/writer.h"

namespace lightbox::store {
namespace {

Problem several_match(const Operation& operation) {
  return problem(
      ProblemKind::precondition_failed, "multiple-matches",
      fmt::format("The condition matches more than {} {} resource{}; nothing was changed",
                  operation.condition->matches_max, operation.type->name,
                  operation.condition->matches_max == 1 ? "" : "s"));
}

Problem none_matches(const Operation& operation) {
  return problem(ProblemKind::precondition_failed, "not-found",
                 fmt::format("The condition matches no {}", operation.type->name));
}

}  // namespace

Result<OperationResult> Applier::apply_conditional(const Operation& operation,
                                                   std::string_view body) {
  const Condition& condition = *operation.condition;
  TRY(auto ids, find_matches(*condition.query, shared_.systems, database_,
                             condition.matches_max + 1, condition_ticks_));
  if (ids.size() > condition.matches_max) return several_match(operation);
  const std::string first = ids.empty() ? std::string() : ids.front();
  const bool is_check = operation.kind == Operation::Kind::check;
  if (is_check && ids.empty()) return none_matches(operation);
  if (condition.expected && first != *condition.expected) {
    OperationResult result{OperationResult::Outcome::other_match};
    result.id = first;
    return result;
  }
  if (operation.kind == Operation::Kind::remove) return remove_matches(operation, std::move(ids));
  return ids.empty() ? apply_to_none(operation, body)
                     : apply_to_match(operation, body, std::move(ids.front()));
}

Result<OperationResult> Applier::apply_to_none(const Operation& operation, std::string_view body) {
  const Target target{operation, operation.id, body};
  if (operation.kind == Operation::Kind::put) {
    TRY(const auto current, find(target));
    if (current && current->method != Method::remove) {
      return problem(ProblemKind::conflict, "conflict",
                     fmt::format("{}/{} exists already, but the condition does not match it",
                                 operation.type->name, operation.id));
    }
  }
  TRY(auto result, apply_to(target));
  result.id = operation.id;
  return result;
}

Result<OperationResult> Applier::apply_to_match(const Operation& operation, std::string_view body,
                                                std::string id) {
  if (operation.kind == Operation::Kind::put) {
    if (operation.condition->is_id_fixed && id != operation.id) {
      return problem(ProblemKind::invalid, "value",
                     fmt::format("The condition matches {0}/{1}, but the body's id is '{2}'; it "
                                 "must be '{1}' or left out",
                                 operation.type->name, id, operation.id));
    }
    const std::string& chosen = chosen_ids_.emplace_back(std::move(id));
    TRY(auto result, apply_to({operation, chosen, body}));
    result.id = chosen;
    return result;
  }
  TRY(const auto current, find({operation, id, {}}));
  OperationResult result{OperationResult::Outcome::unchanged};
  if (current) {
    result.version = static_cast<std::uint64_t>(current->version);
    result.updated_ms = current->updated;
  }
  TRY_DO(operation.preconditions.check(*operation.type, id, {result.version, true}));
  result.id = std::move(id);
  return result;
}

Result<OperationResult> Applier::remove_matches(const Operation& operation,
                                                std::vector<std::string> ids) {
  if (ids.empty() && operation.preconditions.if_match.is_asked()) return none_matches(operation);
  OperationResult last{OperationResult::Outcome::unchanged};
  std::size_t removed = 0;
  for (std::string& id : ids) {
    const std::string& chosen = chosen_ids_.emplace_back(std::move(id));
    TRY(last, apply_to({operation, chosen, {}}));
    last.id = chosen;
    ++removed;
  }
  last.removed = removed;
  return last;
}

}  // namespace lightbox::store
