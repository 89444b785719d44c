#include "fhir/search_values.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "fhir/index_values.h"
#include "fhir/path.h"
#include "fhir/resource.h"
#include "fhir/search_number.h"

namespace lightbox::fhir {
namespace {

constexpr std::string_view escapable = ",|$\\";

// RFC 3986: a scheme, then a colon.
bool is_absolute(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  return std::ranges::all_of(text.substr(0, colon), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '.';
  });
}

// system|code, |code, code or system|
Parsed<TokenValue> parse_token(std::string_view text) {
  const auto pieces = split_unescaped(text, '|');
  if (pieces.size() > 2) {
    return std::unexpected(fmt::format(
        "'{}' has more than one |: write system|code, and \\| for a | that belongs to either",
        text));
  }
  TokenValue token;
  if (pieces.size() == 1) {
    token.code = strip_uid(unescape(text));
    return token;
  }
  token.system = unescape(pieces[0]);
  if (!pieces[1].empty()) token.code = strip_uid(unescape(pieces[1]));
  if (token.system->empty() && !token.code) {
    return std::unexpected(fmt::format(
        "'{}' names neither a system nor a code: write system|code, |code, code or system|", text));
  }
  return token;
}

// Type system, type code and value of an identifier, all three (R4, search.html#token).
Parsed<TokenValue> parse_of_type(std::string_view text) {
  const auto pieces = split_unescaped(text, '|');
  const bool is_whole =
      pieces.size() == 3 && std::ranges::none_of(pieces, &std::string_view::empty);
  if (!is_whole) {
    return std::unexpected(
        fmt::format("'{}' is not of the form system|code|value: the system and "
                    "the code of the identifier's type, and its value",
                    text));
  }
  return TokenValue{std::nullopt, of_type_code(unescape(pieces[0]), unescape(pieces[1]),
                                               strip_uid(unescape(pieces[2])))};
}

// Elements of type code have no system of their own, but all their codes are of one: `system|code`
// with that system is the bare code, and `system|` any of its codes.
std::vector<SearchValue> with_implicit_system(TokenValue token, const ValueSet& codes) {
  if (token.system != codes.system) return {std::move(token)};
  if (token.code) return {TokenValue{std::nullopt, std::move(token.code)}};
  std::vector<SearchValue> any;
  any.reserve(codes.codes.size());
  for (const std::string_view code : codes.codes) {
    any.emplace_back(TokenValue{std::nullopt, std::string(code)});
  }
  return any;
}

// The systems that a UID may be written with: DICOM's own, and that of urn:oid (R4,
// imagingstudy.html, and datatypes.html#Identifier). Any other system matches no UID.
Parsed<UidValue> parse_uid(std::string_view text) {
  auto token = parse_token(text);
  if (!token) return std::unexpected(token.error());
  if (!token->code) {
    return std::unexpected(fmt::format(
        "'{}' has no UID: write 1.2.3, urn:oid:1.2.3 or urn:dicom:uid|urn:oid:1.2.3", text));
  }
  const std::string_view system = token->system ? std::string_view(*token->system) : "";
  const bool is_uid_system =
      system.empty() || system == "urn:dicom:uid" || system == "urn:ietf:rfc:3986";
  return UidValue{is_uid_system ? *token->code : std::string()};
}

StringValue to_string_value(std::string_view text) {
  std::string exact = unescape(text);
  return {normalise(exact), exact};
}

using CompositePart = decltype(CompositeValue::parts)::value_type;

// a$b: each way to read each part, combined.
Parsed<std::vector<SearchValue>> parse_composite(std::string_view text,
                                                 const SearchParameter& parameter,
                                                 const ValueContext& context) {
  const auto pieces = split_unescaped(text, '$');
  if (pieces.size() != parameter.components.size()) {
    std::string form;
    for (const auto& component : parameter.components) {
      form.append(form.empty() ? "" : "$").append(component.parameter->code);
    }
    return std::unexpected(fmt::format("'{}' has {} part{}: write {}", text, pieces.size(),
                                       pieces.size() == 1 ? "" : "s", form));
  }
  std::vector<CompositeValue> combined(1);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const SearchParameter& component = *parameter.components[i].parameter;
    const auto parts = parse_value(pieces[i], component, context);
    if (!parts) return std::unexpected(fmt::format("{} (for {})", parts.error(), component.code));
    std::vector<CompositeValue> wider;
    for (const CompositeValue& so_far : combined) {
      for (const SearchValue& part : *parts) {
        CompositeValue& value = wider.emplace_back(so_far);
        std::visit(
            [&]<typename T>(const T& typed) {
              if constexpr (std::is_constructible_v<CompositePart, const T&>) {
                value.parts.emplace_back(typed);
              }
            },
            part);
      }
    }
    combined = std::move(wider);
  }
  std::vector<SearchValue> values;
  values.reserve(combined.size());
  for (CompositeValue& value : combined) values.emplace_back(std::move(value));
  return values;
}

// The error or the one value, as a list.
template <typename T>
Parsed<std::vector<SearchValue>> listed(Parsed<T> value) {
  if (!value) return std::unexpected(std::move(value).error());
  return std::vector<SearchValue>{std::move(*value)};
}

