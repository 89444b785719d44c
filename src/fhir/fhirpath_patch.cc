#include "fhir/fhirpath_patch.h"

#include <expected>
#include <fmt/format.h>

#include "fhir/element_edit.h"
#include "fhir/fhirpath_patch_value.h"
#include "fhir/json_edit.h"
#include "fhir/patch_fault.h"
#include "fhir/validate.h"

namespace lightbox::fhir {
namespace {

using Kind = FhirPathPatchOperation::Kind;
using Operation = FhirPathPatchOperation;

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::add:
      return "add";
    case Kind::insert:
      return "insert";
    case Kind::delete_:
      return "delete";
    case Kind::replace:
      return "replace";
    case Kind::move:
      return "move";
  }
  return "";
}

// The nodes are the document's own, which the patch may change.
Json& editable(const Json* json) { return *const_cast<Json*>(json); }

class Applier {
 public:
  Applier(JsonDocument& document, const Limits& limits) : document_(document), limits_(limits) {}

  Tried<void> apply(const Operation& operation) {
    switch (operation.kind) {
      case Kind::add:
        return add(operation);
      case Kind::insert:
        return insert(operation);
      case Kind::delete_:
        return remove(operation);
      case Kind::replace:
        return replace(operation);
      case Kind::move:
        return move(operation);
    }
    return {};
  }

 private:
  // A list as the last step of a path names it.
  struct List {
    FhirPathValue owner;
    const Element* element = nullptr;
  };

  Tried<void> spend(std::size_t steps) {
    steps_ += steps;
    if (steps_ <= limits_.patch_steps_max) return {};
    return fault("the patch is too much work (patch_steps_max): send it in parts", "too-costly");
  }

  Tried<FhirPathCollection> evaluate(const FhirPath& path) {
    std::size_t steps = 0;
    auto found = path.evaluate(*document_.root(), limits_, steps);
    if (auto spent = spend(steps); !spent) return std::unexpected(spent.error());
    if (!found) {
      const Issue& issue = found.error().issues.front();
      return fault(issue.diagnostics, issue.code);
    }
    for (const FhirPathValue& value : *found) {
      if (!value.is_element()) return fault("the path gives a computed value, not an element");
    }
    return std::move(*found);
  }

  Tried<FhirPathValue> only(const FhirPath& path) {
    auto found = evaluate(path);
    if (!found) return std::unexpected(found.error());
    if (found->empty()) return fault("the path finds nothing");
    if (found->size() > 1) {
      return fault(
          fmt::format("the path finds {} elements: expected one, such as with [0], first() "
                      "or where()",
                      found->size()));
    }
    return std::move(found->front());
  }

  // The object that holds the children of `value`.
  Json& object_of(const FhirPathValue& value) {
    if (value.kind == FhirPathValue::Kind::complex) return editable(value.json);
    if (value.extras != nullptr) return editable(value.extras);
    return extras_of(document_, editable(value.owner), *value.element, *value.type, value.index);
  }

  Tried<PatchValue> make_value(const Operation& operation, const Element& element,
                               std::size_t depth) {
    const JsonExtent extent = extent_of(*operation.value);
    if (auto spent = spend(extent.nodes); !spent) return std::unexpected(spent.error());
    if (depth + extent.depth + 1 > limits_.json_depth_max) {
      return fault(fmt::format("the result would be nested more than {} levels deep "
                               "(json_depth_max)",
                               limits_.json_depth_max),
                   "too-long");
    }
    auto made = make_patch_value(document_, *operation.value, element);
    if (!made) return fault(std::move(made).error());
    return *made;
  }

  Tried<void> add(const Operation& operation) {
    const auto owner = only(*operation.path);
    if (!owner) return std::unexpected(owner.error());
    if (owner->complex == nullptr) return fault("the path names nothing that can have elements");
    const Element* element = owner->complex->element(operation.name);
    if (element == nullptr) return fault(no_such_element(*owner->complex, operation.name));
    const auto value = make_value(operation, *element, owner->depth);
    if (!value) return std::unexpected(value.error());
    Json& object = object_of(*owner);
    if (element->is_list) {
      const std::size_t size = list_size(object, *value->type);
      insert_item(document_, object, *value->type, size, value->content);
      return spend(object.size + size);
    }
    if (has_element(object, *element)) {
      return fault(fmt::format("{} is there already and is no list: use replace", element->path));
    }
    set_element(document_, object, *element, *value->type, value->content);
    return spend(object.size);
  }

