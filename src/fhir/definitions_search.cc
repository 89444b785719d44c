// The loader of definitions/search-parameters.tsv.

#include <algorithm>
#include <array>
#include <utility>

#include "fhir/definitions_tables.h"

namespace lightbox::fhir {
namespace {

constexpr std::array<std::pair<std::string_view, SearchType>, 9> search_types{{
    {"number", SearchType::number},
    {"date", SearchType::date},
    {"string", SearchType::string},
    {"token", SearchType::token},
    {"reference", SearchType::reference},
    {"composite", SearchType::composite},
    {"quantity", SearchType::quantity},
    {"uri", SearchType::uri},
    {"special", SearchType::special},
}};

constexpr std::array<std::pair<std::string_view, PathStep::Op>, 7> operations{{
    {"child", PathStep::Op::child},
    {"as", PathStep::Op::as_type},
    {"where", PathStep::Op::where_equals},
    {"resolves", PathStep::Op::where_resolves},
    {"extension", PathStep::Op::extension},
    {"index", PathStep::Op::index},
    {"exists-and-not-false", PathStep::Op::exists_and_not_false},
}};

template <typename Rows>
auto value_of(const Rows& rows, std::string_view name, std::string_view line) {
  for (const auto& [row_name, value] : rows) {
    if (row_name == name) return value;
  }
  malformed("unknown word", line);
}

// "child:value", "where:system=phone", "index:0", "exists-and-not-false".
PathStep step_of(std::string_view text, std::string_view line) {
  PathStep step;
  step.op = value_of(operations, take(text, ":"), line);
  if (step.op == PathStep::Op::where_equals) {
    step.name = take(text, "=");
    step.argument = text;
  } else if (step.op == PathStep::Op::index) {
    step.argument = text;
  } else {
    step.name = text;
  }
  return step;
}

std::vector<Path> paths_of(std::string_view text, std::string_view line) {
  std::vector<Path> paths;
  while (!text.empty()) {
    std::string_view alternative = take(text, " | ");
    Path& path = paths.emplace_back();
    while (!alternative.empty()) path.push_back(step_of(take(alternative, " "), line));
  }
  return paths;
}

// The ends of a path in the definitions: which elements, with which of their types, it can yield.
using Ends = std::vector<ComplexType::Slot>;

Ends children(const Ends& ends, std::string_view name) {
  Ends found;
  for (const auto& end : ends) {
    if (end.type->complex == nullptr) continue;
    if (const Element* element = end.type->complex->element(name)) {
      for (const ElementType& type : element->types) found.push_back({element, &type});
    }
  }
  return found;
}

Ends follow(const ComplexType& resource, const Path& path) {
  const Element no_element;
  ElementType start;
  start.complex = &resource;
  Ends ends{{&no_element, &start}};
  for (const PathStep& step : path) {
    switch (step.op) {
      case PathStep::Op::child:
        ends = children(ends, step.name);
        break;
      case PathStep::Op::as_type:
        std::erase_if(ends, [&](const auto& end) { return end.type->name != step.name; });
        break;
      case PathStep::Op::extension:
      case PathStep::Op::exists_and_not_false:
        return {};
      case PathStep::Op::where_equals:
      case PathStep::Op::where_resolves:
      case PathStep::Op::index:
        break;
    }
  }
  // A path that never left the resource itself: the locals above are no ends.
  std::erase_if(ends, [&](const auto& end) { return end.element == &no_element; });
  return ends;
}

bool is_string_alone(const ResourceType& resource, const std::vector<Path>& paths) {
  return std::ranges::all_of(paths, [&](const Path& path) {
    const Ends ends = follow(*resource.elements, path);
    return !ends.empty() && std::ranges::all_of(ends, [](const auto& end) {
      return end.type->primitive == Primitive::string;
    });
  });
}

bool is_identifier_alone(const ResourceType& resource, const std::vector<Path>& paths) {
  return std::ranges::all_of(paths, [&](const Path& path) {
    const Ends ends = follow(*resource.elements, path);
    return !ends.empty() && std::ranges::all_of(ends, [](const auto& end) {
      return end.type->name == "Identifier";
    });
  });
}

// The value set whose one system a bare code has: when every end of every path is a code that is
// bound to codes of one system, the same for all.
const ValueSet* implicit_system(const ResourceType& resource, const std::vector<Path>& paths) {
  const ValueSet* common = nullptr;
  for (const Path& path : paths) {
    const Ends ends = follow(*resource.elements, path);
    if (ends.empty()) return nullptr;
    for (const auto& end : ends) {
      const ValueSet* binding = end.element->binding;
      if (end.type->primitive != Primitive::code || !binding || binding->system.empty()) {
        return nullptr;
      }
      if (common && common->system != binding->system) return nullptr;
      if (!common) common = binding;
    }
  }
  return common;
}

class Loader {
 public:
  explicit Loader(DefinitionTables& tables) : tables_(tables) {}