Parsed<std::vector<SearchValue>> parse_token_value(std::string_view text,
                                                   const SearchParameter& parameter,
                                                   const ValueContext& context) {
  if (context.modifier == Modifier::text) return std::vector<SearchValue>{to_string_value(text)};
  if (context.modifier == Modifier::of_type) return listed(parse_of_type(text));
  if (parameter.is_uid) {
    auto uid = parse_uid(text);
    if (!uid) return std::unexpected(uid.error());
    return std::vector<SearchValue>{std::move(*uid)};
  }
  auto token = parse_token(text);
  if (!token) return std::unexpected(token.error());
  if (parameter.folds_case && token->code) token->code = normalise(*token->code);
  if (parameter.implicit_system == nullptr) return std::vector<SearchValue>{std::move(*token)};
  return with_implicit_system(std::move(*token), *parameter.implicit_system);
}

}  // namespace

std::vector<std::string_view> split_unescaped(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == separator) {
      pieces.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  pieces.push_back(text.substr(start));
  return pieces;
}

std::string unescape(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escapes = text[i] == '\\' && i + 1 < text.size() &&
                         escapable.find(text[i + 1]) != std::string_view::npos;
    if (escapes) ++i;
    plain.push_back(text[i]);
  }
  return plain;
}

Parsed<DateValue> parse_date_value(std::string_view text, const ValueContext& context) {
  std::string date = unescape(text);
  std::string_view rest = date;
  const auto prefix = take_prefix(rest);
  if (!prefix) return std::unexpected(prefix.error());
  // A + that was not written %2B has become a space; a date has no other.
  std::ranges::replace(date, ' ', '+');
  const auto interval = parse_date(rest, context.index.zone_offset_minutes);
  if (!interval) {
    return std::unexpected(fmt::format(
        "'{}' is not a date: write 2024, 2024-06, 2024-06-15 or 2024-06-15T10:30:00Z (or +01:00), "
        "with a prefix or without",
        text));
  }
  DateValue value{*prefix, *interval};
  if (*prefix == Prefix::ap) {
    // R4: "10% of the gap between now and the date".
    const std::int64_t gap = interval->high <= context.now_ms ? context.now_ms - interval->high
                             : interval->low > context.now_ms ? interval->low - context.now_ms
                                                              : 0;
    value.interval.low = std::max(value.interval.low - gap / 10, date_min);
    value.interval.high = std::min(value.interval.high + gap / 10, date_max);
  }
  return value;
}

Parsed<ReferenceValue> parse_reference_value(std::string_view text,
                                             const std::vector<const ResourceType*>& targets,
                                             const ValueContext& context) {
  const std::string literal = unescape(text);
  // A canonical with a version is compared as it stands, whosever it is.
  const bool has_version = is_absolute(literal) && literal.find('|') != std::string::npos;
  const std::string_view reference =
      has_version ? std::string_view(literal) : comparable_reference(literal, context.index);
  if (is_absolute(reference)) {
    ReferenceValue value{{std::string(reference)}};
    // A canonical may be a UID, and those are indexed without urn:oid:.
    if (const auto uid = strip_uid(reference); uid != reference) value.targets.emplace_back(uid);
    return value;
  }
  if (reference.find('/') != std::string_view::npos) {
    const std::string_view type = type_of_reference(reference);
    if (type.empty() || reference.find('/') != type.size() ||
        reference.find('/') != reference.rfind('/')) {
      return std::unexpected(fmt::format(
          "'{}' is not a reference: write id, Type/id with a type of FHIR R4, or an absolute URL",
          text));
    }
    if (context.type != nullptr && type != context.type->name) {
      return std::unexpected(
          fmt::format("'{}' is not a reference to a {}", text, context.type->name));
    }
    return ReferenceValue{{std::string(reference)}};
  }
  if (!is_id(reference)) {
    return std::unexpected(
        fmt::format("'{}' is not a reference: write id, Type/id or an absolute URL", text));
  }
  if (context.type != nullptr) {
    return ReferenceValue{{fmt::format("{}/{}", context.type->name, reference)}};
  }
  if (targets.empty()) {
    return std::unexpected(fmt::format(
        "'{}' does not say which type of resource it means: write Type/{} or an absolute URL",
        reference, reference));
  }
  ReferenceValue value;
  for (const ResourceType* target : targets) {
    value.targets.push_back(fmt::format("{}/{}", target->name, reference));
  }
  return value;
}

Parsed<std::vector<SearchValue>> parse_value(std::string_view text,
                                             const SearchParameter& parameter,
                                             const ValueContext& context) {
  if (context.modifier == Modifier::identifier) return listed(parse_token(text));
  switch (parameter.type) {
    case SearchType::token:
      return parse_token_value(text, parameter, context);
    case SearchType::string:
      return std::vector<SearchValue>{to_string_value(text)};
    case SearchType::date:
      return listed(parse_date_value(text, context));
    case SearchType::number:
      return listed(parse_number_value(unescape(text)));
    case SearchType::quantity:
      return listed(parse_quantity_value(text));
    case SearchType::uri: {
      TokenValue uri;
      uri.code = strip_uid(unescape(text));
      return std::vector<SearchValue>{std::move(uri)};
    }
    case SearchType::reference:
      return listed(parse_reference_value(text, parameter.targets, context));
    case SearchType::composite:
      return parse_composite(text, parameter, context);
    case SearchType::special:
      break;
  }
  return std::unexpected(std::string("this kind of parameter is not supported"));
}

}  // namespace lightbox::fhir
