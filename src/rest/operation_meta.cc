// $meta, $meta-add, $meta-delete (R4, resource-operation-meta.html and the pages beside it).
//
// What they change is content: a new version with a new ETag, as by an update, so that history and
// caches tell the truth. What changes nothing makes no version.

#include <array>
#include <fmt/format.h>
#include <set>

#include "fhir/resource.h"
#include "rest/api.h"
#include "rest/condition.h"
#include "rest/operation.h"
#include "rest/outcome.h"
#include "rest/respond.h"

namespace lightbox::rest {
namespace {

using fhir::Json;

// How often a change is tried again when somebody else wrote meanwhile.
constexpr int tries_max = 10;

constexpr std::array<std::string_view, 3> sets = {"profile", "security", "tag"};

http::Response meta_response(const Call& call, std::string_view meta) {
  return parameters_response(call, fmt::format(R"({{"name":"return","valueMeta":{}}})", meta));
}

Result<fhir::JsonDocument> document_of(const store::StoredResource& resource,
                                       const Limits& limits) {
  std::string text;
  store::append_resource(resource, text);
  return fhir::parse_json(text, limits);
}

std::string meta_text(const fhir::JsonDocument& document) {
  std::string text;
  fhir::write_json(*document.root()->find("meta"), text);
  return text;
}

// --- Adding and removing ------------------------------------------------------------------------

// The identity of a tag or label is system and code, that of a profile its URL.
bool is_same(const Json& a, const Json& b) {
  if (a.is(Json::Kind::string)) return b.is(Json::Kind::string) && a.text == b.text;
  return a.string("system") == b.string("system") && a.string("code") == b.string("code");
}

const Json* find_same(const Json* list, const Json& item) {
  if (list == nullptr) return nullptr;
  for (const Json* one = list->first; one != nullptr; one = one->next) {
    if (is_same(*one, item)) return one;
  }
  return nullptr;
}

// A deep copy in another document.
Json* copy(const Json& from, fhir::JsonDocument& to) {
  Json* made = to.make(from.kind, to.copy(from.key), to.copy(from.text));
  for (const Json* child = from.first; child != nullptr; child = child->next) {
    fhir::JsonDocument::append(*made, copy(*child, to));
  }
  return made;
}

void remove_child(Json& parent, const Json* child) {
  for (Json** link = &parent.first; *link != nullptr; link = &(*link)->next) {
    if (*link != child) continue;
    *link = child->next;
    --parent.size;
    return;
  }
}

enum class Change : std::uint8_t { add, remove };

bool add_to(Json& meta, const Json& items, fhir::JsonDocument& document) {
  bool changed = false;
  for (const Json* item = items.first; item != nullptr; item = item->next) {
    Json* list = meta.find(items.key);
    if (find_same(list, *item) != nullptr) continue;
    if (list == nullptr) {
      list = document.make(Json::Kind::array, document.copy(items.key));
      fhir::JsonDocument::append(meta, list);
    }
    fhir::JsonDocument::append(*list, copy(*item, document));
    changed = true;
  }
  return changed;
}

// What extends the primitives of a list stands beside them in a list `_name`, place by place.
void remove_beside(Json& meta, std::string_view name, const Json& list, const Json* item) {
  Json* beside = meta.find("_" + std::string(name));
  if (beside == nullptr) return;
  const Json* extension = beside->first;
  for (const Json* one = list.first; one != item && extension != nullptr; one = one->next) {
    extension = extension->next;
  }
  if (extension != nullptr) remove_child(*beside, extension);
  const Json* left = beside->first;
  while (left != nullptr && left->is(Json::Kind::null)) left = left->next;
  if (left == nullptr) remove_child(meta, beside);  // nothing but nulls
}

bool remove_from(Json& meta, const Json& items) {
  bool changed = false;
  for (const Json* item = items.first; item != nullptr; item = item->next) {
    Json* list = meta.find(items.key);
    if (list == nullptr) break;
    while (const Json* found = find_same(list, *item)) {
      remove_beside(meta, items.key, *list, found);
      remove_child(*list, found);
      changed = true;
    }
    if (list->first == nullptr) remove_child(meta, list);
  }
  return changed;
}

bool apply(Change change, const Json& given, fhir::JsonDocument& document) {
  Json& meta = *document.root()->find("meta");
  bool changed = false;
  for (const std::string_view name : sets) {
    const Json* items = given.find(name);
    if (items == nullptr) continue;
    if (change == Change::add ? add_to(meta, *items, document) : remove_from(meta, *items)) {
      changed = true;
    }
  }
  return changed;
}

struct Prepared {
  std::string meta;                           // as it is when nothing changes
  std::optional<store::Operation> operation;  // nullopt: nothing changes
};

Result<Prepared> prepare(const OperationCall& call, Change change, const Json& given) {
  Api& api = call.call.api;
  TRY(const auto conditions, preconditions(call.call.request));
  TRY(const auto current, api.store().read(*call.type, call.id));
  TRY_DO(conditions.check(*call.type, call.id, {current.version, true}));
  TRY(auto document, document_of(current, api.options().limits));
  Prepared prepared;
  if (!apply(change, given, document)) {
    prepared.meta = meta_text(document);
    return prepared;
  }
  prepared.operation = store::Operation{
      .kind = store::Operation::Kind::put,
      .type = call.type,
      .id = call.id,
      .body = fhir::to_stored(*document.root()),
      .index = fhir::index_resource(*call.type, *document.root(), api.index_options()),
      .preconditions = {.if_match = store::VersionSet::of(current.version)}};
  return prepared;
}

Result<std::string> written_meta(const store::Operation& operation,
                                 const store::OperationResult& result, const Limits& limits) {
  TRY(const auto document, document_of({.type = operation.type,
                                        .id = operation.id,
                                        .version = result.version,
                                        .updated_ms = result.updated_ms,
                                        .body = operation.body},
                                       limits));
  return meta_text(document);
}

boost::asio::awaitable<Result<http::Response>> change_meta(OperationCall& call, Change change) {
  const Json* given = call.input.value("meta");
  if (given == nullptr) {
    co_return problem(ProblemKind::invalid, "required",
                      fmt::format("${} needs a Parameters resource with the parameter 'meta'",
                                  call.operation.name));
  }
  const bool has_condition = !call.call.request.field("If-Match").empty();
  for (int tries = 1;; ++tries) {
    auto prepared = prepare(call, change, *given);
    if (!prepared) co_return std::move(prepared).error();
    if (!prepared->operation) co_return meta_response(call.call, prepared->meta);
    store::Operation operation = *prepared->operation;
    auto pending = commit(call.call, std::move(operation));
    auto result = co_await std::move(pending);
    if (result) {
      auto meta = written_meta(*prepared->operation, *result, call.call.api.options().limits);
      if (!meta) co_return std::move(meta).error();
      auto response = meta_response(call.call, *meta);
      add_version_fields(result->version, result->updated_ms, response);
      co_return response;
    }
    // Somebody wrote between the read and the commit.
    const bool may_retry = result.error().kind == ProblemKind::precondition_failed &&
                           !has_condition && tries < tries_max;
    if (!may_retry) co_return std::move(result).error();
  }
}

// --- Looking ------------------------------------------------------------------------------------

Result<http::Response> instance_meta(const OperationCall& call) {
  TRY(const auto current, call.call.api.store().read(*call.type, call.id));
  TRY(const auto document, document_of(current, call.call.api.options().limits));
  auto response = meta_response(call.call, meta_text(document));
  add_version_fields(current.version, current.updated_ms, response);
  return response;
}

// What is in use, of one type or of all, without repetition.
struct Used {
  std::set<std::string> profiles;
  std::set<std::pair<std::string, std::string>> security;
  std::set<std::pair<std::string, std::string>> tags;
};

Result<void> collect(store::Store& store, const fhir::ResourceType& type, std::size_t values_max,
                     Used& used) {
  const auto values = [&](std::string_view code) -> Result<std::vector<fhir::TokenEntry>> {
    const auto* parameter = type.search_parameter(code);
    if (parameter == nullptr) return std::vector<fhir::TokenEntry>();
    return store.token_values(*parameter, values_max);
  };
  TRY(const auto profiles, values("_profile"));
  for (const auto& value : profiles) used.profiles.insert(value.code);
  TRY(const auto security, values("_security"));
  for (const auto& value : security) used.security.emplace(value.system.value_or(""), value.code);
  TRY(const auto tags, values("_tag"));
  for (const auto& value : tags) used.tags.emplace(value.system.value_or(""), value.code);
  return {};
}

void append_codings(std::string_view name,
                    const std::set<std::pair<std::string, std::string>>& codings,
                    std::string& out) {
  if (codings.empty()) return;
  out += fmt::format(R"({}"{}":)", out.empty() ? "" : ",", name);
  char separator = '[';
  for (const auto& [system, code] : codings) {
    out += separator;
    separator = ',';
    out += '{';
    if (!system.empty()) {
      out += R"("system":)";
      fhir::write_json_string(system, out);
      out += ',';
    }
    out += R"("code":)";
    fhir::write_json_string(code, out);
    out += '}';
  }
  out += ']';
}

Result<http::Response> used_meta(const OperationCall& call) {
  Api& api = call.call.api;
  const std::size_t values_max = api.options().limits.expansion_codes_max;
  Used used;
  if (call.type != nullptr) {
    TRY_DO(collect(api.store(), *call.type, values_max, used));
  } else {
    for (const auto& type : fhir::Definitions::r4().resource_types()) {
      TRY_DO(collect(api.store(), type, values_max, used));
    }
  }
  std::string members;
  for (const std::string& profile : used.profiles) {
    members += members.empty() ? R"("profile":[)" : ",";
    fhir::write_json_string(profile, members);
  }
  if (!members.empty()) members += ']';
  append_codings("security", used.security, members);
  append_codings("tag", used.tags, members);
  // An empty object is not FHIR: nothing in use is a Parameters without a meta.
  if (members.empty()) return parameters_response(call.call, "");
  return meta_response(call.call, "{" + members + "}");
}

}  // namespace

boost::asio::awaitable<Result<http::Response>> meta_summary(OperationCall& call) {
  if (call.level == OperationLevel::instance) co_return instance_meta(call);
  std::function<Result<http::Response>()> work = [&call] { return used_meta(call); };
  auto pending = in_slow_lane(call, std::move(work));
  co_return co_await std::move(pending);
}

boost::asio::awaitable<Result<http::Response>> meta_add(OperationCall& call) {
  return change_meta(call, Change::add);
}

boost::asio::awaitable<Result<http::Response>> meta_delete(OperationCall& call) {
  return change_meta(call, Change::remove);
}

}  // namespace lightbox::rest
