// search: GET [base]/[type]?…, GET [base]?…, and in a compartment GET [base]/Patient/[id]/[type]?…
// and …/*?…, each also as POST …/_search (R4, http.html#search; compartmentdefinition.html).

#include <algorithm>
#include <chrono>
#include <fmt/format.h>

#include "fhir/search_types.h"
#include "http/text.h"
#include "rest/bundle.h"
#include "rest/list.h"
#include "rest/outcome.h"
#include "rest/published.h"
#include "rest/respond.h"
#include "rest/routes.h"
#include "rest/scope.h"
#include "rest/terminology.h"

namespace lightbox::rest {
namespace {

constexpr std::string_view form_type = "application/x-www-form-urlencoded";

// The URL's parameters, then the form's (R4: a server must take both).
Result<http::Parameters> search_parameters(const Call& call) {
  http::Parameters parameters = call.parameters;
  if (call.request.method != http::Method::post || call.request.body.empty()) return parameters;
  const auto types = split_list(call.request.field("Content-Type"), ';');
  if (types.empty() || !http::equals_ignoring_case(types[0], form_type)) {
    return problem(ProblemKind::unsupported_media_type,
                   fmt::format("A search by POST has its parameters as {}; Content-Type is '{}'",
                               form_type, call.request.field("Content-Type")));
  }
  // Counted before anything is made of them: a body has room for millions.
  const std::size_t parameters_max = call.api.options().limits.search_parameters_max;
  const auto separators = std::ranges::count(call.request.body, '&');
  if (static_cast<std::size_t>(separators) > parameters_max) {
    return problem(ProblemKind::invalid, "too-costly",
                   fmt::format("The search has more than {} parameters (search_parameters_max)",
                               parameters_max));
  }
  TRY(auto form, http::decode_form(call.request.body));
  for (auto& pair : form) parameters.push_back(std::move(pair));
  return parameters;
}

// A form may have _format and _pretty too (R4, http.html#parameters).
Result<void> take_form(Call& call) {
  TRY(call.parameters, search_parameters(call));
  TRY(call.wants, negotiate(call.request, call.parameters));
  return {};
}

// Whether one of the operators that ask for terminology may stand in a filter.
bool may_ask_for_meaning(std::string_view filter) {
  constexpr std::string_view white_space = " \t\r\n";
  for (const std::string_view operation : {"ss", "sb", "in", "ni"}) {
    for (auto at = filter.find(operation); at != std::string_view::npos;
         at = filter.find(operation, at + 1)) {
      if (at > 0 && white_space.contains(filter[at - 1])) return true;
    }
  }
  return false;
}

// Value sets and code systems that the parameters name are read while they are parsed.
bool needs_terminology(const Call& call) {
  return std::ranges::any_of(call.parameters, [](const auto& parameter) {
    const std::string_view name = parameter.first;
    if (name.ends_with("_filter")) return may_ask_for_meaning(parameter.second);
    return name.ends_with(":in") || name.ends_with(":not-in") || name.ends_with(":above") ||
           name.ends_with(":below");
  });
}

// One query for each type of the scope.
Result<std::vector<fhir::SearchQuery>> parse(const Call& call, const Scope& scope) {
  const auto terminology = terminology_of(call.api);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const Limits& limits = call.api.options().limits;
  const fhir::SearchContext context{
      .handling = call.wants.handling,
      .compartment = scope.compartment,
      .types = {},
      .index = call.search_options(),
      .now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count(),
      .terminology = &terminology,
      .contained = fhir::SearchContext::Contained::possible};
  std::vector<fhir::SearchQuery> queries;
  if (scope.kind == Scope::Kind::several_types) {
    TRY(queries, fhir::parse_search_types(scope.types, call.parameters, context, limits));
  } else {
    TRY(auto query, fhir::parse_search(*scope.types.front(), call.parameters, context, limits));
    queries.push_back(std::move(query));
  }
  TRY_DO(add_list_criteria(call, queries));
  return queries;
}

Result<store::SearchPage> search(const Call& call, const Scope& scope,
                                 std::span<const fhir::SearchQuery> queries, store::Effort effort) {
  store::Store& store = call.api.store();
  if (scope.kind != Scope::Kind::one_type) return store.search(queries, effort);
  const fhir::SearchQuery& query = queries.front();
  if (has_published(*query.type) && !scope.compartment) {
    return search_with_published(store, query, publisher_of(call), effort);
  }
  return store.search(query, effort);
}

// R4, search.html#conformance: what the server understood, for the self link. _format and _pretty
// go along, so that the next page looks like this one.
std::string query_string(const Call& call, const fhir::SearchQuery& query) {
  std::string text;
  const auto add = [&text](std::string_view name, std::string_view value) {
    text += text.empty() ? '?' : '&';
    http::append_encoded(name, text);
    text += '=';
    http::append_encoded(value, text);
  };
  for (const auto& [name, value] : query.used) add(name, value);
  for (const auto& [name, value] : call.parameters) {
    if (name == "_format" || name == "_pretty") add(name, value);
  }
  return text;
}

Issue too_many_included(const Call& call) {
  return {Severity::warning,
          "too-costly",
          fmt::format("_include and _revinclude would bring more than {} resources to this page "
                      "(included_resources_max); some are left out. A smaller _count brings fewer "
                      "at a time.",
                      call.api.options().limits.included_resources_max),
          {}};
}

http::Response respond(const Call& call, const Scope& scope, const fhir::SearchQuery& query,
                       const Result<store::SearchPage>& page) {
  if (!page) return problem_response(page.error(), call.wants);
  const std::string used = query_string(call, query);
  const std::string here = call.base + scope.path + used;
  const std::string_view separator = used.empty() ? "?" : "&";
  std::vector<Link> links;
  const auto with_cursor = [&](std::string_view cursor) {
    return fmt::format("{}{}_cursor={}", here, separator, cursor);
  };
  links.push_back({"self", query.cursor.empty() ? here : with_cursor(query.cursor)});
  if (!query.cursor.empty()) links.push_back({"first", here});
  if (!page->next_cursor.empty()) links.push_back({"next", with_cursor(page->next_cursor)});
  std::vector<Issue> notes = query.notes;
  if (page->included_is_cut) notes.push_back(too_many_included(call));
  if (!page->plan.empty()) {
    notes.push_back({Severity::information, "informational", page->plan, {}});
  }
  return json_response(200, searchset(call.base, *page, links, notes, query.subset), call.wants);
}

boost::asio::awaitable<http::Response> run(Call& call, Result<Scope> scope) {
  if (!scope) co_return problem_response(scope.error(), call.wants);
  if (auto taken = take_form(call); !taken) co_return problem_response(taken.error(), call.wants);
  if (auto taken = narrow(call.parameters, *scope); !taken) {
    co_return problem_response(taken.error(), call.wants);
  }
  using Queries = std::vector<fhir::SearchQuery>;
  auto queries = Result<Queries>(Queries());
  if (needs_terminology(call)) {
    std::function<Result<Queries>()> parse_there = [&call, &scope] { return parse(call, *scope); };
    auto pending_queries = call.api.slow_lane().run<Queries>(std::move(parse_there));
    queries = co_await std::move(pending_queries);
  } else {
    queries = parse(call, *scope);
  }
  if (!queries) co_return problem_response(queries.error(), call.wants);

  // A search is tried here first; one that turns out long is started again in the slow lane.
  const Limits& limits = call.api.options().limits;
  auto page = search(call, *scope, *queries, {.time_us = limits.search_inline_us});
  if (!page && page.error().kind == ProblemKind::too_costly) {
    const Scope* where = &*scope;
    const std::vector<fhir::SearchQuery>* shared = &*queries;
    const store::Effort effort{.time_us = limits.search_timeout_ms * 1000};
    std::function<Result<store::SearchPage>()> work = [&call, where, shared, effort] {
      return search(call, *where, *shared, effort);
    };
    auto pending = call.api.slow_lane().run<store::SearchPage>(std::move(work));
    page = co_await std::move(pending);
  }
  co_return respond(call, *scope, queries->front(), page);
}

}  // namespace

boost::asio::awaitable<http::Response> search_type(Call& call) {
  return run(call, type_scope(call));
}

boost::asio::awaitable<http::Response> search_compartment(Call& call) {
  return run(call, compartment_scope(call));
}

boost::asio::awaitable<http::Response> search_system(Call& call) {
  return run(call, system_scope(call));
}

}  // namespace lightbox::rest
