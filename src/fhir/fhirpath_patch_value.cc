#include "fhir/fhirpath_patch_value.h"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

#include "fhir/json_edit.h"
#include "fhir/validate.h"

namespace lightbox::fhir {
namespace {

using Made = std::expected<PatchValue, std::string>;

// Parameters.parameter, with all types that value[x] may have.
const ComplexType& parameter_type() {
  static const ComplexType* const type = Definitions::r4()
                                             .resource_type("Parameters")
                                             ->elements->element("parameter")
                                             ->types[0]
                                             .complex;
  return *type;
}

bool is_value_member(std::string_view key) {
  if (key.starts_with('_')) key.remove_prefix(1);
  const auto slot = parameter_type().find(key);
  return slot.element != nullptr && slot.element->is_choice;
}

std::string value_name(std::string_view type) {
  std::string name = "value" + std::string(type);
  if (name[5] >= 'a' && name[5] <= 'z') name[5] = static_cast<char>(name[5] - 'a' + 'A');
  return name;
}

// "valueQuantity, valueString", "parts for its elements"
std::string expected_for(const Element& element) {
  constexpr std::size_t shown_max = 5;
  std::string text;
  for (std::size_t at = 0; at < element.types.size() && at < shown_max; ++at) {
    const ElementType& type = element.types[at];
    const std::string name = value_name(type.primitive == Primitive::xhtml ? "string" : type.name);
    if (at > 0) text += ", ";
    if (type.is_resource) {
      text += "resource";
    } else {
      text += is_value_member(name) ? name : "parts for its elements";
    }
  }
  if (element.types.size() > shown_max) text += ", …";
  return text;
}

class Maker {
 public:
  explicit Maker(JsonDocument& document) : document_(document) {}

  Made make(const Json& part, const Element& element) {
    for (const Json* member = part.first; member != nullptr; member = member->next) {
      if (is_value_member(member->key)) return from_value(part, *member, element);
    }
    if (const Json* parts = part.find("part")) return from_parts(*parts, element);
    if (const Json* resource = part.find("resource")) return from_resource(*resource, element);
    return std::unexpected(fmt::format("the value of {} is missing: expected {}", element.path,
                                       expected_for(element)));
  }

 private:
  Made from_value(const Json& part, const Json& member, const Element& element) {
    std::string_view key = member.key;
    if (key.starts_with('_')) key.remove_prefix(1);
    const ElementType& given = *parameter_type().find(key).type;
    const auto type = std::ranges::find_if(element.types, [&](const ElementType& each) {
      const bool is_text =
          given.primitive == Primitive::string || given.primitive == Primitive::markdown;
      return each.name == given.name || (each.primitive == Primitive::xhtml && is_text);
    });
    if (type == element.types.end()) {
      return std::unexpected(
          fmt::format("{} cannot be {}: expected {}", element.path, key, expected_for(element)));
    }
    PatchValue made{.type = &*type, .content = {}};
    if (const Json* value = part.find(key)) made.content.value = copy_json(*value, {}, document_);
    if (given.primitive != Primitive::none) {
      if (const Json* extras = part.find("_" + std::string(key))) {
        made.content.extras = copy_json(*extras, {}, document_);
      }
    }
    return made;
  }

  Made from_resource(const Json& resource, const Element& element) {
    const auto type = std::ranges::find_if(element.types, &ElementType::is_resource);
    if (type == element.types.end()) {
      return std::unexpected(
          fmt::format("{} cannot be a resource: expected {}", element.path, expected_for(element)));
    }
    return PatchValue{.type = &*type, .content = {copy_json(resource, {}, document_), nullptr}};
  }

  Made from_parts(const Json& parts, const Element& element) {
    const auto is_complex = [](const ElementType& type) {
      return type.primitive == Primitive::none && type.complex != nullptr;
    };
    const auto type = std::ranges::find_if(element.types, is_complex);
    if (type == element.types.end() || std::ranges::count_if(element.types, is_complex) > 1) {
      return std::unexpected(fmt::format("{} cannot be made of parts: expected {}", element.path,
                                         expected_for(element)));
    }
    Json* object = document_.make(Json::Kind::object);
    for (const Json* part = parts.first; part != nullptr; part = part->next) {
      if (auto added = add(*object, *type->complex, *part); !added) {
        return std::unexpected(std::move(added).error());
      }
    }
    return PatchValue{.type = &*type, .content = {object, nullptr}};
  }

  std::expected<void, std::string> add(Json& object, const ComplexType& type, const Json& part) {
    const Element* element = type.element(part.string("name"));
    if (element == nullptr) {
      return std::unexpected(no_such_element(type, part.string("name")));
    }
    if (!element->is_list && has_element(object, *element)) {
      return std::unexpected(fmt::format("{} is given twice", element->path));
    }
    auto made = make(part, *element);
    if (!made) return std::unexpected(std::move(made).error());
    if (element->is_list) {
      insert_item(document_, object, *made->type, list_size(object, *made->type), made->content);
    } else {
      set_element(document_, object, *element, *made->type, made->content);
    }
    return {};
  }

  JsonDocument& document_;
};

}  // namespace

Made make_patch_value(JsonDocument& document, const Json& part, const Element& element) {
  return Maker(document).make(part, element);
}

std::string no_such_element(const ComplexType& type, std::string_view name) {
  if (const auto slot = type.find(name); slot.element != nullptr && slot.element->is_choice) {
    return fmt::format("the name of {} is {}, with its value as {}", quoted(name),
                       slot.element->name, value_name(slot.type->name));
  }
  const std::string_view nearest = nearest_name(name, type);
  if (nearest.empty()) return fmt::format("{} has no element {}", type.name, quoted(name));
  return fmt::format("{} has no element {}: is {} meant?", type.name, quoted(name),
                     quoted(nearest));
}

}  // namespace lightbox::fhir
