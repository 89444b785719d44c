#include "rest/everything.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <set>

#include "base/new_id.h"
#include "fhir/index_values.h"
#include "fhir/path.h"
#include "fhir/resource.h"
#include "rest/bundle.h"
#include "rest/outcome.h"

namespace lightbox::rest {
namespace {

using fhir::Json;

// Resources that the matches of one page refer to; past it the page says so.
constexpr std::size_t included_max = 10'000;

// Where a page begins: a section, and the store's cursor in it.
struct Position {
  std::size_t section = 0;
  std::string cursor;
};

std::string to_text(const Position& position) {
  return fmt::format("{}.{}", position.section, position.cursor);
}

Result<Position> parse_position(std::string_view text, std::size_t sections) {
  Position position;
  const auto dot = text.find('.');
  const char* end = text.data() + std::min(dot, text.size());
  const auto [stop, error] = std::from_chars(text.data(), end, position.section);
  if (error != std::errc{} || stop != end || dot == std::string_view::npos ||
      position.section >= sections) {
    return problem(ProblemKind::invalid, "value",
                   "_cursor is not one of this operation's: take the next link as it is");
  }
  position.cursor = text.substr(dot + 1);
  return position;
}

// A resource as JSON; its references are seen in it.
struct Entry {
  store::StoredResource resource;
  std::string_view mode;  // match, include
};

class Page {
 public:
  Page(const OperationCall& call, const EverythingPlan& plan, std::size_t count)
      : call_(call), plan_(plan), options_(call.call.search_options()), count_(count) {}

  Result<void> fill(Position from);
  Result<void> include(std::optional<std::int64_t> since_ms,
                       const std::vector<const fhir::ResourceType*>& types);
  [[nodiscard]] http::Response respond(const std::optional<Position>& first,
                                       std::string_view used) const;

 private:
  Result<void> take(const EverythingSection& section, store::StoredResource resource);
  Result<fhir::JsonDocument> parse(const store::StoredResource& resource) const;
  Result<void> include_one(const std::string& reference, std::optional<std::int64_t> since_ms,
                           const std::vector<const fhir::ResourceType*>& types);
  [[nodiscard]] std::string link(std::string_view used, const Position& position) const;

