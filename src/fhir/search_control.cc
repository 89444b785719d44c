// The parameters of a search that are about its result (R4, search.html#summary), and modifiers.

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

#include "fhir/search_chain.h"
#include "fhir/search_parser.h"

namespace lightbox::fhir {
namespace {

constexpr std::array<std::string_view, 1> unsupported{"_query"};

bool is_unsupported(std::string_view code) {
  return std::ranges::find(unsupported, code) != unsupported.end();
}

constexpr std::string_view type_name(SearchType type) {
  constexpr std::array<std::string_view, 9> names{
      "number", "date", "string", "token", "reference", "composite", "quantity", "uri", "special"};
  return names[static_cast<std::size_t>(type)];
}

// What may stand behind the colon, besides :missing (R4, search.html#modifiers).
std::string_view modifiers_of(const SearchParameter& parameter) {
  switch (parameter.type) {
    case SearchType::string:
      return ":missing, :exact or :contains";
    case SearchType::token:
      if (parameter.is_uid) return ":missing or :not";
      return parameter.is_identifier
                 ? ":missing, :not, :text, :of-type, :in, :not-in, :above or :below"
                 : ":missing, :not, :text, :in, :not-in, :above or :below";
    case SearchType::uri:
      return ":missing, :above or :below";
    case SearchType::reference:
      return ":missing, :identifier or a type, as in :Patient";
    default:
      return ":missing";
  }
}

Modifier modifier_of(std::string_view name, const SearchParameter& parameter) {
  if (name == "missing") return Modifier::missing;
  if (parameter.type == SearchType::string) {
    if (name == "exact") return Modifier::exact;
    if (name == "contains") return Modifier::contains;
  } else if (parameter.type == SearchType::token) {
    if (name == "not") return Modifier::not_;
    if (name == "text" && !parameter.is_uid) return Modifier::text;
    if (name == "of-type" && parameter.is_identifier) return Modifier::of_type;
  } else if (parameter.type == SearchType::reference && name == "identifier") {
    return Modifier::identifier;
  }
  return Modifier::none;
}

}  // namespace

bool SearchParser::set_modifier(const Name& name, const SearchParameter& parameter,
                                Criterion& criterion, ValueContext& context) {
  if (name.full == name.code) return true;
  criterion.modifier = modifier_of(name.modifier, parameter);
  if (criterion.modifier == Modifier::none && parameter.type == SearchType::reference) {
    context.type = Definitions::r4().resource_type(name.modifier);
    if (context.type != nullptr) criterion.modifier = Modifier::type;
  }
  if (criterion.modifier == Modifier::none) {
    error("not-supported",
          fmt::format(
              "Search parameter '{}': modifier ':{}' is not one that a {} parameter has here; "
              "it has {}",
              name.full, name.modifier, type_name(parameter.type), modifiers_of(parameter)));
    return false;
  }
  const auto& targets = parameter.targets;
  if (context.type != nullptr && !targets.empty() &&
      std::ranges::find(targets, context.type) == targets.end()) {
    std::string names;
    for (const ResourceType* target : targets) {
      names.append(names.empty() ? "" : ", ").append(target->name);
    }
    error("value", fmt::format("Search parameter '{}': '{}' never refers to {}; it may refer to {}",
                               name.full, parameter.code, context.type->name, names));
    return false;
  }
  context.modifier = criterion.modifier;
  return true;
}

bool SearchParser::add_control(const Name& name, std::string_view value) {
  const std::string_view code = name.code;
  if (code == "_format" || code == "_pretty") return true;
  if (code == "_count") {
    add_count(value);
  } else if (code == "_sort") {
    add_sort(value);
  } else if (code == "_total") {
    add_total(value);
  } else if (code == "_explain") {
    if (value != "true" && value != "false") {
      error("value", fmt::format("Search parameter '_explain': '{}' must be true or false", value));
    }
    query_.explain = value == "true";
    use("_explain", value);
  } else if (code == "_cursor") {
    query_.cursor = value;
  } else if (add_result_control(name, value)) {
    return true;
  } else if (is_unsupported(code)) {
    ignore(fmt::format("Search parameter '{}' is not supported", name.full));
  } else {
    return false;
  }
  return true;
}

void SearchParser::add_count(std::string_view value) {
  std::size_t count = 0;
  const auto [end, status] = std::from_chars(value.data(), value.data() + value.size(), count);
  if (end != value.data() + value.size() || status == std::errc::invalid_argument) {
    return error(
        "value",
        fmt::format("Search parameter '_count': '{}' must be a whole number from 0", value));
  }
  if (has_count_) {
    return error("invalid", "Search parameter '_count' may be given once only");
  }
  has_count_ = true;
  if (status == std::errc::result_out_of_range || count > limits_.page_size_max) {
    count = limits_.page_size_max;
    query_.notes.push_back(
        {Severity::information,
         "informational",
         fmt::format("Search parameter '_count': a page has at most {} entries (page_size_max)",
                     count),
         {}});
  }
  query_.count = count;
  if (count == 0) query_.count_only = true;
  use("_count", fmt::format("{}", count));
}

void SearchParser::add_sort(std::string_view value) {
  const std::size_t before = query_.sort.size();
  for (const std::string_view key : split_unescaped(value, ',')) add_sort_key(key, value);
  if (query_.sort.size() > before) use("_sort", value);
}

void SearchParser::add_sort_key(std::string_view text, std::string_view value) {
  SortKey key;
  std::string_view code = text;
  if (code.starts_with('-')) {
    key.descending = true;
    code.remove_prefix(1);
  }
  if (code == "_id") {
    key.column = SortKey::Column::id;
  } else if (code == "_lastUpdated") {
    key.column = SortKey::Column::last_updated;
  } else {
    const ResourceType* type = follow_sort(code, value, key);
    if (type == nullptr) return;
    key.parameter = type->search_parameter(code);
    if (key.parameter == nullptr) {
      return ignore(
          fmt::format("_sort={}: {} has no search parameter '{}' that this server knows; it "
                      "has {}",
                      value, type->name, code, known_parameters()));
    }
    const bool is_column = key.parameter->slot == SearchParameter::no_slot;
    if (is_column || key.parameter->type == SearchType::composite || key.parameter->is_uid) {
      return ignore(fmt::format("_sort={}: sorting by '{}' is not supported", value, code));
    }
  }
  const bool is_known = std::ranges::any_of(query_.sort, [&](const SortKey& other) {
    return other.column == key.column && other.parameter == key.parameter &&
           other.steps == key.steps;
  });
  if (!is_known) query_.sort.push_back(key);
}

const ResourceType* SearchParser::follow_sort(std::string_view& code, std::string_view value,
                                              SortKey& key) {
  const ResourceType* type = query_.type;
  for (auto dot = code.find('.'); dot != std::string_view::npos; dot = code.find('.')) {
    if (key.steps.size() == limits_.search_chain_depth_max) {
      error("too-costly", fmt::format("_sort={}: it follows more than {} references "
                                      "(search_chain_depth_max)",
                                      value, limits_.search_chain_depth_max));
      return nullptr;
    }
    const auto step = chain_step(*type, code.substr(0, dot), code.substr(dot + 1));
    if (!step) {
      ignore(fmt::format("_sort={}: {}", value, step.error().what));
      return nullptr;
    }
    if (step->types.size() > 1) {
      ignore(
          fmt::format("_sort={0}: '{1}' may refer to {2} types that have the parameter; name "
                      "one, as in {1}:{3}",
                      value, step->reference->code, step->types.size(), step->types.front()->name));
      return nullptr;
    }
    type = step->types.front();
    key.steps.push_back({step->reference, type});
    code.remove_prefix(dot + 1);
  }
  return type;
}

void SearchParser::add_total(std::string_view value) {
  if (value == "none") {
    query_.total = TotalMode::none;
  } else if (value == "estimate") {
    query_.total = TotalMode::estimate;
  } else if (value == "accurate") {
    query_.total = TotalMode::accurate;
  } else {
    return error("value", fmt::format("Search parameter '_total': '{}' must be none, estimate or "
                                      "accurate",
                                      value));
  }
  use("_total", value);
}

}  // namespace lightbox::fhir
