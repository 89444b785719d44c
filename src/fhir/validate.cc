#include "fhir/validate.h"

#include <algorithm>
#include <bitset>
#include <fmt/format.h>

#include "fhir/narrative.h"
#include "fhir/primitive.h"
#include "fhir/resource.h"

namespace lightbox::fhir {
namespace {

constexpr std::size_t elements_max = 128;  // of one type; the largest of R4 has half as many

// The data types that have rules of their own.
struct KnownTypes {
  const Definitions& r4 = Definitions::r4();
  const ComplexType* element = r4.complex_type("Element");
  const ComplexType* extension = r4.complex_type("Extension");
  const ComplexType* reference = r4.complex_type("Reference");
  const ComplexType* codeable_concept = r4.complex_type("CodeableConcept");
};

const KnownTypes& known() {
  static const KnownTypes types;
  return types;
}

// Primitives that cannot have an id or extensions themselves, so no member "_name" either: ids,
// Extension.url and the narrative's div.
bool is_plain(const Element& element, const ComplexType& owner) {
  return element.name == "id" || element.types.front().primitive == Primitive::xhtml ||
         (&owner == known().extension && element.name == "url");
}

std::string listed(const std::vector<std::string_view>& codes) {
  constexpr std::size_t shown_max = 10;
  std::string text;
  for (std::size_t at = 0; at < codes.size() && at < shown_max; ++at) {
    if (at > 0) text += ", ";
    text += codes[at];
  }
  if (codes.size() > shown_max) text += fmt::format(" or {} more", codes.size() - shown_max);
  return text;
}

class Validator {
 public:
  explicit Validator(const Limits& limits) : findings_(limits.issues_max) {}

  // A resource that stands for itself: the root, an entry of a Bundle, a parameter.
  void resource(const Json& value, const Place& place) {
    ContainedResources contained(value);
    ContainedResources* outer = std::exchange(contained_, &contained);
    resource_object(value, place);
    contained.check_all_are_referenced(place, findings_);
    contained_ = outer;
  }

  [[nodiscard]] std::vector<Issue> take() && { return std::move(findings_).take(); }

 private:
  using Slot = ComplexType::Slot;

  // What has been met in one object.
  struct Seen {
    std::bitset<elements_max> elements;
    std::size_t next = 0;      // the element after the one met last: members mostly come in order
    bool has_content = false;  // something besides an id
  };

  void resource_object(const Json& value, const Place& place) {
    const Result<const ResourceType*> type = resource_type_of(value);
    if (!type) {
      findings_.add("structure", place, type.error().issues.front().diagnostics);
      return;
    }
    Seen seen;
    members(value, *(*type)->elements, place, seen, /*resource=*/true);
  }

  // --- Objects ---------------------------------------------------------------------------------

  void members(const Json& object, const ComplexType& type, const Place& place, Seen& seen,
               bool resource) {
    for (const Json* member = object.first; member != nullptr; member = member->next) {
      if (member->key == "resourceType" && resource) continue;
      if (member->key.starts_with('_')) {
        sibling(object, *member, type, place, seen);
        continue;
      }
      const Slot slot = find(type, member->key, seen);
      if (slot.element == nullptr) {
        unknown(*member, type, place);
        seen.has_content = true;
        continue;
      }
      mark(object, *member, member->key, type, slot, place, seen);
      values(object, *member, slot, place);
    }
    const std::size_t count = type.elements.size();
    for (std::size_t at = 0; at < count; ++at) {
      if (type.elements[at].min > 0 && !seen.elements[at]) missing(type.elements[at], place);
    }
  }

  static Slot find(const ComplexType& type, std::string_view key, Seen& seen) {
    const std::size_t end = std::min(seen.next + 4, type.elements.size());
    for (std::size_t at = seen.next; at < end; ++at) {
      const Element& element = type.elements[at];
      if (!element.is_choice && element.name == key) {
        seen.next = at + 1;
        return {&element, &element.types.front()};
      }
    }
    const Slot slot = type.find(key);
    if (slot.element != nullptr) seen.next = index_of(type, *slot.element) + 1;
    return slot;
  }

  static std::size_t index_of(const ComplexType& type, const Element& element) {
    return static_cast<std::size_t>(&element - type.elements.data());
  }

  // `name` is the member's key without the underscore of a sibling.
  void mark(const Json& object, const Json& member, std::string_view name, const ComplexType& type,
            const Slot& slot, const Place& place, Seen& seen) {
    const std::size_t index = index_of(type, *slot.element);
    if (slot.element->is_choice && seen.elements[index]) {
      one_choice_only(object, member, name, type, slot, place);
    }
    seen.elements.set(index);
    if (name != "id") seen.has_content = true;
  }

