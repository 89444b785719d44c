#include "fhir/path.h"

#include <algorithm>
#include <charconv>

#include "fhir/resource.h"

namespace lightbox::fhir {
namespace {

bool has_extension(const Json& value, std::string_view url) {
  const Json* extensions = value.find("extension");
  if (extensions == nullptr || !extensions->is(Json::Kind::array)) return false;
  for (const Json* item = extensions->first; item != nullptr; item = item->next) {
    if (item->string("url") == url) return true;
  }
  return false;
}

// The type of the contained resource that "#id" names; empty when it is not there.
std::string_view type_of_contained(const Json& resource, std::string_view id) {
  const Json* contained = resource.find("contained");
  if (contained == nullptr || !contained->is(Json::Kind::array)) return {};
  for (const Json* item = contained->first; item != nullptr; item = item->next) {
    if (item->string("id") == id) return item->string("resourceType");
  }
  return {};
}

// FHIRPath's `resolve() is T`, from what the reference itself says (R4, search.html#resolve).
bool resolves_to(const Json& reference, const Json& resource, std::string_view type) {
  constexpr std::string_view definitions = "http://hl7.org/fhir/StructureDefinition/";
  std::string_view declared = reference.string("type");
  if (declared.starts_with(definitions)) declared.remove_prefix(definitions.size());
  if (declared == type) return true;
  const std::string_view literal = reference.string("reference");
  if (literal.starts_with('#')) return type_of_contained(resource, literal.substr(1)) == type;
  return type_of_reference(literal) == type;
}

}  // namespace

std::string_view type_of_reference(std::string_view reference) {
  if (const auto history = reference.find("/_history/"); history != std::string_view::npos) {
    reference = reference.substr(0, history);
  }
  const auto slash = reference.rfind('/');
  if (slash == std::string_view::npos || !is_id(reference.substr(slash + 1))) return {};
  reference = reference.substr(0, slash);
  const auto before = reference.rfind('/');
  const std::string_view type =
      before == std::string_view::npos ? reference : reference.substr(before + 1);
  return Definitions::r4().resource_type(type) != nullptr ? type : std::string_view{};
}

PathTree::PathTree(const ComplexType& start) : start_(start), nodes_(1) {}

std::vector<PathTree::End> PathTree::add(const Path& path) {
  std::vector<End> ends{End{}};
  for (const PathStep& step : path) {
    switch (step.op) {
      case PathStep::Op::child:
        ends = children(ends, step.name);
        break;
      case PathStep::Op::as_type:
        std::erase_if(ends, [&](const End& end) { return type_name(end) != step.name; });
        break;
      case PathStep::Op::extension:
        ends =
            filtered(children(ends, "extension"), {PathStep::Op::where_equals, "url", step.name});
        break;
      case PathStep::Op::where_equals:
      case PathStep::Op::where_resolves:
      case PathStep::Op::index:
        ends = filtered(ends, step);
        break;
      case PathStep::Op::exists_and_not_false:
        break;
    }
  }
  return ends;
}

void PathTree::attach(std::uint32_t node, std::uint16_t action) {
  auto& actions = nodes_[node].actions;
  if (std::ranges::find(actions, action) == actions.end()) actions.push_back(action);
}

std::string_view PathTree::type_name(const End& end) const {
  return end.type != nullptr ? end.type->name : start_.name;
}

std::vector<PathTree::End> PathTree::children(const std::vector<End>& ends, std::string_view name) {
  std::vector<End> found;
  for (const End& end : ends) {
    const ComplexType* parent = end.type != nullptr ? end.type->complex : &start_;
    const Element* element = parent != nullptr ? parent->element(name) : nullptr;
    if (element == nullptr) continue;
    for (const ElementType& type : element->types) {
      auto& edges = nodes_[end.node].edges;
      const auto edge = std::ranges::find(edges, type.json_name, &Edge::member);
      std::uint32_t node = 0;
      if (edge != edges.end()) {
        node = edge->node;
      } else {
        node = static_cast<std::uint32_t>(nodes_.size());
        edges.push_back({type.json_name, node});
        nodes_.emplace_back();
      }
      found.push_back({node, &type});
    }
  }
  return found;
}

std::vector<PathTree::End> PathTree::filtered(const std::vector<End>& ends, const PathStep& step) {
  std::vector<End> found;
  for (const End& end : ends) {
    auto& conditions = nodes_[end.node].conditions;
    const auto same = std::ranges::find_if(conditions, [&](const Condition& condition) {
      return condition.step.op == step.op && condition.step.name == step.name &&
             condition.step.argument == step.argument;
    });
    if (same != conditions.end()) {
      found.push_back({same->node, end.type});
      continue;
    }
    const auto node = static_cast<std::uint32_t>(nodes_.size());
    conditions.push_back({step, node});
    nodes_.emplace_back();
    found.push_back({node, end.type});
  }
  return found;
}

bool PathTree::holds(const PathStep& condition, const Json& value, const Json& resource,
                     std::uint32_t position) {
  switch (condition.op) {
    case PathStep::Op::where_equals:
      if (condition.name == "extension") return has_extension(value, condition.argument);
      return value.string(condition.name) == condition.argument;
    case PathStep::Op::where_resolves:
      return resolves_to(value, resource, condition.name);
    case PathStep::Op::index: {
      std::uint32_t wanted = 0;
      const std::string_view text = condition.argument;
      std::from_chars(text.data(), text.data() + text.size(), wanted);
      return position == wanted;
    }
    default:
      return false;
  }
}

}  // namespace lightbox::fhir
