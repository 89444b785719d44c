// The parameters of a search that say what comes with the matches, how much of each, and where they
// may lie (R4, search.html#include, #summary, #elements, #contained, #list).

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "fhir/resource.h"
#include "fhir/search_parser.h"

namespace lightbox::fhir {
namespace {

struct IncludeText {
  std::string_view source;
  std::string_view parameter;
  std::string_view target;  // empty: any
};

// "Type:parameter", "Type:parameter:Target", "*".
std::optional<IncludeText> split_include(std::string_view value) {
  if (value == "*") return IncludeText{"*", "*", {}};
  std::array<std::string_view, 3> parts{};
  std::size_t count = 0;
  for (;;) {
    const auto colon = std::min(value.find(':'), value.size());
    if (count == parts.size() || colon == 0) return std::nullopt;
    parts.at(count++) = value.substr(0, colon);
    if (colon == value.size()) break;
    value.remove_prefix(colon + 1);
  }
  if (count < 2) return std::nullopt;
  return IncludeText{parts[0], parts[1], parts[2]};
}

bool may_target(const SearchParameter& parameter, const ResourceType& type) {
  return parameter.type == SearchType::reference &&
         (parameter.targets.empty() ||
          std::ranges::find(parameter.targets, &type) != parameter.targets.end());
}

std::string names_of(std::span<const ResourceType* const> types) {
  if (types.size() > 8) return fmt::format("{} types", types.size());
  std::string names;
  for (const ResourceType* type : types) {
    names.append(names.empty() ? "" : ", ").append(type->name);
  }
  return names;
}

std::string reference_parameters(const ResourceType& type) {
  std::string names;
  for (const SearchParameter& parameter : type.search_parameters) {
    if (parameter.type != SearchType::reference) continue;
    names.append(names.empty() ? "" : ", ").append(parameter.code);
  }
  return names.empty() ? "none" : names;
}

// Whether the parameter (or any of the type's) can refer to one of the types.
bool may_target_any(const Include& include, std::span<const ResourceType* const> types) {
  const auto reaches = [&](const SearchParameter& parameter) {
    return std::ranges::any_of(
        types, [&](const ResourceType* type) { return may_target(parameter, *type); });
  };
  if (include.parameter != nullptr) return reaches(*include.parameter);
  return std::ranges::any_of(include.source->search_parameters, reaches);
}

}  // namespace

bool SearchParser::add_result_control(const Name& name, std::string_view value) {
  const std::string_view code = name.code;
  if (code == "_include" || code == "_revinclude") {
    add_include(name, value);
    return true;
  }
  const bool is_known = code == "_summary" || code == "_elements" || code == "_contained" ||
                        code == "_containedType" || code == "_list" || code == "_type";
  if (!is_known) return false;
  if (name.full != code) {
    error("not-supported",
          fmt::format("Search parameter '{}': {} has no modifiers here", name.full, code));
  } else if (code == "_summary") {
    add_summary(value);
  } else if (code == "_elements") {
    add_elements(value);
  } else if (code == "_list") {
    add_list(name, value);
  } else if (code != "_type") {
    add_contained(name, value);
  } else if (context_.types.empty()) {
    ignore(
        fmt::format("Search parameter '_type': the URL says that {} is searched; _type is for "
                    "searches of several types",
                    query_.type->name));
  } else {
    use("_type", value);  // the caller has chosen the types by it
  }
  return true;
}

void SearchParser::add_summary(std::string_view value) {
  const auto kind = parse_summary(value);
  if (!kind && value != "count") {
    return error("value",
                 fmt::format("Search parameter '_summary': '{}' must be count, true, text, "
                             "data or false",
                             value));
  }
  if (has_summary_) {
    return error("invalid", "Search parameter '_summary' may be given once only");
  }
  has_summary_ = true;
  if (!kind) {
    query_.count_only = true;
  } else if (*kind == Subset::Kind::whole) {
    is_false_summary_ = true;
  } else if (query_.subset.kind == Subset::Kind::whole) {
    query_.subset.kind = *kind;
  }
  use("_summary", value);
}

void SearchParser::add_elements(std::string_view value) {
  const ResourceType* const own[] = {query_.type};
  Subset named;
  if (const auto wrong = fhir::add_elements(
          value, context_.types.empty() ? std::span(own) : context_.types, named)) {
    return error("value", fmt::format("Search parameter '_elements': {}", *wrong));
  }
  auto& subset = query_.subset;
  subset.kind = Subset::Kind::elements;
  for (auto& name : named.elements) subset.elements.push_back(std::move(name));
  for (auto& pair : named.typed) subset.typed.push_back(std::move(pair));
  use("_elements", value);
}

// What is wrong with the form, or can never give anything, is an error; what this server does not
// know is so by the client's handling.
void SearchParser::add_include(const Name& name, std::string_view value) {
  Include include;
  const bool is_reverse = name.code == "_revinclude";
  include.direction = is_reverse ? Include::Direction::reverse : Include::Direction::forward;
  if (name.full != name.code) {
    // STU3 called it :recurse.
    if (name.modifier != "iterate" && name.modifier != "recurse") {
      return error("not-supported", fmt::format("Search parameter '{}': modifier ':{}' is not one "
                                                "that {} has; it has :iterate",
                                                name.full, name.modifier, name.code));
    }
    include.reach = Include::Reach::iterate;
  }
  const auto text = split_include(value);
  if (!text) {
    return error("value", fmt::format("Search parameter '{}': '{}' must be Type:parameter, "
                                      "Type:parameter:Target, Type:* or *",
                                      name.full, value));
  }
  const Definitions& definitions = Definitions::r4();
  if (text->source != "*") {
    include.source = definitions.resource_type(text->source);
    if (include.source == nullptr) {
      return ignore(fmt::format("Search parameter '{}': '{}' is not a resource type of FHIR R4",
                                name.full, text->source));
    }
  }
  if (text->source == "*" && text->parameter != "*") {
    return error("value", fmt::format("Search parameter '{}': '{}' must name the type that has "
                                      "the parameter {}",
                                      name.full, value, text->parameter));
  }
  if (text->parameter != "*") {
    include.parameter = include.source->search_parameter(text->parameter);
    if (include.parameter == nullptr || include.parameter->type != SearchType::reference) {
      return ignore(fmt::format(
          "Search parameter '{}': {} has no reference parameter '{}'; it "
          "has {}",
          name.full, include.source->name, text->parameter, reference_parameters(*include.source)));
    }
  }
  if (!text->target.empty()) {
    include.target = definitions.resource_type(text->target);
    if (include.target == nullptr) {
      return ignore(fmt::format("Search parameter '{}': '{}' is not a resource type of FHIR R4",
                                name.full, text->target));
    }
    if (include.parameter != nullptr && !may_target(*include.parameter, *include.target)) {
      return error("value", fmt::format("Search parameter '{}': {}:{} never refers to {}; it "
                                        "may refer to {}",
                                        name.full, text->source, text->parameter, text->target,
                                        names_of(include.parameter->targets)));
    }
  }
  const ResourceType* const own[] = {query_.type};
  const auto searched = context_.types.empty() ? std::span(own) : context_.types;
  if (include.source != nullptr && include.reach == Include::Reach::matches) {
    if (!is_reverse && std::ranges::find(searched, include.source) == searched.end()) {
      return error("value",
                   fmt::format("Search parameter '{0}': the matches are of {1}, not {2}; write "
                               "{0}:iterate={3} for the references of what is included",
                               name.full, names_of(searched), include.source->name, value));
    }
    if (is_reverse && !may_target_any(include, searched)) {
      return error("value",
                   fmt::format("Search parameter '{}': {}:{} never refers to what is searched, {}",
                               name.full, text->source, text->parameter, names_of(searched)));
    }
  }
  query_.includes.push_back(include);
  use(name.full, value);
}

// R4, search.html#contained.
void SearchParser::add_contained(const Name& name, std::string_view value) {
  if (name.code == "_containedType") {
    if (value != "container" && value != "contained") {
      return error("value", fmt::format("Search parameter '_containedType': '{}' must be container "
                                        "or contained",
                                        value));
    }
    query_.contained_result =
        value == "container" ? ContainedResult::container : ContainedResult::contained;
  } else if (value == "true" || value == "both") {
    query_.contained = value == "true" ? ContainedSearch::only : ContainedSearch::both;
  } else if (value == "false") {
    query_.contained = ContainedSearch::leave;
  } else {
    return error("value", fmt::format("Search parameter '_contained': '{}' must be false, true or "
                                      "both",
                                      value));
  }
  use(name.full, value);
}

// A contained resource has no place in an order of its own, no time, and is in no List.
void SearchParser::check_contained() {
  const auto refuse = [this](std::string_view name, std::string_view why) {
    error("not-supported", fmt::format("Search parameter '{}' does not go with _contained=true or "
                                       "both: {}",
                                       name, why));
  };
  if (context_.contained == SearchContext::Contained::refused) {
    return error("not-supported",
                 "Search parameter '_contained': only searches look into contained resources, "
                 "conditions do not");
  }
  if (!context_.types.empty()) refuse("_contained", "one type is searched at a time");
  if (!query_.sort.empty()) {
    refuse("_sort", "contained resources come in the order in which their containers were stored");
  }
  if (!query_.includes.empty()) {
    refuse("_include", "only what stands on its own brings others along");
  }
  if (!query_.lists.empty()) refuse("_list", "no List names a contained resource");
  for (const Criterion& criterion : query_.criteria) {
    if (criterion.column == Criterion::Column::last_updated) {
      refuse("_lastUpdated", "a contained resource has no time of its own");
    }
    if (criterion.column == Criterion::Column::narrative) {
      refuse("_text", "a contained resource has no narrative");
    }
    if (criterion.column == Criterion::Column::content) {
      refuse("_content", "words are indexed of whole resources");
    }
  }
}

void SearchParser::add_list(const Name& name, std::string_view value) {
  std::vector<std::string> ids;
  for (const std::string_view text : alternatives(value)) {
    if (text.starts_with('$')) {
      return error("not-supported",
                   fmt::format("Search parameter '_list': '{}' is a functional list; this server "
                               "knows Lists by their id only",
                               text));
    }
    std::string_view id = text;
    if (constexpr std::string_view type = "List/"; id.starts_with(type)) {
      id.remove_prefix(type.size());
    }
    if (!is_id(id)) {
      return error("value",
                   fmt::format("Search parameter '_list': '{}' is not the id of a List", text));
    }
    ids.emplace_back(id);
  }
  if (ids.empty()) return;
  query_.lists.push_back(std::move(ids));
  use(name.full, value);
}

// What the parameters say together.
void SearchParser::check_result() {
  if (query_.contained != ContainedSearch::leave) check_contained();
  const Subset& subset = query_.subset;
  const bool has_elements = !subset.elements.empty() || !subset.typed.empty();
  if (has_elements && has_summary_ && !is_false_summary_ && !query_.count_only) {
    error("invalid", "_summary and _elements cannot be combined");
  }
  if (subset.kind == Subset::Kind::text && !query_.includes.empty()) {
    error(
        "invalid",
        "_include and _revinclude cannot be combined with _summary=text (R4, search.html#summary)");
  }
}

}  // namespace lightbox::fhir
