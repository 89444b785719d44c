// search: GET [base]/[type]?…, POST [base]/[type]/_search, and in the Patient compartment
// GET [base]/Patient/[id]/[type]?… (R4, http.html#search, #vsearch; compartmentdefinition.html).

#include "fhir/search.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>

#include "fhir/resource.h"
#include "rest/bundle.h"
#include "rest/outcome.h"
#include "rest/respond.h"
#include "rest/routes.h"

namespace lightbox::rest {
namespace {

constexpr std::string_view form_type = "application/x-www-form-urlencoded";

// The URL's parameters, then the form's (R4: a server must take both).
Result<http::Parameters> search_parameters(const Call& call) {
  http::Parameters parameters = call.parameters;
  if (call.request.method != http::Method::post || call.request.body.empty()) return parameters;
  const auto types = split_list(call.request.field("Content-Type"), ';');
  if (types.empty() || !equals_ignoring_case(types[0], form_type)) {
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

struct Scope {
  const fhir::ResourceType* type = nullptr;
  std::optional<std::string> patient;
  std::string path;  // of the links: "/Patient/123/ImagingStudy"
};

Result<Scope> type_scope(const Call& call) {
  TRY(const auto* type, call.type(0));
  return Scope{.type = type, .patient = {}, .path = fmt::format("/{}", type->name)};
}

Result<Scope> compartment_scope(const Call& call) {
  TRY(const auto* compartment, call.type(0));
  const std::string& last = call.captures[2];
  if (last.starts_with('$')) {
    return problem(ProblemKind::not_found, "not-supported",
                   fmt::format("The operation '{}' is not one of this server's", last));
  }
  TRY(const auto* type, call.type(2));
  if (compartment->name != "Patient") {
    return problem(ProblemKind::not_found, "not-supported",
                   fmt::format("{0}/{1}/{2}: this server searches in the Patient compartment only; "
                               "there may be a parameter of {2} for it, see /metadata",
                               compartment->name, call.captures[1], type->name));
  }
  if (type->patient_compartment.empty()) {
    return problem(ProblemKind::not_found, "not-supported",
                   fmt::format("{} is not in the Patient compartment (R4, "
                               "compartmentdefinition-patient.html)",
                               type->name));
  }
  if (!fhir::is_id(call.captures[1])) {
    return problem(ProblemKind::not_found, fmt::format("'{}' is not an id", call.captures[1]));
  }
  return Scope{.type = type,
               .patient = call.captures[1],
               .path = fmt::format("/Patient/{}/{}", call.captures[1], type->name)};
}

// A form may have _format and _pretty too (R4, http.html#parameters).
Result<void> take_form(Call& call) {
  TRY(call.parameters, search_parameters(call));
  TRY(call.wants, negotiate(call.request, call.parameters));
  return {};
}

Result<fhir::SearchQuery> parse(const Call& call, const Scope& scope) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const fhir::SearchContext context{
      .handling = call.wants.handling,
      .patient_compartment = scope.patient,
      .index = call.search_options(),
      .now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count()};
  return fhir::parse_search(*scope.type, call.parameters, context, call.api.options().limits);
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
  return json_response(200, searchset(call.base, *page, links, query.notes), call.wants);
}

boost::asio::awaitable<http::Response> run(Call& call, Result<Scope> scope) {
  if (!scope) co_return problem_response(scope.error(), call.wants);
  if (auto taken = take_form(call); !taken) co_return problem_response(taken.error(), call.wants);
  auto query = parse(call, *scope);
  if (!query) co_return problem_response(query.error(), call.wants);

  // A search is tried here first; one that turns out long is started again in the slow lane.
  const Limits& limits = call.api.options().limits;
  store::Store& store = call.api.store();
  auto page = store.search(*query, {.time_us = limits.search_inline_us});
  if (!page && page.error().kind == ProblemKind::too_costly) {
    const fhir::SearchQuery* shared = &*query;
    const store::Effort effort{.time_us = limits.search_timeout_ms * 1000};
    std::function<Result<store::SearchPage>()> work = [&store, shared, effort] {
      return store.search(*shared, effort);
    };
    auto pending = call.api.slow_lane().run<store::SearchPage>(std::move(work));
    page = co_await std::move(pending);
  }
  co_return respond(call, *scope, *query, page);
}

}  // namespace

boost::asio::awaitable<http::Response> search_type(Call& call) {
  return run(call, type_scope(call));
}

boost::asio::awaitable<http::Response> search_compartment(Call& call) {
  return run(call, compartment_scope(call));
}

}  // namespace lightbox::rest