  // Another member before this one is of the same choice, with another type.
  void one_choice_only(const Json& object, const Json& member, std::string_view name,
                       const ComplexType& type, const Slot& slot, const Place& place) {
    for (const Json* other = object.first; other != &member; other = other->next) {
      std::string_view other_name = other->key;
      if (other_name.starts_with('_')) other_name.remove_prefix(1);
      if (other_name == name || type.find(other_name).element != slot.element) continue;
      findings_.add("structure", {&place, slot.element->name},
                    fmt::format("{} and {} exclude each other: only one type of {}[x] is allowed",
                                other_name, name, slot.element->name));
      return;
    }
  }

  void unknown(const Json& member, const ComplexType& type, const Place& place) {
    const Place member_place{&place, member.key};
    if (findings_.is_full()) {
      findings_.add("structure", member_place, {});  // the nearest name takes long to find
    } else if (member.key == "fhir_comments") {
      findings_.add("structure", member_place, "fhir_comments is not part of R4: leave it out");
    } else if (member.key == "resourceType") {
      findings_.add("structure", member_place, "resourceType belongs into resources only");
    } else if (const Element* choice = type.element(member.key)) {
      std::string names;
      for (std::size_t at = 0; at < choice->types.size() && at < 5; ++at) {
        names += (at > 0 ? ", " : "") + std::string(choice->types[at].json_name);
      }
      findings_.add("structure", member_place,
                    fmt::format("{}[x] is written with its type: expected {}{}", member.key, names,
                                choice->types.size() > 5 ? ", …" : ""));
    } else {
      const std::string_view nearest = nearest_name(member.key, type);
      findings_.add("structure", member_place,
                    nearest.empty()
                        ? fmt::format("{} has no element {}", type.name, quoted(member.key))
                        : fmt::format("{} has no element {}: is {} meant?", type.name,
                                      quoted(member.key), quoted(nearest)));
    }
  }

  void missing(const Element& element, const Place& place) {
    findings_.add("required", {&place, element.name},
                  element.is_choice ? fmt::format("{}[x] is required, for example {}", element.name,
                                                  element.types.front().json_name)
                                    : fmt::format("{} is required{}", element.name,
                                                  element.is_list ? ": at least one" : ""));
  }

  // --- Lists and single values -----------------------------------------------------------------

  void values(const Json& object, const Json& member, const Slot& slot, const Place& place) {
    const Element& element = *slot.element;
    if (!element.is_list) return single(member, slot, {&place, element.name});
    const Place list_place{&place, element.name};
    if (!member.is(Json::Kind::array)) {
      findings_.add("structure", list_place,
                    fmt::format("{} is a list: expected an array, not {}", element.name,
                                described(member.kind)));
      return;
    }
    if (member.size == 0) {
      findings_.add("structure", list_place, "an empty array: leave the element out");
    } else if (element.max != 0 && member.size > element.max) {
      findings_.add("structure", list_place,
                    fmt::format("{} items: expected at most {}", member.size, element.max));
    }
    // Looked for once: the object may be as large as the list.
    const bool has_sibling = slot.type->primitive != Primitive::none &&
                             object.find(std::string("_").append(member.key)) != nullptr;
    std::ptrdiff_t index = 0;
    for (const Json* item = member.first; item != nullptr; item = item->next, ++index) {
      const Place item_place{&place, element.name, index};
      if (item->is(Json::Kind::null)) {
        null_item(member, slot, item_place, has_sibling);
      } else {
        value(*item, slot, item_place);
      }
    }
  }

  void single(const Json& member, const Slot& slot, const Place& place) {
    if (member.is(Json::Kind::array)) {
      findings_.add("structure", place,
                    fmt::format("{} occurs once at most: expected {} without [ ]",
                                slot.element->name, slot.type->name));
    } else if (member.is(Json::Kind::null)) {
      findings_.add("structure", place, "null is no value: leave the element out");
    } else {
      value(member, slot, place);
    }
  }

  // null stands for an item that has no value, only extensions, in the list "_name" beside it.
  // sibling() looks at each pair.
  void null_item(const Json& member, const Slot& slot, const Place& place, bool has_sibling) {
    if (slot.type->primitive == Primitive::none) {
      findings_.add("structure", place, "null is no value: leave the item out");
    } else if (!has_sibling) {
      findings_.add(
          "structure", place,
          fmt::format("null without an extension in _{}: leave the item out", member.key));
    }
  }

  void value(const Json& value, const Slot& slot, const Place& place) {
    if (slot.type->primitive != Primitive::none) return primitive(value, slot, place);
    if (!value.is(Json::Kind::object)) {
      findings_.add(
          "structure", place,
          fmt::format("expected an object ({}), not {}", slot.type->name, described(value.kind)));
      return;
    }
    if (!slot.type->is_resource) return complex(value, slot, place);
    if (slot.element->name == "contained") {
      contained(value, place);
    } else {
      resource(value, place);
    }
  }