  Tried<List> list(const Operation& operation) {
    const auto [path, name] = operation.path->split();
    if (name.empty()) {
      return fault("the path must end with the name of the list, such as Patient.identifier");
    }
    FhirPathValue owner;
    if (path) {
      auto found = only(*path);
      if (!found) return std::unexpected(found.error());
      owner = std::move(*found);
    } else {
      auto found = only(*this_);
      if (!found) return std::unexpected(found.error());
      owner = std::move(*found);
    }
    if (owner.complex == nullptr) return fault("the path names nothing that can have elements");
    const Element* element = owner.complex->element(name);
    if (element == nullptr) return fault(no_such_element(*owner.complex, name));
    if (!element->is_list) return fault(fmt::format("{} is no list", element->path));
    return List{std::move(owner), element};
  }

  Tried<void> insert(const Operation& operation) {
    const auto found = list(operation);
    if (!found) return std::unexpected(found.error());
    const auto value = make_value(operation, *found->element, found->owner.depth);
    if (!value) return std::unexpected(value.error());
    Json& object = object_of(found->owner);
    const std::size_t size = list_size(object, *value->type);
    if (operation.index > size) {
      return fault(fmt::format("{} has {} items: expected an index from 0 to {}, not {}",
                               found->element->path, size, size, operation.index));
    }
    insert_item(document_, object, *value->type, operation.index, value->content);
    return spend(object.size + size);
  }

  Tried<void> move(const Operation& operation) {
    const auto found = list(operation);
    if (!found) return std::unexpected(found.error());
    const ElementType& type = found->element->types.front();
    Json& object = object_of(found->owner);
    const std::size_t size = list_size(object, type);
    for (const std::size_t index : {operation.source, operation.destination}) {
      if (index < size) continue;
      return fault(
          fmt::format("{} has {} items, so there is no {}", found->element->path, size, index));
    }
    move_item(document_, object, type, operation.source, operation.destination);
    return spend(object.size + size);
  }

  Tried<void> remove(const Operation& operation) {
    const auto found = evaluate(*operation.path);
    if (!found) return std::unexpected(found.error());
    if (found->empty()) return {};
    if (found->size() > 1) {
      return fault(fmt::format("the path finds {} elements: only one can be deleted at a time",
                               found->size()));
    }
    const FhirPathValue& value = found->front();
    if (value.owner == nullptr) return fault("the resource itself is removed with DELETE");
    Json& owner = editable(value.owner);
    if (value.element->is_list) {
      remove_item(document_, owner, *value.type, value.index);
    } else {
      remove_element(owner, *value.element);
    }
    if (owner.size == 0 && &owner != document_.root()) {
      remove_emptied(document_, *document_.root(), owner);
      return spend(extent_of(*document_.root()).nodes);
    }
    return spend(owner.size + value.index);
  }

  Tried<void> replace(const Operation& operation) {
    const auto found = only(*operation.path);
    if (!found) return std::unexpected(found.error());
    if (found->owner == nullptr) return fault("the resource itself is replaced with PUT");
    const auto value = make_value(operation, *found->element, found->depth);
    if (!value) return std::unexpected(value.error());
    Json& owner = editable(found->owner);
    if (found->element->is_list) {
      replace_item(document_, owner, *value->type, found->index, value->content);
    } else {
      set_element(document_, owner, *found->element, *value->type, value->content);
    }
    return spend(owner.size + found->index);
  }

  JsonDocument& document_;
  const Limits& limits_;
  // Where a path without a dot starts.
  Result<FhirPath> this_ = FhirPath::parse("$this");
  std::size_t steps_ = 0;
};

Problem failed(const Operation& operation, std::size_t index, const PatchFault& fault) {
  return problem(
      ProblemKind::unprocessable, fault.code,
      fmt::format("Operation {} of the patch ({} {}) fails: {}. Nothing was changed", index,
                  name_of(operation.kind), quoted(operation.path_text), fault.what),
      fmt::format("Parameters.parameter[{}]", index));
}

}  // namespace

Result<JsonDocument> apply_fhirpath_patch(const FhirPathPatch& patch, JsonDocument document,
                                          const Limits& limits) {
  Applier applier(document, limits);
  for (std::size_t index = 0; index < patch.size(); ++index) {
    const auto applied = applier.apply(patch[index]);
    if (!applied) return failed(patch[index], index, applied.error());
  }
  return document;
}

}  // namespace lightbox::fhir
