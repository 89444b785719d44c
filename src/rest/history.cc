// history: GET [base]/[type]/[id]/_history, [base]/[type]/_history and [base]/_history (R4,
// http.html#history).

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

using Order = store::HistoryQuery::Order;

template <typename Number>
Result<Number> parse_number(std::string_view name, std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size()) return number;
  return problem(ProblemKind::invalid, "value",
                 fmt::format("{} is '{}'; it must be a number", name, text));
}

// A place as the text of a next link: "time.key.version".
std::string to_cursor(const store::HistoryPlace& place) {
  return fmt::format("{}.{}.{}", place.updated_ms, place.key, place.version);
}

Result<store::HistoryPlace> parse_cursor(std::string_view text) {
  const auto parts = split_list(text, '.');
  if (parts.size() != 3) {
    return problem(ProblemKind::invalid, "value",
                   fmt::format("_cursor is '{}'; it must be one of a next link", text));
  }
  store::HistoryPlace place;
  TRY(place.updated_ms, parse_number<std::int64_t>("_cursor", parts[0]));
  TRY(place.key, parse_number<std::int64_t>("_cursor", parts[1]));
  TRY(place.version, parse_number<std::uint64_t>("_cursor", parts[2]));
  return place;
}

// The time that _at names: a date, with a prefix as in a search (R4, search.html#prefix).
Result<fhir::DateInterval> parse_at(std::string_view text, int zone_offset_minutes) {
  const bool has_prefix = text.size() > 2 && text[0] >= 'a' && text[0] <= 'z';
  const std::string_view prefix = has_prefix ? text.substr(0, 2) : "eq";
  const auto named = fhir::parse_date(has_prefix ? text.substr(2) : text, zone_offset_minutes);
  if (named) {
    if (prefix == "eq") return *named;
    if (prefix == "ge") return fhir::DateInterval{named->low, fhir::date_max};
    if (prefix == "gt" || prefix == "sa") return fhir::DateInterval{named->high, fhir::date_max};
    if (prefix == "le") return fhir::DateInterval{fhir::date_min, named->high};
    if (prefix == "lt" || prefix == "eb") return fhir::DateInterval{fhir::date_min, named->low};
  }
  return problem(
      ProblemKind::invalid, "value",
      fmt::format("_at is '{}'; it must be a date or time, such as 2024-06-15, which eq, "
                  "ge, gt, le, lt, sa or eb may precede",
                  text));
}

struct Asked {
  store::HistoryQuery query;
  std::string path;  // of the links
  std::string used;  // for the links, without _cursor
  fhir::Subset subset;
};

void use(std::string_view name, std::string_view value, Asked& asked) {
  asked.used += fmt::format("{}{}=", asked.used.empty() ? '?' : '&', name);
  http::append_encoded(value, asked.used);
}

Result<void> apply(const Call& call, const std::string& name, const std::string& value,
                   Asked& asked) {
  const int zone = call.api.index_options().zone_offset_minutes;
  if (name == "_cursor") {
    TRY(asked.query.after, parse_cursor(value));
    return {};
  }
  if (name == "_format" || name == "_pretty") {
    use(name, value, asked);
    return {};
  }
  if (name == "_count") {
    TRY(asked.query.count, parse_number<std::size_t>(name, value));
    asked.query.count =
        std::min<std::size_t>(asked.query.count, call.api.options().limits.page_size_max);
    use(name, fmt::format("{}", asked.query.count), asked);
    return {};
  }
  if (name == "_since") {
    const auto interval = fhir::parse_date(value, zone);
    if (!interval) {
      return problem(ProblemKind::invalid, "value",
                     fmt::format("_since is '{}'; it must be an instant, such as "
                                 "2024-06-15T10:30:00Z",
                                 value));
    }
    asked.query.since_ms = interval->low;
    use(name, value, asked);
    return {};
  }
  if (name == "_at") {
    TRY(asked.query.at, parse_at(value, zone));
    use(name, value, asked);
    return {};
  }
  if (name == "_sort") {
    if (value != "_lastUpdated" && value != "-_lastUpdated") {
      return problem(ProblemKind::invalid, "value",
                     fmt::format("_sort is '{}'; a history is sorted by -_lastUpdated (newest "
                                 "first, the default) or _lastUpdated",
                                 value));
    }
    asked.query.order = value == "_lastUpdated" ? Order::oldest_first : Order::newest_first;
    use(name, value, asked);
    return {};
  }
  if (name == "_summary" || name == "_elements") {  // parse_subset reads them
    use(name, value, asked);
    return {};
  }
  if (call.wants.handling == fhir::Handling::strict) {
    return problem(ProblemKind::invalid, "not-supported",
                   fmt::format("'{}' is not a parameter of history here; _count, _since, _at, "
                               "_sort, _summary and _elements are",
                               name));
  }
  return {};
}

