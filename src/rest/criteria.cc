#include "rest/criteria.h"

#include <chrono>
#include <fmt/format.h>
#include <vector>

#include "rest/list.h"
#include "rest/terminology.h"

namespace lightbox::rest {
namespace {

// The writer looks at one resource at a time, while others wait.
Result<void> check_columns(const fhir::SearchQuery& query) {
  using enum fhir::Criterion::Column;
  for (const fhir::Criterion& criterion : query.criteria) {
    if (criterion.column != chain && criterion.column != filter) continue;
    return problem(ProblemKind::invalid, "not-supported",
                   fmt::format("A condition on {} may not have {}; it must be decided by what the "
                               "resource itself says, such as an identifier",
                               query.type->name,
                               criterion.column == filter ? "a _filter" : "chains and _has"));
  }
  return {};
}

}  // namespace

Result<CriteriaQuery> parse_criteria(const Call& call, const fhir::ResourceType& type,
                                     const http::Parameters& parameters) {
  const auto terminology = terminology_of(call.api);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const fhir::SearchContext context{
      .handling = fhir::Handling::strict,
      .compartment = std::nullopt,
      .types = {},
      .index = call.search_options(),
      .now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count(),
      .terminology = &terminology};
  std::vector<fhir::SearchQuery> queries;
  TRY(queries.emplace_back(),
      fhir::parse_search(type, parameters, context, call.api.options().limits));
  TRY_DO(add_list_criteria(call, queries));
  fhir::SearchQuery& query = queries.front();
  if (query.criteria.empty()) {
    return problem(ProblemKind::invalid, "required",
                   fmt::format("A condition on {0} needs a search parameter with a value, such as "
                               "{0}?identifier=…; without one it would match every {0}",
                               type.name));
  }
  TRY_DO(check_columns(query));
  return std::make_shared<const fhir::SearchQuery>(std::move(query));
}

Result<CriteriaQuery> parse_criteria(const Call& call, const fhir::ResourceType& type,
                                     std::string_view text) {
  const auto question = text.find('?');
  const auto before = question == std::string_view::npos ? "" : text.substr(0, question);
  if (!before.empty() && before != type.name) {
    return problem(
        ProblemKind::invalid, "value",
        fmt::format("The condition '{}' is on {}, but it must be on {}", text, before, type.name));
  }
  if (question != std::string_view::npos) text.remove_prefix(question + 1);
  TRY(const auto parameters, http::decode_form(text));
  return parse_criteria(call, type, parameters);
}

Result<std::string> find_match(store::Store& store, const fhir::SearchQuery& query,
                               store::Effort effort) {
  fhir::SearchQuery two = query;
  two.count = 2;
  two.count_only = false;
  two.sort.clear();
  two.cursor.clear();
  two.includes.clear();
  two.total = fhir::TotalMode::none;
  TRY(const auto page, store.search(two, effort));
  if (page.matches.size() > 1) {
    return problem(ProblemKind::precondition_failed, "multiple-matches",
                   fmt::format("The condition matches more than 1 {} resource; nothing was changed",
                               query.type->name));
  }
  return page.matches.empty() ? std::string() : page.matches.front().id;
}

boost::asio::awaitable<Result<std::string>> find_match(Call& call, CriteriaQuery query) {
  const Limits& limits = call.api.options().limits;
  store::Store& store = call.api.store();
  auto found = find_match(store, *query, {.time_us = limits.search_inline_us});
  if (found || found.error().kind != ProblemKind::too_costly) co_return found;
  const store::Effort effort{.time_us = limits.search_timeout_ms * 1000};
  std::function<Result<std::string>()> work = [&store, query, effort] {
    return find_match(store, *query, effort);
  };
  auto pending = call.api.slow_lane().run<std::string>(std::move(work));
  co_return co_await std::move(pending);
}

}  // namespace lightbox::rest