  const OperationCall& call_;
  const EverythingPlan& plan_;
  fhir::IndexOptions options_;
  std::size_t count_;
  std::vector<Entry> entries_;
  std::set<std::string> seen_;      // "Patient/1" of every entry
  std::set<std::string> referred_;  // what the matches refer to
  std::optional<Position> next_;
  std::vector<Issue> notes_;
};

Result<void> Page::fill(Position at) {
  const store::Effort effort{.time_us = call_.call.api.options().limits.search_timeout_ms * 1000};
  while (at.section < plan_.sections.size() && entries_.size() < count_) {
    const EverythingSection& section = plan_.sections[at.section];
    fhir::SearchQuery query;
    query.type = section.type;
    query.criteria = section.criteria;
    query.count = count_ - entries_.size();
    query.cursor = std::move(at.cursor);
    TRY(auto page, call_.call.api.store().search(query, effort));
    for (auto& match : page.matches) TRY_DO(take(section, std::move(match)));
    at.cursor = std::move(page.next_cursor);
    if (at.cursor.empty()) ++at.section;
  }
  if (at.section < plan_.sections.size()) next_ = std::move(at);
  return {};
}

Result<fhir::JsonDocument> Page::parse(const store::StoredResource& resource) const {
  std::string text;
  store::append_resource(resource, text);
  return fhir::parse_json(text, call_.call.api.options().limits);
}

Result<void> Page::take(const EverythingSection& section, store::StoredResource resource) {
  TRY(const auto document, parse(resource));
  if (section.keeps) {
    const auto entries = fhir::index_resource(*resource.type, *document.root(), options_);
    if (!section.keeps(*document.root(), entries)) return {};
  }
  if (!seen_.insert(fmt::format("{}/{}", resource.type->name, resource.id)).second) return {};
  for (auto& reference : references_of(*document.root(), options_)) {
    referred_.insert(std::move(reference));
  }
  entries_.push_back({std::move(resource), "match"});
  return {};
}

Result<void> Page::include(std::optional<std::int64_t> since_ms,
                           const std::vector<const fhir::ResourceType*>& types) {
  std::size_t included = 0;
  for (const std::string& reference : referred_) {
    if (seen_.contains(reference)) continue;
    if (++included > included_max) {
      notes_.push_back(
          {Severity::warning,
           "too-costly",
           fmt::format("The resources of this page refer to more than {} others; those past "
                       "them were left out",
                       included_max),
           {}});
      return {};
    }
    TRY_DO(include_one(reference, since_ms, types));
  }
  return {};
}

Result<void> Page::include_one(const std::string& reference, std::optional<std::int64_t> since_ms,
                               const std::vector<const fhir::ResourceType*>& types) {
  const std::string_view name = fhir::type_of_reference(reference);
  if (name.empty() || reference.find('/') != name.size()) return {};  // somebody else's
  const auto* type = fhir::Definitions::r4().resource_type(name);
  if (type == nullptr) return {};
  if (!types.empty() && std::ranges::find(types, type) == types.end()) return {};
  auto found = call_.call.api.store().read(*type, reference.substr(name.size() + 1));
  if (!found) {
    const auto kind = found.error().kind;
    if (kind == ProblemKind::not_found || kind == ProblemKind::gone) return {};
    return std::move(found).error();
  }
  if (since_ms && found->updated_ms < *since_ms) return {};
  TRY(const auto document, parse(*found));
  const auto entries = fhir::index_resource(*type, *document.root(), options_);
  if (plan_.is_match(*type, *document.root(), entries)) return {};
  seen_.insert(reference);
  entries_.push_back({std::move(*found), "include"});
  return {};
}

std::string Page::link(std::string_view used, const Position& position) const {
  std::string url =
      fmt::format("{}{}{}{}_cursor=", call_.call.base, plan_.path, used, used.empty() ? "?" : "&");
  http::append_encoded(to_text(position), url);
  return url;
}

http::Response Page::respond(const std::optional<Position>& first, std::string_view used) const {
  const std::string here = fmt::format("{}{}{}", call_.call.base, plan_.path, used);
  std::string out =
      fmt::format(R"({{"resourceType":"Bundle","id":"{}","type":"searchset","link":[)", new_id());
  const auto add_link = [&out](std::string_view relation, std::string_view url) {
    out += fmt::format(R"({}{{"relation":"{}","url":)", out.ends_with('[') ? "" : ",", relation);
    fhir::write_json_string(url, out);
    out += '}';
  };
  add_link("self", first ? link(used, *first) : here);
  if (next_) add_link("next", link(used, *next_));
  out += ']';
  char separator = '[';
  const auto begin_entry = [&] {
    if (separator == '[') out += R"(,"entry":)";
    out += separator;
    separator = ',';
  };
  for (const auto& [resource, mode] : entries_) {
    begin_entry();
    out += R"({"fullUrl":)";
    fhir::write_json_string(
        fmt::format("{}/{}/{}", call_.call.base, resource.type->name, resource.id), out);
    out += R"(,"resource":)";
    store::append_resource(resource, out);
    out += fmt::format(R"(,"search":{{"mode":"{}"}}}})", mode);
  }
  std::vector<Issue> notes = notes_;
  if (!first) notes.insert(notes.end(), plan_.notes.begin(), plan_.notes.end());
  if (!notes.empty()) {
    begin_entry();
    out += R"({"resource":)";
    append_outcome(notes, out);
    out += R"(,"search":{"mode":"outcome"}})";
  }
  if (separator == ',') out += ']';
  out += '}';
  return json_response(200, std::move(out), call_.call.wants);
}

// --- The parameters -----------------------------------------------------------------------------

Result<std::vector<const fhir::ResourceType*>> types_of(const OperationCall& call) {
  std::vector<const fhir::ResourceType*> types;
  for (const std::string& list : call.input.texts("_type")) {
    for (const auto name : split_list(list, ',')) {
      const auto* type = fhir::Definitions::r4().resource_type(name);
      if (type == nullptr) {
        return problem(
            ProblemKind::invalid, "value",
            fmt::format("_type has '{}', which is not a resource type of FHIR R4", name));
      }
      types.push_back(type);
    }
  }
  return types;
}

Result<std::optional<std::int64_t>> since_of(const OperationCall& call) {
  auto text = call.input.text("_since");
  if (!text) return std::optional<std::int64_t>();
  std::ranges::replace(*text, ' ', '+');
  const auto interval = fhir::parse_date(*text, call.call.api.index_options().zone_offset_minutes);
  if (!interval) {
    return problem(ProblemKind::invalid, "value",
                   fmt::format("_since is '{}'; it must be an instant, such as "
                               "2024-06-15T10:30:00Z",
                               *text));
  }
  return std::optional(interval->low);
}

Result<std::size_t> count_of(const OperationCall& call) {
  const std::size_t most = call.call.api.options().limits.page_size_max;
  TRY(const auto count, call.input.number("_count"));
  if (!count) return most;
  if (*count == 0) {
    return problem(ProblemKind::invalid, "value", "_count is 0; it must be a number from 1");
  }
  return std::min(*count, most);
}

// What the links repeat: everything but the cursor.
std::string used_parameters(const OperationCall& call) {
  std::string used;
  const auto add = [&used](std::string_view name, std::string_view value) {
    used += used.empty() ? '?' : '&';
    http::append_encoded(name, used);
    used += '=';
    http::append_encoded(value, used);
  };
  for (const std::string_view name : {"start", "end", "_since", "_type", "_count"}) {
    for (const std::string& value : call.input.texts(name)) add(name, value);
  }
  for (const auto& [name, value] : call.call.parameters) {
    if (name == "_format" || name == "_pretty") add(name, value);
  }
  return used;
}

fhir::Criterion updated_since(std::int64_t ms) {
  fhir::Criterion criterion;
  criterion.column = fhir::Criterion::Column::last_updated;
  criterion.any_of.emplace_back(
      fhir::DateValue{.prefix = fhir::Prefix::ge, .interval = {.low = ms, .high = ms + 1}});
  return criterion;
}

}  // namespace

Result<http::Response> everything_page(const OperationCall& call, EverythingPlan plan) {
  TRY(const auto types, types_of(call));
  TRY(const auto since, since_of(call));
  TRY(const auto count, count_of(call));
  if (!types.empty()) {
    std::erase_if(plan.sections, [&types](const EverythingSection& section) {
      return std::ranges::find(types, section.type) == types.end();
    });
  }
  for (EverythingSection& section : plan.sections) {
    if (since) section.criteria.push_back(updated_since(*since));
  }
  Page page(call, plan, count);
  std::optional<Position> first;
  if (const auto cursor = call.input.text("_cursor")) {
    TRY(first, parse_position(*cursor, plan.sections.size()));
  }
  TRY_DO(page.fill(first.value_or(Position{})));
  TRY_DO(page.include(since, types));
  return page.respond(first, used_parameters(call));
}

fhir::Criterion refers_to(const std::vector<const fhir::SearchParameter*>& parameters,
                          std::string_view reference) {
  fhir::Criterion criterion;
  criterion.parameter = parameters.front();
  criterion.or_parameters.assign(parameters.begin() + 1, parameters.end());
  criterion.any_of.emplace_back(fhir::ReferenceValue{{std::string(reference)}});
  return criterion;
}

fhir::Criterion has_id(std::string_view id) {
  fhir::Criterion criterion;
  criterion.column = fhir::Criterion::Column::id;
  criterion.any_of.emplace_back(fhir::IdValue{std::string(id)});
  return criterion;
}

bool has_reference(const fhir::IndexEntries& entries,
                   const std::vector<const fhir::SearchParameter*>& parameters,
                   const std::function<bool(std::string_view)>& is_it) {
  return std::ranges::any_of(entries.tokens, [&](const fhir::TokenEntry& entry) {
    return is_it(entry.code) && std::ranges::any_of(parameters, [&](const auto* parameter) {
             return entry.parameter ==
                    fhir::index_parameter(parameter->number(), fhir::IndexVariant::value);
           });
  });
}

namespace {

void collect_references(const Json& value, const fhir::IndexOptions& options,
                        std::set<std::string>& found) {
  for (const Json* child = value.first; child != nullptr; child = child->next) {
    if (child->key == "reference" && child->is(Json::Kind::string)) {
      found.emplace(fhir::comparable_reference(child->text, options));
    } else {
      collect_references(*child, options, found);
    }
  }
}

}  // namespace

std::vector<std::string> references_of(const Json& resource, const fhir::IndexOptions& options) {
  std::set<std::string> found;
  collect_references(resource, options, found);
  return {found.begin(), found.end()};
}

}  // namespace lightbox::rest
