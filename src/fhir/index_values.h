#pragma once

// What one value of an element contributes to an index, for each type of search parameter (R4,
// search.html, the tables under each type). Views are into the Json; pure functions. Malformed
// values contribute nothing: refusing them is the validator's task.

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "fhir/definitions.h"
#include "fhir/index.h"
#include "fhir/json.h"

namespace lightbox::fhir {

// How to read a value; follows from the search type and the element's type.
enum class ValueKind : std::uint8_t {
  none,  // this element's type means nothing to this search type
  coding,
  codeable_concept,
  identifier,
  contact_point,
  plain,
  human_name,
  address,
  date,
  period,
  timing,
  number,
  quantity,
  money,
  range,
  sampled_data,
  uri,
  canonical,
  reference,
  resource,
  composite,
  not_false
};

// `type` is nullptr for the resource itself.
[[nodiscard]] ValueKind value_kind(SearchType search_type, const ElementType* type);

struct NumberView {
  double low = 0;
  double high = 0;
  std::string_view system;
  std::string_view code;
  std::string_view unit;
};

// nullopt: no value, or not one of this kind.
[[nodiscard]] std::optional<DateInterval> date_value(ValueKind kind, const Json& value,
                                                     int zone_offset_minutes);
[[nodiscard]] std::optional<NumberView> number_value(ValueKind kind, const Json& value);

// A literal reference as it is compared: without own base and version. Absolute URLs of other
// servers stay absolute.
[[nodiscard]] std::string_view comparable_reference(std::string_view reference,
                                                    const IndexOptions& options);

// The text of a primitive value, of whatever JSON type; empty for others.
[[nodiscard]] inline std::string_view primitive_text(const Json& value) {
  const bool has_text =
      value.is(Json::Kind::string) || value.is(Json::Kind::number) || value.is(Json::Kind::boolean);
  return has_text ? value.text : std::string_view{};
}

template <typename Found>
void for_each_item(const Json& parent, std::string_view member, Found&& found) {
  const Json* list = parent.find(member);
  if (list == nullptr || !list->is(Json::Kind::array)) return;
  for (const Json* item = list->first; item != nullptr; item = item->next) found(*item);
}

// found(optional system, code). A Coding that has only a system has an empty code.
template <typename Found>
void for_each_token(ValueKind kind, const Json& value, Found&& found) {
  using View = std::optional<std::string_view>;
  const auto pair = [&](const Json& of, std::string_view code_member) {
    const std::string_view system = of.string("system");
    const std::string_view code = of.string(code_member);
    if (!system.empty() || !code.empty()) found(View(system), strip_uid(code));
  };
  if (kind == ValueKind::coding) {
    pair(value, "code");
  } else if (kind == ValueKind::codeable_concept) {
    for_each_item(value, "coding", [&](const Json& coding) { pair(coding, "code"); });
  } else if (kind == ValueKind::identifier || kind == ValueKind::contact_point) {
    pair(value, "value");
  } else if (const std::string_view text = primitive_text(value);
             kind == ValueKind::plain && !text.empty()) {
    found(View(), strip_uid(text));
  }
}

// As TokenEntry.code of the variant of_type.
[[nodiscard]] inline std::string of_type_code(std::string_view system, std::string_view code,
                                              std::string_view value) {
  std::string text(system);
  return text.append("|").append(code).append("|").append(value);
}

// found(text) of what `:of-type` searches: one for each coding of the identifier's type.
template <typename Found>
void for_each_of_type(const Json& identifier, Found&& found) {
  const Json* type = identifier.find("type");
  const std::string_view value = strip_uid(identifier.string("value"));
  if (type == nullptr || value.empty()) return;
  for_each_item(*type, "coding", [&](const Json& coding) {
    const std::string_view system = coding.string("system");
    const std::string_view code = coding.string("code");
    if (!system.empty() && !code.empty()) found(of_type_code(system, code, value));
  });
}

// found(text) of what `:text` searches.
template <typename Found>
void for_each_token_text(ValueKind kind, const Json& value, Found&& found) {
  const auto text = [&](const Json& of, std::string_view member) {
    if (const std::string_view view = of.string(member); !view.empty()) found(view);
  };
  if (kind == ValueKind::coding) {
    text(value, "display");
  } else if (kind == ValueKind::codeable_concept) {
    text(value, "text");
    for_each_item(value, "coding", [&](const Json& coding) { text(coding, "display"); });
  } else if (kind == ValueKind::identifier) {
    if (const Json* type = value.find("type")) text(*type, "text");
  }
}

// found(text). Names and addresses are found by any of their parts.
template <typename Found>
void for_each_string(ValueKind kind, const Json& value, Found&& found) {
  const auto text = [&](const Json& part) {
    if (const std::string_view view = primitive_text(part); !view.empty()) found(view);
  };
  const auto members = [&](std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
      if (const Json* part = value.find(name)) text(*part);
      for_each_item(value, name, text);
    }
  };
  if (kind == ValueKind::plain) {
    text(value);
  } else if (kind == ValueKind::codeable_concept) {
    members({"text"});
  } else if (kind == ValueKind::human_name) {
    members({"text", "family", "given", "prefix", "suffix"});
  } else if (kind == ValueKind::address) {
    members({"text", "line", "city", "district", "state", "postalCode", "country"});
  }
}

// found(text) for each form by which the reference or URI is found: a canonical with a version
// ("http://x|1.0") also without it, and one below an own base also as "Questionnaire/1".
template <typename Found>
void for_each_reference(ValueKind kind, const Json& value, const IndexOptions& options,
                        Found&& found) {
  if (kind == ValueKind::reference) {
    const std::string_view literal = value.string("reference");
    // What is contained is not a target of its own: nothing outside can name it.
    if (literal.empty() || literal.starts_with('#')) return;
    found(comparable_reference(literal, options));
  } else if (kind == ValueKind::resource) {
    const std::string_view id = value.string("id");
    if (id.empty()) return;
    found(std::string(value.string("resourceType")).append("/").append(id));
  } else if (kind == ValueKind::uri || kind == ValueKind::canonical) {
    const std::string_view text = primitive_text(value);
    if (text.empty() || text.starts_with('#')) return;
    found(strip_uid(text));
    if (kind == ValueKind::uri) return;
    const auto version = text.rfind('|');
    const bool has_version = version != std::string_view::npos && version > 0;
    const std::string_view url = has_version ? text.substr(0, version) : text;
    if (has_version) found(strip_uid(url));
    // As a reference to a resource of this server, too: R4, search.html#reference.
    if (const auto own = comparable_reference(url, options); own != url) found(own);
  }
}

}  // namespace lightbox::fhir
