#include "fhir/fhirpath_value.h"

#include <algorithm>
#include <array>

#include "fhir/fhirpath_text.h"
#include "fhir/index.h"
#include "fhir/json_edit.h"
#include "fhir/primitive.h"

namespace lightbox::fhir {
namespace {

using Kind = FhirPathValue::Kind;

struct Derived {
  std::string_view name, base;
};
// R4 types.html, where it is not Element; of resources see base_of.
constexpr std::array derived_types = {
    Derived{"code", "string"},
    Derived{"id", "string"},
    Derived{"markdown", "string"},
    Derived{"url", "uri"},
    Derived{"canonical", "uri"},
    Derived{"oid", "uri"},
    Derived{"uuid", "uri"},
    Derived{"positiveInt", "integer"},
    Derived{"unsignedInt", "integer"},
    Derived{"Age", "Quantity"},
    Derived{"Count", "Quantity"},
    Derived{"Distance", "Quantity"},
    Derived{"Duration", "Quantity"},
    Derived{"MoneyQuantity", "Quantity"},
    Derived{"SimpleQuantity", "Quantity"},
    Derived{"Bundle", "Resource"},
    Derived{"Binary", "Resource"},
    Derived{"Parameters", "Resource"},
    Derived{"DomainResource", "Resource"},
    Derived{"Resource", ""},
    Derived{"Element", ""},
};

std::string_view base_of(std::string_view name) {
  const auto found = std::ranges::find(derived_types, name, &Derived::name);
  if (found != derived_types.end()) return found->base;
  if (name.starts_with("System.")) return {};
  return Definitions::r4().resource_type(name) != nullptr ? "DomainResource" : "Element";
}

bool is_primitive_name(std::string_view name) {
  for (auto type = Primitive::base64Binary; type <= Primitive::xhtml;
       type = static_cast<Primitive>(static_cast<int>(type) + 1)) {
    if (name_of(type) == name) return true;
  }
  return false;
}

constexpr std::array system_types = {"System.Boolean", "System.String",   "System.Integer",
                                     "System.Decimal", "System.Date",     "System.DateTime",
                                     "System.Time",    "System.Quantity", "System.Any"};

std::string_view system_name(Kind kind) {
  return kind <= Kind::time ? system_types[static_cast<std::size_t>(kind)] : "System.Any";
}

// Seconds and their fractions are one precision (hl7.org/fhirpath/N1/#equals).
bool has_seconds(std::string_view text) {
  const auto t = text.find('T');
  if (t == std::string_view::npos) return false;
  const std::string_view time = text.substr(t + 1, 8);
  return time.size() == 8 && time[2] == ':' && time[5] == ':';
}

int sign_of(std::int64_t left, std::int64_t right) {
  return left < right ? -1 : (left > right ? 1 : 0);
}

std::optional<int> compare_dates(std::string_view left, std::string_view right) {
  const auto a = parse_date(left, 0);
  const auto b = parse_date(right, 0);
  if (!a || !b) return std::nullopt;
  if (has_seconds(left) && has_seconds(right)) return sign_of(a->low, b->low);
  if (a->high <= b->low) return -1;
  if (b->high <= a->low) return 1;
  if (a->low == b->low && a->high == b->high) return 0;
  return std::nullopt;
}

std::optional<int> compare_times(std::string_view left, std::string_view right) {
  const std::size_t common = std::min(left.size(), right.size());
  const int order = left.substr(0, common).compare(right.substr(0, common));
  if (order != 0) return order;
  std::string_view rest = left.size() > right.size() ? left.substr(common) : right.substr(common);
  if (rest.empty()) return 0;
  constexpr std::size_t with_seconds = 8;
  if (common < with_seconds) return std::nullopt;
  if (rest.find_first_not_of(".0") == std::string_view::npos) return 0;
  return left.size() > right.size() ? 1 : -1;
}

bool is_text(const FhirPathValue& value) { return value.kind == Kind::string; }

}  // namespace

std::string_view FhirPathValue::type_name() const {
  if (!is_element()) return system_name(kind);
  if (type == nullptr || type->is_resource) return complex != nullptr ? complex->name : "Resource";
  return type->name;
}

FhirPathValue make_value(FhirPathValue::Kind kind, std::string text) {
  FhirPathValue value;
  value.kind = kind;
  value.computed = std::move(text);
  return value;
}

FhirPathValue make_boolean(bool value) {
  return make_value(Kind::boolean, value ? "true" : "false");
}
FhirPathValue make_string(std::string text) { return make_value(Kind::string, std::move(text)); }
FhirPathValue make_integer(std::size_t value) {
  return make_value(Kind::integer, std::to_string(value));
}

std::string_view name_of(FhirPathValue::Kind kind) {
  static constexpr std::array<std::string_view, 9> names = {"a boolean",
                                                            "a string",
                                                            "an integer",
                                                            "a decimal",
                                                            "a date",
                                                            "a dateTime",
                                                            "a time",
                                                            "of a complex type",
                                                            "an element without value"};
  return names[static_cast<std::size_t>(kind)];
}

bool is_number(const FhirPathValue& value) {
  return value.kind == Kind::integer || value.kind == Kind::decimal;
}

bool is_temporal(const FhirPathValue& value) {
  return value.kind == Kind::date || value.kind == Kind::date_time || value.kind == Kind::time;
}

bool is_known_type(std::string_view name) {
  if (name.starts_with("FHIR.")) name.remove_prefix(5);
  const std::string system = "System." + std::string(name);
  const auto is_system = [&](std::string_view type) { return type == name || type == system; };
  if (std::ranges::any_of(system_types, is_system)) return true;
  const Definitions& r4 = Definitions::r4();
  return r4.complex_type(name) != nullptr || r4.resource_type(name) != nullptr ||
         is_primitive_name(name) ||
         std::ranges::find(derived_types, name, &Derived::name) != derived_types.end() ||
         name == "BackboneElement";
}

bool is_type(std::string_view name, std::string_view wanted) {
  if (name.starts_with("System.")) {
    return name == wanted || name.substr(7) == wanted || wanted == "System.Any";
  }
  if (wanted.starts_with("FHIR.")) wanted.remove_prefix(5);
  for (; !name.empty(); name = base_of(name)) {
    if (name == wanted) return true;
  }
  return false;
}

bool are_comparable(const FhirPathValue& left, const FhirPathValue& right) {
  if (is_number(left) && is_number(right)) return true;
  if (left.kind == Kind::time || right.kind == Kind::time) return left.kind == right.kind;
  if (is_temporal(left) && is_temporal(right)) return true;
  return is_text(left) && is_text(right);
}

std::optional<int> compare(const FhirPathValue& left, const FhirPathValue& right) {
  if (!are_comparable(left, right)) return std::nullopt;
  if (is_number(left)) return compare_numbers(left.text(), right.text());
  if (left.kind == Kind::time) return compare_times(left.text(), right.text());
  if (is_temporal(left)) return compare_dates(left.text(), right.text());
  return left.text().compare(right.text());
}

std::optional<bool> equals(const FhirPathValue& left, const FhirPathValue& right) {
  if (left.kind == Kind::none || right.kind == Kind::none) {
    return left.kind == right.kind && left.extras != nullptr && right.extras != nullptr &&
           equal_json(*left.extras, *right.extras);
  }
  if (left.kind == Kind::complex || right.kind == Kind::complex) {
    return left.kind == right.kind && equal_json(*left.json, *right.json);
  }
  if (is_number(left) || (is_temporal(left) && is_temporal(right))) {
    if (!are_comparable(left, right)) return false;
    const auto order = compare(left, right);
    if (!order) return std::nullopt;
    return *order == 0;
  }
  // A date is compared with a string as text: birthDate = '1974-12-25'.
  const bool is_mixed =
      (is_temporal(left) && is_text(right)) || (is_text(left) && is_temporal(right));
  return (left.kind == right.kind || is_mixed) && left.text() == right.text();
}

bool equivalent(const FhirPathValue& left, const FhirPathValue& right) {
  if (is_text(left) && is_text(right)) return folded(left.text()) == folded(right.text());
  return equals(left, right).value_or(false);
}

}  // namespace lightbox::fhir
