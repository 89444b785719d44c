#include "ingest/merge.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <unordered_map>

#include "fhir/json.h"
#include "fhir/json_edit.h"
#include "ingest/merge_item.h"

namespace lightbox::ingest {
namespace {

using fhir::Json;
using fhir::JsonDocument;
using Kind = ClientEdit::Kind;

// What one element is in each of the three; nullptr: it is not there.
struct Three {
  const Json* base = nullptr;
  const Json* current = nullptr;
  const Json* next = nullptr;
};

bool are(Json::Kind kind, const Json* left, const Json* right) {
  return left != nullptr && right != nullptr && left->is(kind) && right->is(kind);
}

bool same(const Json* left, const Json* right) {
  if (left == nullptr || right == nullptr) return left == right;
  return fhir::equal_json(*left, *right);
}

// Children of an object or array that is being made.
class Builder {
 public:
  explicit Builder(Json& parent) : parent_(parent), tail_(&parent.first) {}
  void append(Json* child) {
    *tail_ = child;
    tail_ = &child->next;
    child->next = nullptr;
    ++parent_.size;
  }

 private:
  Json& parent_;
  Json** tail_;
};

class Merge {
 public:
  enum class HasBase : bool { no, yes };
  Merge(JsonDocument& out, HasBase has_base, std::vector<ClientEdit>& edits)
      : out_(out), has_base_(has_base == HasBase::yes), edits_(edits) {}

  // The members of an object that is in current and next; base may lack it.
  Json* members(const Three& object, std::string_view key, const std::string& path);

 private:
  Json* element(const Three& three, std::string_view key, const std::string& path);
  Json* both(const Three& three, std::string_view key, const std::string& path);
  Json* list(const Three& three, std::string_view key, const std::string& path);
  Json* item_of_next(const Three& three, std::size_t index, const std::string& path);
  Json* item_of_current(const Three& three, bool is_image);
  // Of a list of primitives: the values and their extensions (R4, json.html#primitive) go together.
  void primitives(const Three& object, std::string_view name, const std::string& path,
                  Builder& builder);

  // A node of the result with the content of `source`, whose children it shares.
  Json* take(const Json& source, std::string_view key) {
    Json* node = out_.make(source.kind, key, source.text);
    node->first = source.first;
    node->size = source.size;
    return node;
  }
  void edit(const std::string& path, Kind kind) {
    edits_.push_back({.element = path, .kind = kind});
  }

