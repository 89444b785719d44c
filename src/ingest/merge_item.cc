#include "ingest/merge_item.h"

#include <algorithm>
#include <unordered_map>

namespace lightbox::ingest {
namespace {

using fhir::Json;

void append_content(const Json& value, std::string& out) {
  if (value.is(Json::Kind::object)) {
    std::vector<const Json*> members;
    members.reserve(value.size);
    for (const Json* member = value.first; member != nullptr; member = member->next)
      members.push_back(member);
    std::ranges::sort(members, {}, [](const Json* member) { return member->key; });
    out.push_back('{');
    for (const Json* member : members) {
      fhir::write_json_string(member->key, out);
      out.push_back(':');
      append_content(*member, out);
      out.push_back(',');
    }
    out.push_back('}');
  } else if (value.is(Json::Kind::array)) {
    out.push_back('[');
    for (const Json* item = value.first; item != nullptr; item = item->next) {
      append_content(*item, out);
      out.push_back(',');
    }
    out.push_back(']');
  } else {
    fhir::write_json(value, out);
  }
}

bool has_text(const Json& object, std::string_view member) {
  return !object.string(member).empty();
}

std::string key_of(std::string_view kind, std::string_view first, std::string_view second) {
  std::string key(kind);
  key.append(first).append("|").append(second);
  return key;
}

}  // namespace

std::string item_key(const Json& item) {
  if (item.is(Json::Kind::object)) {
    if (has_text(item, "uid")) return "u:" + std::string(item.string("uid"));
    if (has_text(item, "reference")) return "r:" + std::string(item.string("reference"));
    if (has_text(item, "value")) return key_of("i:", item.string("system"), item.string("value"));
    if (has_text(item, "code")) return key_of("c:", item.string("system"), item.string("code"));
  }
  std::string key = "=";
  append_content(item, key);
  return key;
}

std::vector<std::string> item_keys(const Json& array) {
  std::vector<std::string> keys;
  keys.reserve(array.size);
  std::unordered_map<std::string, std::size_t> seen;
  seen.reserve(array.size);
  for (const Json* item = array.first; item != nullptr; item = item->next) {
    std::string key = item_key(*item);
    const std::size_t before = seen[key]++;
    if (before > 0) key += "#" + std::to_string(before);
    keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace lightbox::ingest
