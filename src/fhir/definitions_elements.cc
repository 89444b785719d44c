// The loader of definitions/elements.tsv.

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "fhir/definitions_tables.h"

namespace lightbox::fhir {
namespace {

constexpr std::array<std::pair<std::string_view, Primitive>, 20> primitives{{
    {"base64Binary", Primitive::base64Binary},
    {"boolean", Primitive::boolean},
    {"canonical", Primitive::canonical},
    {"code", Primitive::code},
    {"date", Primitive::date},
    {"dateTime", Primitive::dateTime},
    {"decimal", Primitive::decimal},
    {"id", Primitive::id},
    {"instant", Primitive::instant},
    {"integer", Primitive::integer},
    {"markdown", Primitive::markdown},
    {"oid", Primitive::oid},
    {"positiveInt", Primitive::positiveInt},
    {"string", Primitive::string},
    {"time", Primitive::time},
    {"unsignedInt", Primitive::unsignedInt},
    {"uri", Primitive::uri},
    {"url", Primitive::url},
    {"uuid", Primitive::uuid},
    {"xhtml", Primitive::xhtml},
}};

Primitive primitive_of(std::string_view name) {
  const auto found = std::ranges::find(primitives, name, [](const auto& row) { return row.first; });
  return found == primitives.end() ? Primitive::none : found->second;
}

class Loader {
 public:
  explicit Loader(DefinitionTables& tables) : tables_(tables) {}

  void load(std::string_view tsv) {
    std::size_t resources = 0;
    for_each_line(tsv, [&](std::string_view line) { resources += line.starts_with("resource\t"); });
    tables_.resource_types.reserve(resources);  // pointers to its items are taken below
    for_each_line(tsv, [&](std::string_view line) { declare(line); });
    for_each_line(tsv, [&](std::string_view line) { define(line); });
    for (ComplexType& type : tables_.complex_types) index_names(type);
  }

 private:
  template <typename Function>
  static void for_each_line(std::string_view text, Function function) {
    while (!text.empty()) {
      const std::string_view line = take(text, "\n");
      if (!line.empty() && line.front() != '#') function(line);
    }
  }

  // First pass: value sets, and the types by name, so that elements may refer to any of them.
  void declare(std::string_view line) {
    std::string_view rest = line;
    const std::string_view keyword = take(rest, "\t");
    if (keyword == "valueset") {
      declare_value_set(rest);
    } else if (keyword == "resource") {
      const std::string_view name = take(rest, "\t");
      const unsigned number = to_number(rest, line);
      if (number == 0 || number >= tables_.by_number.size() || tables_.by_number[number]) {
        malformed("number out of range or used twice", line);
      }
      ResourceType& type = tables_.resource_types.emplace_back();
      type.name = name;
      type.number = static_cast<std::uint16_t>(number);
      type.elements = declare_complex(name);
      tables_.by_number[number] = &type;
      tables_.resource_type_by_name[name] = &type;
    } else if (keyword == "datatype" || keyword == "backbone") {
      declare_complex(rest);
    }
  }

  void declare_value_set(std::string_view rest) {
    ValueSet& value_set = tables_.value_sets.emplace_back();
    value_set.url = take_column(rest);
    value_set.system = take_column(rest);
    value_set.codes.reserve(static_cast<std::size_t>(std::ranges::count(rest, ' ')) + 1);
    while (!rest.empty()) value_set.codes.push_back(take(rest, " "));
    tables_.value_set_by_url[value_set.url] = &value_set;
  }

  ComplexType* declare_complex(std::string_view name) {
    ComplexType& type = tables_.complex_types.emplace_back();
    type.name = name;
    tables_.complex_type_by_name[name] = &type;
    return &type;
  }

  // Second pass: the elements, each below the line of the type that has it.
  void define(std::string_view line) {
    std::string_view rest = line;
    const std::string_view first = take(rest, "\t");
    if (first == "valueset") return;
    if (first == "resource" || first == "datatype" || first == "backbone") {
      current_ = tables_.complex_type_by_name.at(take(rest, "\t"));
      return;
    }
    if (current_ == nullptr || !first.starts_with(current_->name)) malformed("no type", line);
    Element& element = current_->elements.emplace_back();
    element.path = first;
    element.name = first.substr(first.rfind('.') + 1);
    std::string_view cardinality = take(rest, "\t");
    element.min = static_cast<std::uint16_t>(to_number(take(cardinality, ".."), line));
    element.is_list = cardinality != "1";
    element.max = cardinality == "*" ? 0 : static_cast<std::uint16_t>(to_number(cardinality, line));
    const std::string_view flags = take_column(rest);
    element.is_choice = flags.contains('c');
    element.is_modifier = flags.contains('m');
    element.is_summary = flags.contains('s');
    std::string_view types = take(rest, "\t");
    while (!types.empty()) element.types.push_back(type_of(element, take(types, " "), line));
    if (const std::string_view url = take_column(rest); !url.empty()) {
      const auto found = tables_.value_set_by_url.find(url);
      if (found == tables_.value_set_by_url.end()) malformed("unknown value set", line);
      element.binding = found->second;
    }
  }

  // "string", "Reference(Patient,Group)", "BackboneElement" (the element's own children follow),
  // "#Questionnaire.item" (the children of that path).
  ElementType type_of(const Element& element, std::string_view text, std::string_view line) {
    ElementType type;
    std::string_view targets;
    if (const std::size_t open = text.find('('); open != std::string_view::npos) {
      targets = text.substr(open + 1, text.size() - open - 2);
      text = text.substr(0, open);
    }
    while (!targets.empty()) {
      const auto found = tables_.resource_type_by_name.find(take(targets, ","));
      if (found == tables_.resource_type_by_name.end()) malformed("unknown target", line);
      type.targets.push_back(found->second);
    }
    if (text.starts_with('#')) {
      type.name = "BackboneElement";
      type.complex = complex(text.substr(1), line);
    } else if (text == "Resource") {
      type.name = text;
      type.is_resource = true;
    } else {
      type.name = text;
      type.primitive = primitive_of(text);
      const bool has_own = text == "BackboneElement" || text == "Element";
      if (type.primitive == Primitive::none) {
        type.complex = complex(has_own ? element.path : text, line);
      }
    }
    type.json_name = element.is_choice ? choice_name(element.name, type.name) : element.name;
    return type;
  }

  const ComplexType* complex(std::string_view name, std::string_view line) const {
    const auto found = tables_.complex_type_by_name.find(name);
    if (found == tables_.complex_type_by_name.end()) malformed("unknown type", line);
    return found->second;
  }

  // value + Quantity: "valueQuantity"; value + dateTime: "valueDateTime".
  std::string_view choice_name(std::string_view element, std::string_view type) {
    const std::size_t size = element.size() + type.size();
    char* name = static_cast<char*>(tables_.names.allocate(size, 1));
    std::memcpy(name, element.data(), element.size());
    std::memcpy(name + element.size(), type.data(), type.size());
    char& initial = name[element.size()];
    if (initial >= 'a' && initial <= 'z') initial = static_cast<char>(initial - 'a' + 'A');
    return {name, size};
  }

  static void index_names(ComplexType& type) {
    type.by_json_name.reserve(type.elements.size());
    for (const Element& element : type.elements) {
      for (const ElementType& element_type : element.types) {
        type.by_json_name[element_type.json_name] = {&element, &element_type};
      }
    }
  }

  DefinitionTables& tables_;
  ComplexType* current_ = nullptr;
};

}  // namespace

void load_elements(std::string_view tsv, DefinitionTables& tables) { Loader(tables).load(tsv); }

}  // namespace lightbox::fhir
