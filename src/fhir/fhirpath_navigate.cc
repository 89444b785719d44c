// From elements to elements: the JSON of a resource as FHIRPath sees it. An element's name is that
// of the definitions (value, not valueQuantity); a primitive has its id and extensions in "_name".

#include <fmt/format.h>

#include "fhir/fhirpath_evaluate.h"
#include "fhir/fhirpath_value.h"
#include "fhir/primitive.h"
#include "fhir/validate.h"

namespace lightbox::fhir {
namespace {

using Kind = FhirPathValue::Kind;

const ComplexType* element_type() {
  static const ComplexType* const type = Definitions::r4().complex_type("Element");
  return type;
}

Kind kind_of(const Json* json, Primitive primitive) {
  if (json == nullptr) return Kind::none;
  switch (json->kind) {
    case Json::Kind::boolean:
      return Kind::boolean;
    case Json::Kind::number:
      return primitive == Primitive::decimal ? Kind::decimal : Kind::integer;
    case Json::Kind::string:
      if (primitive == Primitive::date) return Kind::date;
      if (primitive == Primitive::dateTime || primitive == Primitive::instant)
        return Kind::date_time;
      return primitive == Primitive::time ? Kind::time : Kind::string;
    case Json::Kind::object:
      return Kind::complex;
    case Json::Kind::null:
    case Json::Kind::array:
      break;
  }
  return Kind::none;
}

// "_name" beside "name".
const Json* sibling_of(const Json& object, std::string_view name) {
  for (const Json* member = object.first; member != nullptr; member = member->next) {
    if (member->key.size() == name.size() + 1 && member->key.front() == '_' &&
        member->key.substr(1) == name) {
      return member;
    }
  }
  return nullptr;
}

const Json* item_of(const Json* list, std::size_t index) {
  if (list == nullptr || !list->is(Json::Kind::array)) return nullptr;
  const Json* item = list->first;
  while (item != nullptr && index-- > 0) item = item->next;
  return item;
}

const Json* object_or_null(const Json* json) {
  return json != nullptr && json->is(Json::Kind::object) ? json : nullptr;
}

const Json* value_or_null(const Json* json) {
  return json == nullptr || json->is(Json::Kind::null) || json->is(Json::Kind::array) ? nullptr
                                                                                      : json;
}

const ComplexType* complex_of(const ElementType& type, const Json* json) {
  if (type.primitive != Primitive::none) return element_type();
  if (!type.is_resource) return type.complex;
  const auto* resource =
      json != nullptr ? Definitions::r4().resource_type(json->string("resourceType")) : nullptr;
  return resource != nullptr ? resource->elements : nullptr;
}

}  // namespace

Result<FhirPathValue> FhirPathEvaluator::root() const {
  TRY(const ResourceType* type, resource_type_of(resource_));
  FhirPathValue value;
  value.kind = Kind::complex;
  value.json = &resource_;
  value.complex = type->elements;
  return value;
}

Problem FhirPathEvaluator::unknown_element(const ComplexType& type, std::string_view name) const {
  if (const auto slot = type.find(name); slot.element != nullptr && slot.element->is_choice) {
    return wrong(fmt::format("FHIRPath: {} is written {} in a path; .ofType({}) keeps one type",
                             quoted(name), slot.element->name, slot.type->name));
  }
  const std::string_view nearest = nearest_name(name, type);
  return wrong(nearest.empty()
                   ? fmt::format("FHIRPath: {} has no element {}", type.name, quoted(name))
                   : fmt::format("FHIRPath: {} has no element {}: is {} meant?", type.name,
                                 quoted(name), quoted(nearest)));
}

Result<FhirPathCollection> FhirPathEvaluator::members(const Collection& input,
                                                      std::string_view name) {
  Collection found;
  bool is_certain = !input.empty();  // that the name is wrong: all values are declared of one type
  const ComplexType* type = nullptr;
  for (const FhirPathValue& value : input) {
    // R4 fhirpath.html: a primitive's value is its element `value`.
    if (name == "value" && value.kind != Kind::complex && value.kind != Kind::none) {
      found.push_back(make_value(value.kind, std::string(value.text())));
      is_certain = false;
      continue;
    }
    const Element* wanted = value.complex != nullptr ? value.complex->element(name) : nullptr;
    if (wanted != nullptr) {
      TRY_DO(append_children(value, wanted, found));
      is_certain = false;
      continue;
    }
    const bool is_declared = value.complex != nullptr &&
                             (value.element == nullptr || !value.element->is_choice) &&
                             (value.type == nullptr || !value.type->is_resource);
    is_certain = is_certain && is_declared && (type == nullptr || type == value.complex);
    type = value.complex;
  }
  if (is_certain) return unknown_element(*type, name);
  return found;
}

Result<void> FhirPathEvaluator::append_children(const FhirPathValue& value, const Element* wanted,
                                                Collection& out) {
  const Json* object = value.kind == Kind::complex ? value.json : value.extras;
  if (object == nullptr || value.complex == nullptr) return {};
  TRY_DO(spend(object->size));
  const std::size_t before = out.size();
  for (const Json* member = object->first; member != nullptr; member = member->next) {
    std::string_view key = member->key;
    const bool is_sibling = key.starts_with('_');
    if (is_sibling) key.remove_prefix(1);
    const auto slot = value.complex->find(key);
    if (slot.element == nullptr || (wanted != nullptr && slot.element != wanted)) continue;
    if (is_sibling && slot.type->primitive == Primitive::none) continue;
    // Of a value and its sibling the value counts, wherever it stands.
    if (is_sibling && object->find(key) != nullptr) continue;
    append_member(value, *object, *member, slot, out);
  }
  return spend(out.size() - before);
}

void FhirPathEvaluator::append_member(const FhirPathValue& parent, const Json& object,
                                      const Json& member, const ComplexType::Slot& slot,
                                      Collection& out) {
  const bool is_sibling = member.key.starts_with('_');
  const Json* main = is_sibling ? nullptr : &member;
  const Json* sibling = is_sibling ? &member : nullptr;
  const bool is_primitive = slot.type->primitive != Primitive::none;
  if (!is_sibling && is_primitive) sibling = sibling_of(object, member.key);
  FhirPathValue value;
  value.owner = &object;
  value.element = slot.element;
  value.type = slot.type;
  const auto add = [&](const Json* json, const Json* extras) {
    value.json = value_or_null(json);
    value.extras = object_or_null(extras);
    if (value.json == nullptr && value.extras == nullptr) return;
    value.kind = kind_of(value.json, slot.type->primitive);
    value.complex = complex_of(*slot.type, value.json);
    out.push_back(value);
  };
  if (!member.is(Json::Kind::array)) {
    value.depth = parent.depth + 1;
    return add(main, sibling);
  }
  value.depth = parent.depth + 2;
  const Json* extras = item_of(sibling, 0);
  for (const Json* item = member.first; item != nullptr; item = item->next, ++value.index) {
    add(is_sibling ? nullptr : item, is_sibling ? item : extras);
    if (extras != nullptr) extras = extras->next;
  }
}

// R4 fhirpath.html#functions, resolve(), as far as it stays within the resource.
Result<FhirPathCollection> FhirPathEvaluator::contained(const FhirPathValue& reference) {
  std::string_view text = reference.text();
  if (reference.kind == Kind::complex) text = reference.json->string("reference");
  if (!text.starts_with('#')) return Collection{};
  if (text == "#") return one(root_);
  const Element* element = root_.complex->element("contained");
  if (element == nullptr) return Collection{};
  Collection all;
  TRY_DO(append_children(root_, element, all));
  for (FhirPathValue& value : all) {
    if (value.json->string("id") == text.substr(1)) return one(std::move(value));
  }
  return Collection{};
}

}  // namespace lightbox::fhir
