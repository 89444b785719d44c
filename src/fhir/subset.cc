#include "fhir/subset.h"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>

#include "base/limits.h"
#include "fhir/json.h"

namespace lightbox::fhir {
namespace {

constexpr std::string_view tag_system = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
constexpr std::string_view tag_code = "SUBSETTED";

// The element of a JSON member; `_birthDate` is a part of `birthDate`.
ComplexType::Slot slot_of(const ComplexType& type, std::string_view member) {
  if (member.starts_with('_')) member.remove_prefix(1);
  return type.find(member);
}

template <typename Keep>
void keep_if(Json& object, Keep keep) {
  Json** link = &object.first;
  while (*link != nullptr) {
    if (keep(**link)) {
      link = &(*link)->next;
    } else {
      *link = (*link)->next;
      --object.size;
    }
  }
}

void summarise(Json& object, const ComplexType& type, bool is_resource);

void summarise_resource(Json& resource) {
  const ResourceType* type = Definitions::r4().resource_type(resource.string("resourceType"));
  if (type != nullptr) summarise(resource, *type->elements, true);
}

// An element with nothing but extensions would be left empty, which FHIR forbids: it stays.
void summarise_value(Json& value, const ElementType& type) {
  if (value.is(Json::Kind::array)) {
    for (Json* item = value.first; item != nullptr; item = item->next) summarise_value(*item, type);
  }
  if (!value.is(Json::Kind::object)) return;
  if (type.is_resource) return summarise_resource(value);
  if (type.complex == nullptr) return;
  const auto has_summary = [&](const Json* child) {
    const auto slot = slot_of(*type.complex, child->key);
    return slot.element != nullptr && (slot.element->is_summary || slot.element->min > 0);
  };
  for (const Json* child = value.first; child != nullptr; child = child->next) {
    if (has_summary(child)) return summarise(value, *type.complex, false);
  }
}

bool is_always_there(std::string_view member) {
  return member == "resourceType" || member == "id" || member == "meta";
}

void summarise(Json& object, const ComplexType& type, bool is_resource) {
  keep_if(object, [&](Json& member) {
    if (is_resource && is_always_there(member.key)) return true;
    const auto slot = slot_of(type, member.key);
    if (slot.element == nullptr || !(slot.element->is_summary || slot.element->min > 0)) {
      return false;
    }
    if (!member.key.starts_with('_')) summarise_value(member, *slot.type);
    return true;
  });
}

// The elements of the resource itself that are named, and the mandatory ones.
template <typename Named>
void keep_named(Json& resource, const ComplexType& type, Named is_named) {
  keep_if(resource, [&](const Json& member) {
    if (is_always_there(member.key)) return true;
    const auto slot = slot_of(type, member.key);
    return slot.element != nullptr && (slot.element->min > 0 || is_named(slot.element->name));
  });
}

bool is_subsetted(const Json& coding) {
  return coding.string("system") == tag_system && coding.string("code") == tag_code;
}

void add_tag(JsonDocument& document) {
  Json& resource = *document.root();
  Json* meta = resource.find("meta");
  if (meta == nullptr) {
    meta = document.make(Json::Kind::object, "meta");
    JsonDocument::append(resource, meta);
  }
  Json* tags = meta->find("tag");
  if (tags == nullptr) {
    tags = document.make(Json::Kind::array, "tag");
    JsonDocument::append(*meta, tags);
  }
  for (const Json* tag = tags->first; tag != nullptr; tag = tag->next) {
    if (is_subsetted(*tag)) return;
  }
  Json* coding = document.make(Json::Kind::object);
  JsonDocument::append(*coding, document.make(Json::Kind::string, "system", tag_system));
  JsonDocument::append(*coding, document.make(Json::Kind::string, "code", tag_code));
  JsonDocument::append(*tags, coding);
}

bool concerns(const Subset& subset, Role role, const ResourceType& type) {
  if (subset.kind == Subset::Kind::whole) return false;
  if (subset.kind != Subset::Kind::elements) return true;
  if (role == Role::match && !subset.elements.empty()) return true;
  return std::ranges::find(subset.typed, &type, [](const auto& pair) { return pair.first; }) !=
         subset.typed.end();
}

void apply(const Subset& subset, Role role, const ResourceType& type, Json& resource) {
  const ComplexType& elements = *type.elements;
  switch (subset.kind) {
    case Subset::Kind::whole:
      return;
    case Subset::Kind::summary:
      return summarise(resource, elements, true);
    case Subset::Kind::text:
      return keep_named(resource, elements, [](std::string_view name) { return name == "text"; });
    case Subset::Kind::data:
      return keep_if(resource, [](const Json& member) { return member.key != "text"; });
    case Subset::Kind::elements:
      return keep_named(resource, elements, [&](std::string_view name) {
        if (role == Role::match &&
            std::ranges::find(subset.elements, name) != subset.elements.end()) {
          return true;
        }
        return std::ranges::any_of(subset.typed, [&](const auto& pair) {
          return pair.first == &type && pair.second == name;
        });
      });
  }
}

// "value", "value[x]" and "valueQuantity" are the element `value`; empty: there is none.
std::string_view element_name(const ResourceType& type, std::string_view name) {
  if (name.ends_with("[x]")) name.remove_suffix(3);
  if (const Element* element = type.elements->element(name)) return element->name;
  const auto slot = type.elements->find(name);
  return slot.element == nullptr ? std::string_view{} : slot.element->name;
}

std::string no_such(std::span<const ResourceType* const> types, std::string_view name) {
  if (types.size() != 1) {
    return fmt::format("'{}' is not an element of any of the types that are searched", name);
  }
  std::string names;
  for (const Element& element : types[0]->elements->elements) {
    names.append(names.empty() ? "" : ", ").append(element.name);
  }
  return fmt::format("'{}' is not an element of {}; it has {}", name, types[0]->name, names);
}

std::optional<std::string> add_element(std::string_view text,
                                       std::span<const ResourceType* const> types, Subset& subset) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) {
    bool found = false;
    for (const ResourceType* type : types) {
      const std::string_view name = element_name(*type, text);
      if (name.empty()) continue;
      found = true;
      subset.elements.emplace_back(name);
    }
    return found ? std::nullopt : std::optional(no_such(types, text));
  }
  const ResourceType* type = Definitions::r4().resource_type(text.substr(0, dot));
  if (type == nullptr) {
    return fmt::format(
        "'{}' names a part of an element; only elements of the resource itself can "
        "be named, as in '{}', or with their type before them, as in 'Patient.name'",
        text, text.substr(0, dot));
  }
  const std::string_view name = element_name(*type, text.substr(dot + 1));
  if (name.empty()) return no_such({&type, 1}, text.substr(dot + 1));
  subset.typed.emplace_back(type, name);
  return std::nullopt;
}