  void load(std::string_view tsv) {
    std::vector<Row> rows;
    while (!tsv.empty()) {
      const std::string_view line = take(tsv, "\n");
      if (!line.empty() && line.front() != '#') rows.push_back(read(line));
    }
    // By type and code, so that each type's parameters end up sorted in one go.
    std::ranges::sort(rows, [](const Row& a, const Row& b) {
      return std::pair(a.type->name, a.parameter.code) < std::pair(b.type->name, b.parameter.code);
    });
    for (Row& row : rows) row.type->search_parameters.push_back(std::move(row.parameter));
    for (const Row& row : rows) finish(row);
  }

 private:
  struct Row {
    ResourceType* type = nullptr;
    SearchParameter parameter;
    std::string_view code;
    std::string_view components;
    std::string_view flags;
    std::string_view line;
  };

  Row read(std::string_view line) {
    Row row;
    row.line = line;
    std::string_view rest = line;
    row.type = resource(take(rest, "\t"), line);
    SearchParameter& parameter = row.parameter;
    parameter.resource = row.type;
    parameter.code = row.code = take(rest, "\t");
    if (const std::string_view slot = take_column(rest); !slot.empty()) {
      const unsigned number = to_number(slot, line);
      if (number > 63) malformed("slot out of range", line);
      parameter.slot = static_cast<std::uint8_t>(number);
    }
    parameter.type = value_of(search_types, take(rest, "\t"), line);
    parameter.url = take_column(rest);
    parameter.paths = paths_of(take_column(rest), line);
    std::string_view targets = take_column(rest);
    while (!targets.empty()) parameter.targets.push_back(resource(take(targets, ","), line));
    row.components = take_column(rest);
    row.flags = take_column(rest);
    parameter.description = rest;
    return row;
  }

  ResourceType* resource(std::string_view name, std::string_view line) const {
    const auto found = tables_.resource_type_by_name.find(name);
    if (found == tables_.resource_type_by_name.end()) malformed("unknown resource type", line);
    return found->second;
  }

  // What needs all parameters of the type in place: pointers to them.
  void finish(const Row& row) const {
    ResourceType& type = *row.type;
    auto& parameter = const_cast<SearchParameter&>(*type.search_parameter(row.code));
    std::string_view components = row.components;
    while (!components.empty()) {
      parameter.components.push_back(component(type, take(components, " & "), row.line));
    }
    std::string_view flags = row.flags;
    while (!flags.empty()) set_flag(type, parameter, take(flags, ","), row.line);
    if (parameter.type == SearchType::token) {
      parameter.implicit_system = implicit_system(type, parameter.paths);
      parameter.folds_case = is_string_alone(type, parameter.paths);
      parameter.is_identifier = is_identifier_alone(type, parameter.paths);
    }
  }

  static SearchParameter::Component component(const ResourceType& type, std::string_view text,
                                              std::string_view line) {
    SearchParameter::Component made;
    made.parameter = type.search_parameter(take(text, "="));
    if (made.parameter == nullptr) malformed("unknown component", line);
    if (constexpr std::string_view mark = "%resource "; text.starts_with(mark)) {
      made.from_resource = true;
      text.remove_prefix(mark.size());
    }
    made.paths = paths_of(text, line);
    return made;
  }

  void set_flag(ResourceType& type, SearchParameter& parameter, std::string_view flag,
                std::string_view line) const {
    constexpr std::string_view compartment_of = "compartment:";
    if (flag == "uid") {
      parameter.is_uid = true;
    } else if (flag == "order") {
      type.order = &parameter;
    } else if (flag.starts_with(compartment_of)) {
      add_to_compartment(type, parameter, resource(flag.substr(compartment_of.size()), line));
    } else if (flag == "derived-from") {
      parameter.derived_from = parameter.url;
    } else if (flag == "own") {
      parameter.is_own = true;
    } else {
      malformed("unknown flag", line);
    }
  }

  static void add_to_compartment(ResourceType& type, const SearchParameter& parameter,
                                 const ResourceType* of) {
    for (ResourceType::Compartment& compartment : type.compartments) {
      if (compartment.of == of) return compartment.parameters.push_back(&parameter);
    }
    type.compartments.push_back({of, {&parameter}});
  }

  DefinitionTables& tables_;
};

}  // namespace

void load_search_parameters(std::string_view tsv, DefinitionTables& tables) {
  Loader(tables).load(tsv);
}

}  // namespace lightbox::fhir