  void complex(const Json& value, const Slot& slot, const Place& place) {
    const ComplexType& type = *slot.type->complex;
    Seen seen;
    members(value, type, place, seen, /*resource=*/false);
    if (!seen.has_content) {
      findings_.add(value.size == 0 ? "structure" : "invariant", place,
                    value.size == 0 ? "an empty object: leave the element out"
                                    : "expected something besides the id (ele-1)");
    }
    if (&type == known().extension) {
      extension(seen, place);
    } else if (&type == known().reference) {
      check_reference(value, slot.type->targets, place, *contained_, findings_);
    } else if (&type == known().codeable_concept && slot.element->binding != nullptr) {
      bound_concept(value, *slot.element->binding, place);
    }
  }

  // --- Primitives ------------------------------------------------------------------------------

  void primitive(const Json& value, const Slot& slot, const Place& place) {
    const Primitive type = slot.type->primitive;
    const Json::Kind wanted = json_kind_of(type);
    if (value.kind != wanted) {
      findings_.add("structure", place,
                    fmt::format("expected {} ({}), not {}", described(wanted), name_of(type),
                                described(value.kind)));
      return;
    }
    if (const PrimitiveFault fault = check_primitive(type, value.text)) {
      findings_.add(fault.code, place,
                    fmt::format("{}: expected {}", quoted(value.text), fault.expected));
      return;
    }
    switch (type) {
      case Primitive::code:
        bound_code(value, slot, place);
        break;
      case Primitive::xhtml:
        narrative(value, place);
        break;
      case Primitive::string:
        if (slot.element->name == "id") element_id(value, place);
        if (value.text.starts_with('#')) note_reference(value, slot, place);
        break;
      case Primitive::uri:
      case Primitive::url:
      case Primitive::canonical:
        if (value.text.starts_with('#')) note_reference(value, slot, place);
        break;
      default:
        break;
    }
  }

  void bound_code(const Json& value, const Slot& slot, const Place& place) {
    const ValueSet* binding = slot.element->binding;
    if (binding == nullptr || std::ranges::binary_search(binding->codes, value.text)) return;
    findings_.add("code-invalid", place,
                  fmt::format("{} is not in {}: expected {}", quoted(value.text), binding->url,
                              listed(binding->codes)));
  }

  // At least one coding is of the value set (R4, terminologies.html#required).
  void bound_concept(const Json& concept_, const ValueSet& binding, const Place& place) {
    const Json* codings = concept_.find("coding");
    if (codings == nullptr && concept_.find("extension") != nullptr)
      return;  // a reason for no data
    for (const Json* coding = codings ? codings->first : nullptr; coding; coding = coding->next) {
      const bool is_system = binding.system.empty() || coding->string("system") == binding.system;
      if (is_system && std::ranges::binary_search(binding.codes, coding->string("code"))) return;
    }
    findings_.add("code-invalid", place,
                  fmt::format("no coding is in {}: expected one of {} with system {}", binding.url,
                              listed(binding.codes), binding.system));
  }

  void narrative(const Json& value, const Place& place) {
    if (std::string wrong = check_narrative(value.text); !wrong.empty()) {
      findings_.add("invariant", place, std::move(wrong));
    }
  }

  void element_id(const Json& value, const Place& place) {
    if (value.text.find_first_of(" \t\r\n") == std::string_view::npos) return;
    findings_.add("value", place,
                  fmt::format("{}: expected an element's id without spaces", quoted(value.text)));
  }

  // A text that starts with '#' where it can mean a contained resource.
  void note_reference(const Json& value, const Slot& slot, const Place& place) {
    if (slot.type->primitive == Primitive::string && slot.element->path != "Reference.reference") {
      return;
    }
    contained_->note_reference(value.text);
    if (slot.type->primitive == Primitive::canonical &&
        contained_->find(value.text.substr(1)) == nullptr) {
      findings_.add("invariant", place,
                    fmt::format("{} is not in contained: expected the id of a contained resource",
                                quoted(value.text)));
    }
  }

  // --- The member "_name" of a primitive: its id and extensions ----------------------------------

  void sibling(const Json& object, const Json& member, const ComplexType& type, const Place& place,
               Seen& seen) {
    const std::string_view name = member.key.substr(1);
    const Slot slot = type.find(name);
    if (slot.element == nullptr || slot.type->primitive == Primitive::none ||
        is_plain(*slot.element, type)) {
      seen.has_content = true;
      findings_.add(
          "structure", {&place, member.key},
          fmt::format("{} has no element {}: only a primitive has a member with _ for its "
                      "id and extensions",
                      type.name, quoted(member.key)));
      return;
    }
    mark(object, member, name, type, slot, place, seen);
    const Json* main = object.find(name);
    if (!slot.element->is_list) {
      const Place own{&place, slot.element->name};
      element_part(member, own, main != nullptr && !main->is(Json::Kind::null));
      return;
    }
    sibling_list(member, main, slot, place);
  }

