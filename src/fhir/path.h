#pragma once

// All paths that a resource is searched by, merged into one tree, so that one walk over the JSON
// evaluates them all: a resource's members are looked at once, not once per search parameter.
//
//     basedOn ----------------------> [basedon]
//     subject ----------------------> [subject]
//       if it resolves to a Patient -> [patient]
//     series
//       modality -------------------> [modality]
//       instance
//         uid ----------------------> [instance]
//
// A node is an element with one type; edges carry JSON member names, with choices expanded
// (valueQuantity). What stands in brackets are actions: numbers that the owner of the tree gives.
//
// A tree is built by one thread and then immutable.

#include <cstdint>
#include <string_view>
#include <vector>

#include "fhir/definitions.h"
#include "fhir/json.h"

namespace lightbox::fhir {

// "Patient" for "Patient/1", "Patient/1/_history/2" and "http://elsewhere/Patient/1"; empty when
// the text does not end in a resource type and an id.
[[nodiscard]] std::string_view type_of_reference(std::string_view reference);

class PathTree {
 public:
  // Where a path can end: a node, and the type of the values there.
  struct End {
    std::uint32_t node = 0;
    const ElementType* type = nullptr;  // nullptr: the start itself
  };

  // Paths begin at a value of type `start`.
  explicit PathTree(const ComplexType& start);

  // Adds the path and returns where it ends: one end per type that its last element may have. None
  // when the path leads nowhere. exists_and_not_false is not a step in the tree: it concerns all
  // ends together, and the caller sees to it.
  std::vector<End> add(const Path& path);
  void attach(std::uint32_t node, std::uint16_t action);

  // Calls found(action, value) for each value (never null, never an array) at a node with an
  // action. `resource` is where contained resources are looked up.
  template <typename Found>
  void walk(const Json& start, const Json& resource, Found&& found) const {
    visit_one(nodes_.front(), start, resource, 0, found);
  }

 private:
  struct Edge {
    std::string_view member;
    std::uint32_t node = 0;
  };
  struct Condition {
    PathStep step;
    std::uint32_t node = 0;
  };
  struct Node {
    std::vector<std::uint16_t> actions;
    std::vector<Edge> edges;
    std::vector<Condition> conditions;
  };

  [[nodiscard]] std::vector<End> children(const std::vector<End>& ends, std::string_view name);
  [[nodiscard]] std::vector<End> filtered(const std::vector<End>& ends, const PathStep& step);
  [[nodiscard]] std::string_view type_name(const End& end) const;
  static bool holds(const PathStep& condition, const Json& value, const Json& resource,
                    std::uint32_t position);

  template <typename Found>
  void visit(const Node& node, const Json& value, const Json& resource, Found& found) const {
    if (value.kind != Json::Kind::array) return visit_one(node, value, resource, 0, found);
    std::uint32_t position = 0;
    for (const Json* item = value.first; item != nullptr; item = item->next) {
      visit_one(node, *item, resource, position++, found);
    }
  }

  template <typename Found>
  void visit_one(const Node& node, const Json& value, const Json& resource, std::uint32_t position,
                 Found& found) const {
    if (value.kind == Json::Kind::null || value.kind == Json::Kind::array) return;
    for (const std::uint16_t action : node.actions) found(action, value);
    for (const Condition& condition : node.conditions) {
      if (!holds(condition.step, value, resource, position)) continue;
      visit_one(nodes_[condition.node], value, resource, position, found);
    }
    if (node.edges.empty() || value.kind != Json::Kind::object) return;
    for (const Json* member = value.first; member != nullptr; member = member->next) {
      for (const Edge& edge : node.edges) {
        if (edge.member != member->key) continue;
        visit(nodes_[edge.node], *member, resource, found);
        break;
      }
    }
  }

  const ComplexType& start_;
  std::vector<Node> nodes_;  // the first is the start
};

}  // namespace lightbox::fhir