  JsonDocument& out_;
  bool has_base_;
  std::vector<ClientEdit>& edits_;
};

// Members in the order of next, then those that only current has.
std::vector<std::string_view> names_of(const Json& current, const Json& next) {
  std::vector<std::string_view> names;
  names.reserve(next.size);
  for (const Json* member = next.first; member != nullptr; member = member->next)
    names.push_back(member->key);
  for (const Json* member = current.first; member != nullptr; member = member->next) {
    if (next.find(member->key) == nullptr) names.push_back(member->key);
  }
  return names;
}

const Json* member_of(const Json* object, std::string_view name) {
  return object == nullptr || !object->is(Json::Kind::object) ? nullptr : object->find(name);
}

Three member_of(const Three& object, std::string_view name) {
  return {.base = member_of(object.base, name),
          .current = member_of(object.current, name),
          .next = member_of(object.next, name)};
}

bool has_extras(const Json* object) {
  if (object == nullptr || !object->is(Json::Kind::object)) return false;
  for (const Json* member = object->first; member != nullptr; member = member->next) {
    if (member->key.starts_with('_')) return true;
  }
  return false;
}

bool is_list(const Three& three) {
  const auto is_array = [](const Json* value) {
    return value != nullptr && value->is(Json::Kind::array);
  };
  return is_array(three.base) || is_array(three.current) || is_array(three.next);
}

Json* Merge::members(const Three& object, std::string_view key, const std::string& path) {
  Json* result = out_.make(Json::Kind::object, key);
  Builder builder(*result);
  const bool with_extras =
      has_extras(object.base) || has_extras(object.current) || has_extras(object.next);
  for (const std::string_view name : names_of(*object.current, *object.next)) {
    if (name.starts_with('_')) {
      // After its sibling, together with it.
      const Three sibling = member_of(object, name.substr(1));
      const bool is_alone = sibling.current == nullptr && sibling.next == nullptr;
      if (is_list(member_of(object, name))) {
        if (is_alone) primitives(object, name.substr(1), path, builder);
        continue;
      }
    }
    const std::string member_path = fmt::format("{}.{}", path, name);
    if (with_extras && is_list(member_of(object, "_" + std::string(name)))) {
      primitives(object, name, path, builder);
      continue;
    }
    if (Json* member = element(member_of(object, name), name, member_path)) builder.append(member);
  }
  return result;
}

void Merge::primitives(const Three& object, std::string_view name, const std::string& path,
                       Builder& builder) {
  const std::string_view extras_name = out_.copy("_" + std::string(name));
  const Three values = member_of(object, name);
  const Three extras = member_of(object, extras_name);
  const bool is_same = same(values.current, values.next) && same(extras.current, extras.next);
  const bool is_of_client =
      has_base_ ? !same(values.base, values.current) || !same(extras.base, extras.current)
                : values.next == nullptr && extras.next == nullptr;
  const bool is_taken = is_of_client && !is_same;
  if (is_taken) edit(fmt::format("{}.{}", path, name), Kind::changed);
  const Json* value = is_taken ? values.current : values.next;
  const Json* extra = is_taken ? extras.current : extras.next;
  if (value != nullptr) builder.append(take(*value, name));
  if (extra != nullptr) builder.append(take(*extra, extras_name));
}

Json* Merge::element(const Three& three, std::string_view key, const std::string& path) {
  if (three.current == nullptr && three.next == nullptr) return nullptr;
  if (three.current == nullptr) {
    if (three.base == nullptr) return take(*three.next, key);
    if (are(Json::Kind::array, three.base, three.next)) return list(three, key, path);
    edit(path, Kind::removed);
    return nullptr;
  }
  if (three.next == nullptr) {
    const Json* base = three.base == nullptr ? three.current : three.base;
    if (are(Json::Kind::array, base, three.current)) return list(three, key, path);
    if (same(three.base, three.current)) return nullptr;
    edit(path, three.base == nullptr ? Kind::added : Kind::changed);
    return take(*three.current, key);
  }
  return both(three, key, path);
}

Json* Merge::both(const Three& three, std::string_view key, const std::string& path) {
  if (same(three.current, three.next)) return take(*three.next, key);
  if (are(Json::Kind::array, three.current, three.next)) return list(three, key, path);
  if (are(Json::Kind::object, three.current, three.next)) {
    if (item_key(*three.current) == item_key(*three.next)) return members(three, key, path);
  }
  if (!has_base_ || same(three.base, three.current)) return take(*three.next, key);
  edit(path, Kind::changed);
  return take(*three.current, key);
}

using Items = std::unordered_map<std::string_view, const Json*>;

Items items_of(const Json* array, const std::vector<std::string>& keys) {
  Items items;
  if (array == nullptr) return items;
  items.reserve(keys.size());
  const Json* item = array->first;
  for (const std::string& key : keys) {
    items.emplace(key, item);
    item = item->next;
  }
  return items;
}

std::vector<std::string> keys_of(const Json* array) {
  return array != nullptr && array->is(Json::Kind::array) ? item_keys(*array)
                                                          : std::vector<std::string>{};
}

const Json* find(const Items& items, std::string_view key) {
  const auto found = items.find(key);
  return found == items.end() ? nullptr : found->second;
}

// One of next; nullptr when the client removed it.
Json* Merge::item_of_next(const Three& three, std::size_t index, const std::string& path) {
  if (three.current != nullptr && same(three.current, three.next)) return take(*three.next, {});
  if (three.current != nullptr) return both(three, {}, fmt::format("{}[{}]", path, index));
  if (three.base == nullptr) return take(*three.next, {});
  return nullptr;
}

// One that next does not have; nullptr when it is not the client's.
Json* Merge::item_of_current(const Three& three, bool is_image) {
  if (three.base != nullptr && (is_image || same(three.base, three.current))) return nullptr;
  return take(*three.current, {});
}

Json* Merge::list(const Three& three, std::string_view key, const std::string& path) {
  const auto base_keys = keys_of(three.base);
  const auto current_keys = keys_of(three.current);
  const auto next_keys = keys_of(three.next);
  const Items base = items_of(base_keys.empty() ? nullptr : three.base, base_keys);
  const Items current = items_of(three.current, current_keys);
  const Items next = items_of(three.next, next_keys);

  // What only current has, by the item of next that it comes after: 0 is before them all.
  std::unordered_map<std::string_view, std::size_t> places;
  for (std::size_t i = 0; i < next_keys.size(); ++i) places.emplace(next_keys[i], i + 1);
  std::vector<std::vector<std::string_view>> after(next_keys.size() + 1);
  std::size_t place = 0;
  for (const std::string& item : current_keys) {
    const auto found = places.find(item);
    if (found != places.end()) {
      place = found->second;
    } else {
      after[place].push_back(item);
    }
  }

  Json* result = out_.make(Json::Kind::array, key);
  Builder builder(*result);
  const auto add_of_current = [&](std::size_t at) {
    for (const std::string_view item : after[at]) {
      const Three of_item{
          .base = find(base, item), .current = find(current, item), .next = nullptr};
      Json* node = item_of_current(of_item, item.starts_with("u:"));
      if (node == nullptr) continue;
      edit(fmt::format("{}[{}]", path, result->size),
           of_item.base == nullptr ? Kind::added : Kind::changed);
      builder.append(node);
    }
  };
  add_of_current(0);
  for (std::size_t i = 0; i < next_keys.size(); ++i) {
    const Three of_item{.base = find(base, next_keys[i]),
                        .current = find(current, next_keys[i]),
                        .next = find(next, next_keys[i])};
    if (Json* node = item_of_next(of_item, result->size, path)) {
      builder.append(node);
    } else {
      edit(fmt::format("{}[{}]", path, i), Kind::removed);
    }
    add_of_current(i + 1);
  }
  return result->size == 0 ? nullptr : result;
}

// --- The resource ---

Result<JsonDocument> parse(std::string_view text) {
  TRY(auto document, fhir::parse_json(text, limits_of_own(text)));
  if (!document.root()->is(Json::Kind::object))
    return problem(ProblemKind::invalid, "a resource to merge is not a JSON object");
  return document;
}

// What the mapping has no say in.
void remove_member(Json& object, std::string_view name) {
  Json** link = fhir::link_to(object, name);
  if (*link != nullptr) fhir::take_at(object, link);
}

// Takes `meta` out; of it are kept what clients put there: not what a store says of a version.
Json* take_meta(Json& resource) {
  Json** link = fhir::link_to(resource, "meta");
  if (*link == nullptr) return nullptr;
  Json* meta = fhir::take_at(resource, link);
  if (!meta->is(Json::Kind::object)) return nullptr;
  for (const std::string_view name :
       {"versionId", "lastUpdated", "source", "_versionId", "_lastUpdated", "_source"})
    remove_member(*meta, name);
  return meta->size == 0 ? nullptr : meta;
}

void put_meta(Json& resource, Json* meta) {
  if (meta == nullptr) return;
  Json** link = &resource.first;  // after resourceType
  if (*link != nullptr && (*link)->key == "resourceType") link = &(*link)->next;
  fhir::insert_at(resource, link, meta);
}

}  // namespace

Limits limits_of_own(std::string_view json) {
  return {.json_depth_max = 256, .json_nodes_max = json.size() + 1};
}

Result<Merged> merge_projection(std::string_view base, std::string_view current,
                                std::string_view next) {
  TRY(auto base_document, parse(base.empty() ? "{}" : base));
  TRY(auto current_document, parse(current));
  TRY(auto next_document, parse(next));
  Json* meta = take_meta(*current_document.root());
  take_meta(*base_document.root());
  take_meta(*next_document.root());
  for (JsonDocument* document : {&base_document, &current_document, &next_document})
    remove_member(*document->root(), "id");

  Merged merged;
  JsonDocument out;
  Merge merge(out, base.empty() ? Merge::HasBase::no : Merge::HasBase::yes, merged.edits);
  const Three all{.base = base_document.root(),
                  .current = current_document.root(),
                  .next = next_document.root()};
  Json* result =
      merge.members(all, {}, std::string(current_document.root()->string("resourceType")));
  merged.is_changed = !fhir::equal_json(*result, *current_document.root());
  if (!merged.is_changed) result = current_document.root();
  put_meta(*result, meta);
  merged.json.reserve(std::max(current.size(), next.size()));
  fhir::write_json(*result, merged.json);
  return merged;
}

}  // namespace lightbox::ingest
