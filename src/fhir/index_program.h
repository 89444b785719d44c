#pragma once

// How the resources of one type are indexed: the search parameters of the type, compiled to one
// tree of paths with an action at each end. Immutable after construction.

#include <cstdint>
#include <vector>

#include "fhir/definitions.h"
#include "fhir/index.h"
#include "fhir/index_values.h"
#include "fhir/path.h"

namespace lightbox::fhir {

// What is done with a value that a parameter's path leads to.
struct IndexAction {
  std::uint32_t parameter = 0;  // index_parameter(number, value)
  std::uint64_t present = 0;    // the bit of its slot
  SearchType type = SearchType::special;
  ValueKind kind = ValueKind::none;
  bool is_uid = false;
  bool folds_case = false;
  std::uint16_t composite = 0;  // in IndexProgram::composites
};

// A composite parameter at one of the elements that it may be at.
class CompositeProgram {
 public:
  // `start` is the type of the composite's element.
  CompositeProgram(const SearchParameter& parameter, const ComplexType& start);

  // Every combination of the components' values in `instance`; nothing when a component has none.
  void add(std::uint32_t parameter, const Json& instance, const Json& resource,
           const IndexOptions& options, std::vector<CompositeEntry>& entries) const;

  // False when a component leads nowhere: a fault of the definitions.
  [[nodiscard]] bool is_complete() const;

 private:
  struct Component {
    PathTree tree;
    SearchType type = SearchType::special;
    std::vector<ValueKind> kinds;  // by action
    bool from_resource = false;
  };
  // One value of one component. A quantity has both a unit and an interval.
  struct Part {
    std::string system;
    std::string text;
    double low = 0;
    double high = 0;
    bool operator==(const Part&) const = default;
  };

  // Some codes times some values. What has more than this is no measurement but an attack.
  static constexpr std::size_t combinations_max = 10'000;

  static std::vector<Part> parts_of(const Component& component, const Json& instance,
                                    const Json& resource, const IndexOptions& options);
  static void collect(SearchType type, ValueKind kind, const Json& value,
                      const IndexOptions& options, std::vector<Part>& parts);

  std::vector<Component> components_;
};

struct IndexProgram {
  explicit IndexProgram(const ResourceType& resource_type);

  PathTree tree;
  std::vector<IndexAction> actions;
  std::vector<CompositeProgram> composites;
  bool has_order = false;
  std::uint32_t order = 0;  // the parameter whose dates order the type's results
  // Parameters with a path, or a component, that leads nowhere. A test keeps this empty.
  std::vector<const SearchParameter*> dead;

 private:
  void add(const SearchParameter& parameter);
};

}  // namespace lightbox::fhir