  void sibling_list(const Json& member, const Json* main, const Slot& slot, const Place& place) {
    const Place list_place{&place, slot.element->name};
    if (!member.is(Json::Kind::array)) {
      findings_.add("structure", list_place,
                    fmt::format("{} belongs to a list: expected an array, not {}", member.key,
                                described(member.kind)));
      return;
    }
    const bool has_main = main != nullptr && main->is(Json::Kind::array);
    if (member.size == 0) {
      findings_.add("structure", list_place, fmt::format("{} is empty: leave it out", member.key));
    } else if (has_main && main->size != member.size) {
      findings_.add("structure", list_place,
                    fmt::format("{} has {} items and {} has {}: expected as many, null where there "
                                "is nothing",
                                main->key, main->size, member.key, member.size));
    }
    const Json* value = has_main ? main->first : nullptr;
    std::ptrdiff_t index = 0;
    for (const Json* item = member.first; item != nullptr; item = item->next, ++index) {
      const Place item_place{&place, slot.element->name, index};
      const bool has_value = value != nullptr && !value->is(Json::Kind::null);
      if (!item->is(Json::Kind::null)) {
        element_part(*item, item_place, has_value);
      } else if (!has_value) {
        findings_.add("structure", item_place,
                      fmt::format("neither a value nor an extension: null in {} too", member.key));
      }
      if (value != nullptr) value = value->next;
    }
  }

  // id and extension of one primitive.
  void element_part(const Json& value, const Place& place, bool has_value) {
    if (!value.is(Json::Kind::object)) {
      findings_.add(
          "structure", place,
          fmt::format("expected an object with id and extension, not {}", described(value.kind)));
      return;
    }
    Seen seen;
    members(value, *known().element, place, seen, /*resource=*/false);
    if (value.size == 0) {
      findings_.add("structure", place, "an empty object: leave it out");
    } else if (!seen.has_content && !has_value) {
      findings_.add("invariant", place, "expected a value or an extension besides the id (ele-1)");
    }
  }

  // --- Rules of single types ---------------------------------------------------------------------

  void extension(const Seen& seen, const Place& place) {
    const ComplexType& type = *known().extension;
    const bool has_value = seen.elements[index_of(type, *type.element("value"))];
    const bool has_extension = seen.elements[index_of(type, *type.element("extension"))];
    if (has_value == has_extension) {
      findings_.add("invariant", place,
                    has_value ? "value[x] and extension exclude each other (ext-1)"
                              : "expected a value[x] or extensions (ext-1)");
    }
  }

  void contained(const Json& value, const Place& place) {
    if (value.string("id").empty()) {
      findings_.add("required", {&place, "id"}, "a contained resource needs an id");
    }
    if (value.find("contained") != nullptr) {
      findings_.add("invariant", {&place, "contained"},
                    "a contained resource must not contain others (dom-2)");
    }
    if (const Json* meta = value.find("meta")) {
      const Place meta_place{&place, "meta"};
      for (const std::string_view name : {"versionId", "lastUpdated", "security"}) {
        if (meta->find(name) == nullptr) continue;
        findings_.add("invariant", {&meta_place, name},
                      fmt::format("a contained resource must not have meta.{} ({})", name,
                                  name == "security" ? "dom-5" : "dom-4"));
      }
    }
    resource_object(value, place);
  }

  Findings findings_;
  ContainedResources* contained_ = nullptr;
};

}  // namespace

Result<const ResourceType*> resource_type_of(const Json& root) {
  if (!root.is(Json::Kind::object)) {
    return problem(ProblemKind::invalid, "structure",
                   fmt::format("expected a resource, an object, not {}", described(root.kind)));
  }
  const Json* name = root.find("resourceType");
  if (name == nullptr || !name->is(Json::Kind::string)) {
    return problem(ProblemKind::invalid, "structure",
                   "expected a resource, with its type as \"resourceType\"");
  }
  const ResourceType* type = Definitions::r4().resource_type(name->text);
  if (type == nullptr) {
    return problem(ProblemKind::invalid, "structure",
                   fmt::format("{} is no resource type of R4", quoted(name->text)), "resourceType");
  }
  return type;
}

std::vector<Issue> validate(const Json& root, std::string_view path, const Limits& limits) {
  Validator validator(limits);
  const std::string_view name = path.empty() ? root.string("resourceType") : path;
  validator.resource(root, Place{nullptr, name});
  return std::move(validator).take();
}

}  // namespace lightbox::fhir
