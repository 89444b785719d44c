#include "fhir/index_values.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "fhir/path.h"

namespace lightbox::fhir {
namespace {

constexpr double open_low = std::numeric_limits<double>::lowest();
constexpr double open_high = std::numeric_limits<double>::max();

ValueKind by_name(std::string_view name,
                  std::initializer_list<std::pair<std::string_view, ValueKind>> kinds) {
  for (const auto& [known, kind] : kinds) {
    if (known == name) return kind;
  }
  return ValueKind::none;
}

ValueKind token_kind(const ElementType& type) {
  if (type.primitive != Primitive::none) return ValueKind::plain;
  return by_name(type.name, {{"Coding", ValueKind::coding},
                             {"CodeableConcept", ValueKind::codeable_concept},
                             {"Identifier", ValueKind::identifier},
                             {"ContactPoint", ValueKind::contact_point}});
}

ValueKind string_kind(const ElementType& type) {
  if (type.primitive != Primitive::none) return ValueKind::plain;
  return by_name(type.name, {{"HumanName", ValueKind::human_name},
                             {"Address", ValueKind::address},
                             {"CodeableConcept", ValueKind::codeable_concept}});
}

ValueKind uri_kind(const ElementType& type) {
  return by_name(type.name, {{"Reference", ValueKind::reference},
                             {"canonical", ValueKind::canonical},
                             {"uri", ValueKind::uri},
                             {"url", ValueKind::uri},
                             {"oid", ValueKind::uri},
                             {"uuid", ValueKind::uri}});
}

// A URI that a reference parameter looks at names a resource, as a canonical does.
ValueKind reference_kind(const ElementType& type) {
  if (type.is_resource) return ValueKind::resource;
  const ValueKind kind = uri_kind(type);
  return kind == ValueKind::uri ? ValueKind::canonical : kind;
}

ValueKind number_kind(std::string_view name) {
  return by_name(name, {{"integer", ValueKind::number},
                        {"decimal", ValueKind::number},
                        {"positiveInt", ValueKind::number},
                        {"unsignedInt", ValueKind::number},
                        {"Range", ValueKind::range}});
}

ValueKind quantity_kind(std::string_view name) {
  return by_name(name, {{"Quantity", ValueKind::quantity},
                        {"Age", ValueKind::quantity},
                        {"Count", ValueKind::quantity},
                        {"Distance", ValueKind::quantity},
                        {"Duration", ValueKind::quantity},
                        {"Money", ValueKind::money},
                        {"Range", ValueKind::range},
                        {"SampledData", ValueKind::sampled_data}});
}

ValueKind date_kind(std::string_view name) {
  return by_name(name, {{"date", ValueKind::date},
                        {"dateTime", ValueKind::date},
                        {"instant", ValueKind::date},
                        {"Period", ValueKind::period},
                        {"Timing", ValueKind::timing}});
}

std::optional<double> to_double(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> number_member(const Json& parent, std::string_view name) {
  const Json* member = parent.find(name);
  if (member == nullptr || !member->is(Json::Kind::number)) return std::nullopt;
  return to_double(member->text);
}

std::optional<DateInterval> period(const Json& value, int zone) {
  const auto start = parse_date(value.string("start"), zone);
  const auto end = parse_date(value.string("end"), zone);
  if (!start && !end) return std::nullopt;
  const DateInterval covered{start ? start->low : date_min, end ? end->high : date_max};
  if (covered.low >= covered.high) return std::nullopt;
  return covered;
}

// R4, search.html#date: of a Timing only the outer limits matter.
std::optional<DateInterval> timing(const Json& value, int zone) {
  std::optional<DateInterval> outer;
  const auto widen = [&](std::optional<DateInterval> by) {
    if (!by) return;
    if (!outer) outer = by;
    outer->low = std::min(outer->low, by->low);
    outer->high = std::max(outer->high, by->high);
  };
  for_each_item(value, "event",
                [&](const Json& event) { widen(parse_date(primitive_text(event), zone)); });
  if (const Json* repeat = value.find("repeat")) {
    if (const Json* bounds = repeat->find("boundsPeriod")) widen(period(*bounds, zone));
  }
  return outer;
}

// A Quantity; its comparator opens one side.
std::optional<NumberView> quantity(const Json& value) {
  const auto number = number_member(value, "value");
  if (!number) return std::nullopt;
  NumberView view{*number, *number, value.string("system"), value.string("code"),
                  value.string("unit")};
  const std::string_view comparator = value.string("comparator");
  if (comparator.starts_with('<')) view.low = open_low;
  if (comparator.starts_with('>')) view.high = open_high;
  return view;
}

std::optional<NumberView> money(const Json& value) {
  const auto number = number_member(value, "value");
  if (!number) return std::nullopt;
  const std::string_view currency = value.string("currency");
  return NumberView{*number, *number, currency.empty() ? "" : "urn:iso:std:iso:4217", currency, {}};
}

std::optional<NumberView> range(const Json& value) {
  const auto bound = [&](std::string_view name) {
    const Json* member = value.find(name);
    return member != nullptr ? quantity(*member) : std::nullopt;
  };
  const auto low = bound("low");
  const auto high = bound("high");
  if (!low && !high) return std::nullopt;
  NumberView view = low ? *low : *high;
  view.low = low ? low->low : open_low;
  view.high = high ? high->high : open_high;
  return view;
}

// From the least to the greatest of the data (R4, datatypes.html#SampledData).
std::optional<NumberView> sampled_data(const Json& value) {
  const Json* origin = value.find("origin");
  if (origin == nullptr) return std::nullopt;
  auto view = quantity(*origin);
  if (!view) return std::nullopt;
  const double zero = view->low;
  const double factor = number_member(value, "factor").value_or(1);
  std::optional<double> low;
  std::optional<double> high;
  std::string_view rest = value.string("data");
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    auto sample = to_double(word);
    if (word == "L") sample = number_member(value, "lowerLimit");
    if (word == "U") sample = number_member(value, "upperLimit");
    if (!sample) continue;
    const double number = zero + *sample * factor;
    low = std::min(low.value_or(number), number);
    high = std::max(high.value_or(number), number);
  }
  if (!low) return std::nullopt;
  view->low = *low;
  view->high = *high;
  return view;
}

}  // namespace

ValueKind value_kind(SearchType search_type, const ElementType* type) {
  if (search_type == SearchType::composite) return ValueKind::composite;
  if (type == nullptr) return ValueKind::none;
  switch (search_type) {
    case SearchType::token:
      return token_kind(*type);
    case SearchType::string:
      return string_kind(*type);
    case SearchType::date:
      return date_kind(type->name);
    case SearchType::number:
      return number_kind(type->name);
    case SearchType::quantity:
      return quantity_kind(type->name);
    case SearchType::uri:
      return uri_kind(*type);
    case SearchType::reference:
      return reference_kind(*type);
    case SearchType::composite:
    case SearchType::special:
      break;
  }
  return ValueKind::none;
}

std::optional<DateInterval> date_value(ValueKind kind, const Json& value, int zone_offset_minutes) {
  switch (kind) {
    case ValueKind::date:
      return parse_date(primitive_text(value), zone_offset_minutes);
    case ValueKind::period:
      return period(value, zone_offset_minutes);
    case ValueKind::timing:
      return timing(value, zone_offset_minutes);
    default:
      return std::nullopt;
  }
}

std::optional<NumberView> number_value(ValueKind kind, const Json& value) {
  switch (kind) {
    case ValueKind::number: {
      const auto number = to_double(primitive_text(value));
      return number ? std::optional(NumberView{*number, *number, {}, {}, {}}) : std::nullopt;
    }
    case ValueKind::quantity:
      return quantity(value);
    case ValueKind::money:
      return money(value);
    case ValueKind::range:
      return range(value);
    case ValueKind::sampled_data:
      return sampled_data(value);
    default:
      return std::nullopt;
  }
}

std::string_view comparable_reference(std::string_view reference, const IndexOptions& options) {
  for (const std::string& base : options.own_bases) {
    if (!reference.starts_with(base)) continue;
    reference.remove_prefix(base.size());
    break;
  }
  const auto history = reference.find("/_history/");
  if (history == std::string_view::npos || type_of_reference(reference).empty()) return reference;
  return reference.substr(0, history);
}

}  // namespace lightbox::fhir
