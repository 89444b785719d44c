#include "fhir/index_program.h"

#include <algorithm>

namespace lightbox::fhir {

IndexProgram::IndexProgram(const ResourceType& resource_type) : tree(*resource_type.elements) {
  for (const SearchParameter& parameter : resource_type.search_parameters) {
    // _id and _lastUpdated are columns of the resource.
    if (parameter.slot != SearchParameter::no_slot) add(parameter);
  }
  if (resource_type.order == nullptr) return;
  has_order = true;
  order = index_parameter(resource_type.order->number(), IndexVariant::value);
}

void IndexProgram::add(const SearchParameter& parameter) {
  bool is_dead = parameter.paths.empty();
  for (const Path& path : parameter.paths) {
    bool has_end = false;
    for (const PathTree::End& end : tree.add(path)) {
      IndexAction action;
      action.parameter = index_parameter(parameter.number(), IndexVariant::value);
      action.present = std::uint64_t{1} << parameter.slot;
      action.type = parameter.type;
      action.kind = value_kind(parameter.type, end.type);
      action.is_uid = parameter.is_uid;
      action.folds_case = parameter.folds_case;
      if (path.back().op == PathStep::Op::exists_and_not_false) action.kind = ValueKind::not_false;
      if (parameter.type == SearchType::composite) {
        const ComplexType* start =
            end.type != nullptr ? end.type->complex : parameter.resource->elements;
        if (start == nullptr) continue;
        action.composite = static_cast<std::uint16_t>(composites.size());
        composites.emplace_back(parameter, *start);
        if (!composites.back().is_complete()) continue;
      }
      has_end = has_end || action.kind != ValueKind::none;
      tree.attach(end.node, static_cast<std::uint16_t>(actions.size()));
      actions.push_back(action);
    }
    is_dead = is_dead || !has_end;
  }
  if (is_dead) dead.push_back(&parameter);
}

CompositeProgram::CompositeProgram(const SearchParameter& parameter, const ComplexType& start) {
  for (const SearchParameter::Component& defined : parameter.components) {
    const ComplexType& from = defined.from_resource ? *parameter.resource->elements : start;
    Component component{PathTree(from), defined.parameter->type, {}, defined.from_resource};
    for (const Path& path : defined.paths) {
      for (const PathTree::End& end : component.tree.add(path)) {
        const ValueKind kind = value_kind(component.type, end.type);
        if (kind == ValueKind::none) continue;
        component.tree.attach(end.node, static_cast<std::uint16_t>(component.kinds.size()));
        component.kinds.push_back(kind);
      }
    }
    components_.push_back(std::move(component));
  }
}

bool CompositeProgram::is_complete() const {
  return components_.size() >= 2 &&
         std::ranges::none_of(components_,
                              [](const Component& component) { return component.kinds.empty(); });
}

void CompositeProgram::collect(SearchType type, ValueKind kind, const Json& value,
                               const IndexOptions& options, std::vector<Part>& parts) {
  switch (type) {
    case SearchType::token:
      for_each_token(kind, value,
                     [&](std::optional<std::string_view> system, std::string_view code) {
                       parts.push_back({std::string(system.value_or("")), std::string(code), 0, 0});
                     });
      break;
    case SearchType::string:
      for_each_string(kind, value,
                      [&](std::string_view text) { parts.push_back({{}, normalise(text), 0, 0}); });
      break;
    case SearchType::uri:
    case SearchType::reference:
      for_each_reference(kind, value, options, [&](std::string_view text) {
        parts.push_back({{}, std::string(text), 0, 0});
      });
      break;
    case SearchType::date:
      if (const auto date = date_value(kind, value, options.zone_offset_minutes)) {
        parts.push_back({{}, {}, static_cast<double>(date->low), static_cast<double>(date->high)});
      }
      break;
    case SearchType::number:
    case SearchType::quantity:
      if (const auto number = number_value(kind, value)) {
        parts.push_back(
            {std::string(number->system), std::string(number->code), number->low, number->high});
        // A search names a unit by its code or by its text; the text is of no system.
        if (number->unit != number->code && !number->unit.empty()) {
          parts.push_back({{}, std::string(number->unit), number->low, number->high});
        }
      }
      break;
    case SearchType::composite:
    case SearchType::special:
      break;
  }
}

std::vector<CompositeProgram::Part> CompositeProgram::parts_of(const Component& component,
                                                               const Json& instance,
                                                               const Json& resource,
                                                               const IndexOptions& options) {
  std::vector<Part> parts;
  const Json& from = component.from_resource ? resource : instance;
  component.tree.walk(from, resource, [&](std::uint16_t action, const Json& value) {
    collect(component.type, component.kinds[action], value, options, parts);
    // Thousands of instances of a series have one SOP class: the same part over and over.
    const std::size_t count = parts.size();
    if (count > 1 && parts[count - 1] == parts[count - 2]) parts.pop_back();
  });
  return parts;
}

void CompositeProgram::add(std::uint32_t parameter, const Json& instance, const Json& resource,
                           const IndexOptions& options,
                           std::vector<CompositeEntry>& entries) const {
  std::vector<CompositeEntry> combined(1);
  combined.front().parameter = parameter;
  bool is_first = true;
  bool has_interval = false;
  for (const Component& component : components_) {
    const bool is_interval = component.type == SearchType::date ||
                             component.type == SearchType::number ||
                             component.type == SearchType::quantity;
    const std::vector<Part> parts = parts_of(component, instance, resource, options);
    std::vector<CompositeEntry> wider;
    for (const CompositeEntry& so_far : combined) {
      for (const Part& part : parts) {
        if (wider.size() == combinations_max) break;
        CompositeEntry& entry = wider.emplace_back(so_far);
        if (is_first) {
          entry.first_system = part.system;
          entry.first = part.text;
        } else if (!is_interval || component.type == SearchType::quantity) {
          entry.second_system = part.system;
          entry.second = part.text;
        }
        if (is_interval) {
          (has_interval ? entry.low2 : entry.low) = part.low;
          (has_interval ? entry.high2 : entry.high) = part.high;
        }
      }
    }
    combined = std::move(wider);
    is_first = false;
    has_interval = has_interval || is_interval;
  }
  entries.insert(entries.end(), combined.begin(), combined.end());
}

}  // namespace lightbox::fhir