Problem bad(std::string_view name, std::string_view what) {
  return problem(ProblemKind::invalid, "value", fmt::format("{}: {}", name, what));
}

}  // namespace

std::optional<Subset::Kind> parse_summary(std::string_view value) {
  if (value == "true") return Subset::Kind::summary;
  if (value == "text") return Subset::Kind::text;
  if (value == "data") return Subset::Kind::data;
  if (value == "false") return Subset::Kind::whole;
  return std::nullopt;
}

std::optional<std::string> add_elements(std::string_view value,
                                        std::span<const ResourceType* const> types,
                                        Subset& subset) {
  subset.kind = Subset::Kind::elements;
  while (!value.empty()) {
    const auto end = std::min(value.find(','), value.size());
    const std::string_view text = value.substr(0, end);
    value.remove_prefix(std::min(end + 1, value.size()));
    if (text.empty()) continue;
    if (auto wrong = add_element(text, types, subset)) return wrong;
  }
  return std::nullopt;
}

Result<Subset> parse_subset(std::span<const std::pair<std::string, std::string>> parameters,
                            std::span<const ResourceType* const> types) {
  Subset subset;
  bool has_summary = false;
  for (const auto& [name, value] : parameters) {
    if (value.empty() || (name != "_summary" && name != "_elements")) continue;
    const bool is_summary = name == "_summary";
    if (is_summary) {
      const auto kind = parse_summary(value);
      if (!kind) {
        return bad(name, fmt::format("'{}' must be true, text, data or false{}", value,
                                     value == "count" ? "; count is for searches" : ""));
      }
      if (has_summary) return bad(name, "it may be given once only");
      has_summary = true;
      if (*kind == Subset::Kind::whole) continue;
      if (subset.kind == Subset::Kind::whole) {
        subset.kind = *kind;
        continue;
      }
    } else if (subset.kind == Subset::Kind::whole || subset.kind == Subset::Kind::elements) {
      if (auto wrong = add_elements(value, types, subset)) return bad(name, *wrong);
      continue;
    }
    return bad(name, "_summary and _elements cannot be combined");
  }
  return subset;
}

void append_subset(const Subset& subset, Role role, const ResourceType& type,
                   std::string_view resource, std::string& out) {
  if (!concerns(subset, role, type)) {
    out += resource;
    return;
  }
  // It was checked against the limits when it came.
  Limits limits;
  limits.json_depth_max = 1'000;
  limits.json_nodes_max = SIZE_MAX;
  auto document = parse_json(resource, limits);
  if (!document) {
    out += resource;
    return;
  }
  apply(subset, role, type, *document->root());
  add_tag(*document);
  write_json(*document->root(), out);
}

}  // namespace lightbox::fhir
