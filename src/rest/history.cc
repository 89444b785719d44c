// history of an instance: GET [base]/[type]/[id]/_history (R4, http.html#history).

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "rest/bundle.h"
#include "rest/outcome.h"
#include "rest/published.h"
#include "rest/respond.h"
#include "rest/routes.h"

namespace lightbox::rest {
namespace {

Result<std::uint64_t> parse_number(std::string_view name, std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size()) return number;
  return problem(ProblemKind::invalid, "value",
                 fmt::format("{} is '{}'; it must be a number", name, text));
}

struct Asked {
  store::HistoryQuery query;
  std::optional<std::string> since;  // as it came
  std::int64_t since_ms = 0;
  std::string used;  // for the links, without _cursor
};

Result<void> apply(const Call& call, const std::string& name, const std::string& value,
                   Asked& asked) {
  if (name == "_format" || name == "_pretty") return {};
  if (name == "_cursor") {
    TRY(asked.query.before_version, parse_number(name, value));
    return {};
  }
  if (name == "_count") {
    TRY(asked.query.count, parse_number(name, value));
    asked.query.count =
        std::min<std::size_t>(asked.query.count, call.api.options().limits.page_size_max);
    asked.used += fmt::format("{}_count={}", asked.used.empty() ? '?' : '&', asked.query.count);
    return {};
  }
  if (name == "_since") {
    const auto interval = fhir::parse_date(value, call.api.index_options().zone_offset_minutes);
    if (!interval) {
      return problem(ProblemKind::invalid, "value",
                     fmt::format("_since is '{}'; it must be an instant, such as "
                                 "2024-06-15T10:30:00Z",
                                 value));
    }
    asked.since = value;
    asked.since_ms = interval->low;
    asked.used += asked.used.empty() ? "?_since=" : "&_since=";
    http::append_encoded(value, asked.used);
    return {};
  }
  if (name == "_summary" || name == "_elements") {  // parse_subset reads them
    asked.used += fmt::format("{}{}=", asked.used.empty() ? '?' : '&', name);
    http::append_encoded(value, asked.used);
    return {};
  }
  if (call.wants.handling == fhir::Handling::strict) {
    return problem(
        ProblemKind::invalid, "not-supported",
        fmt::format("'{}' is not a parameter of history here; _count, _since, _summary and "
                    "_elements are",
                    name));
  }
  return {};
}

// Versions come newest first, so _since ends the history where it begins.
void cut_at_since(const Asked& asked, store::HistoryPage& page) {
  if (!asked.since) return;
  auto& versions = page.versions;
  const auto end = std::ranges::find_if(
      versions, [&](const auto& version) { return version.updated_ms < asked.since_ms; });
  if (end == versions.end()) return;
  versions.erase(end, versions.end());
  page.next_before_version.reset();
}

// What is published has had one version.
Result<store::HistoryPage> history_of(const Call& call, const fhir::ResourceType& type,
                                      const store::HistoryQuery& query) {
  const std::string& id = call.captures[1];
  auto page = call.api.store().history(type, id, query);
  if (page || page.error().kind != ProblemKind::not_found) return page;
  auto published = find_published(type, id, call.base);
  if (!published) return page;
  store::HistoryPage one;
  one.versions.push_back(std::move(*published));
  one.total = 1;
  return one;
}

Result<http::Response> respond(const Call& call) {
  TRY(const auto* type, call.type(0));
  Asked asked;
  asked.query.count = call.api.options().limits.page_size_default;
  for (const auto& [name, value] : call.parameters) TRY_DO(apply(call, name, value, asked));
  TRY(const auto subset, fhir::parse_subset(call.parameters, *type));
  TRY(auto page, history_of(call, *type, asked.query));
  cut_at_since(asked, page);

  const std::string here =
      fmt::format("{}/{}/{}/_history{}", call.base, type->name, call.captures[1], asked.used);
  std::vector<Link> links{{"self", here}};
  if (page.next_before_version) {
    links.push_back({"next", fmt::format("{}{}_cursor={}", here, asked.used.empty() ? '?' : '&',
                                         *page.next_before_version)});
  }
  return json_response(200, history_bundle(call.base, page, links, subset), call.wants);
}

}  // namespace

boost::asio::awaitable<http::Response> history_instance(Call& call) {
  auto response = respond(call);
  if (!response) co_return problem_response(response.error(), call.wants);
  co_return std::move(*response);
}

}  // namespace lightbox::rest