Result<Asked> parse(const Call& call, std::string path, const fhir::ResourceType* type,
                    std::string id) {
  Asked asked;
  asked.path = std::move(path);
  asked.query.type = type;
  asked.query.id = std::move(id);
  asked.query.count = call.api.options().limits.page_size_default;
  for (const auto& [name, value] : call.parameters) {
    if (!value.empty()) TRY_DO(apply(call, name, value, asked));
  }
  std::vector<const fhir::ResourceType*> types;
  for (const auto& each : fhir::Definitions::r4().resource_types()) {
    if (type == nullptr || type == &each) types.push_back(&each);
  }
  TRY(asked.subset, fhir::parse_subset(call.parameters, types));
  return asked;
}

http::Response respond(const Call& call, const Asked& asked, const store::HistoryPage& page) {
  const std::string first = fmt::format("{}{}/_history{}", call.base, asked.path, asked.used);
  const auto at = [&](const store::HistoryPlace& place) {
    return fmt::format("{}{}_cursor={}", first, asked.used.empty() ? '?' : '&', to_cursor(place));
  };
  std::vector<Link> links{{"self", asked.query.after ? at(*asked.query.after) : first}};
  if (asked.query.after) links.push_back({"first", first});
  if (page.next) links.push_back({"next", at(*page.next)});
  return json_response(200, history_bundle(call.base, page, links, asked.subset), call.wants);
}

// What is published has had one version.
Result<store::HistoryPage> or_published(Result<store::HistoryPage> failed, const Asked& asked,
                                        const Publisher& publisher) {
  const store::HistoryQuery& query = asked.query;
  if (query.id.empty() || failed.error().kind != ProblemKind::not_found) return failed;
  auto published = find_published(*query.type, query.id, publisher);
  if (!published) return failed;
  store::HistoryPage one;
  one.versions.push_back(std::move(*published));
  one.total = 1;
  return one;
}

boost::asio::awaitable<http::Response> run(Call& call, Result<Asked> asked) {
  if (!asked) co_return problem_response(asked.error(), call.wants);
  // As a search: what turns out long is started again in the slow lane.
  const Limits& limits = call.api.options().limits;
  store::Store& store = call.api.store();
  auto page = store.history(asked->query, {.time_us = limits.search_inline_us});
  if (!page && page.error().kind == ProblemKind::too_costly) {
    const store::HistoryQuery* query = &asked->query;
    const store::Effort effort{.time_us = limits.search_timeout_ms * 1000};
    std::function<Result<store::HistoryPage>()> work = [&store, query, effort] {
      return store.history(*query, effort);
    };
    auto pending = call.api.slow_lane().run<store::HistoryPage>(std::move(work));
    page = co_await std::move(pending);
  }
  if (!page) page = or_published(std::move(page), *asked, publisher_of(call));
  if (!page) co_return problem_response(page.error(), call.wants);
  co_return respond(call, *asked, *page);
}

Result<Asked> parse_type(const Call& call) {
  TRY(const auto* type, call.type(0));
  return parse(call, fmt::format("/{}", type->name), type, {});
}

Result<Asked> parse_instance(const Call& call) {
  TRY(const auto* type, call.type(0));
  const std::string& id = call.captures[1];
  return parse(call, fmt::format("/{}/{}", type->name, id), type, id);
}

}  // namespace

boost::asio::awaitable<http::Response> history_instance(Call& call) {
  return run(call, parse_instance(call));
}

boost::asio::awaitable<http::Response> history_type(Call& call) {
  return run(call, parse_type(call));
}

boost::asio::awaitable<http::Response> history_system(Call& call) {
  return run(call, parse(call, "", nullptr, {}));
}

}  // namespace lightbox::rest
