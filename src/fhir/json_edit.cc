#include "fhir/json_edit.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <vector>

namespace lightbox::fhir {
namespace {

// A number literal as digits times a power of ten, in one form: no zeros at either end.
struct Decimal {
  bool is_negative = false;
  std::string digits;  // empty: zero
  std::int64_t exponent = 0;
  bool operator==(const Decimal&) const = default;
};

// nullopt when the exponent is beyond all reason.
std::optional<Decimal> decimal_of(std::string_view literal) {
  constexpr std::int64_t exponent_max = 1'000'000'000'000;
  Decimal decimal;
  const auto at = literal.find_first_of("eE");
  if (at != std::string_view::npos) {
    std::string_view text = literal.substr(at + 1);
    if (text.starts_with('+')) text.remove_prefix(1);
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), decimal.exponent);
    if (error != std::errc{} || decimal.exponent > exponent_max ||
        decimal.exponent < -exponent_max) {
      return std::nullopt;
    }
    literal = literal.substr(0, at);
  }
  bool is_fraction = false;
  for (const char c : literal) {
    if (c == '-') decimal.is_negative = true;
    if (c == '.') is_fraction = true;
    if (c < '0' || c > '9') continue;
    if (is_fraction) --decimal.exponent;
    if (c != '0' || !decimal.digits.empty()) decimal.digits += c;
  }
  while (!decimal.digits.empty() && decimal.digits.back() == '0') {
    decimal.digits.pop_back();
    ++decimal.exponent;
  }
  return decimal.digits.empty() ? Decimal{} : decimal;
}

bool equal_numbers(std::string_view left, std::string_view right) {
  if (left == right) return true;
  const auto a = decimal_of(left);
  const auto b = decimal_of(right);
  return a && b && *a == *b;
}

bool equal_arrays(const Json& left, const Json& right) {
  const Json* other = right.first;
  for (const Json* item = left.first; item != nullptr; item = item->next, other = other->next) {
    if (!equal_json(*item, *other)) return false;
  }
  return true;
}

std::vector<const Json*> members_by_name(const Json& object) {
  std::vector<const Json*> members;
  members.reserve(object.size);
  for (const Json* member = object.first; member != nullptr; member = member->next) {
    members.push_back(member);
  }
  std::ranges::sort(members, {}, [](const Json* member) { return member->key; });
  return members;
}

bool equal_objects(const Json& left, const Json& right) {
  const auto a = members_by_name(left);
  const auto b = members_by_name(right);
  for (std::size_t at = 0; at < a.size(); ++at) {
    if (a[at]->key != b[at]->key || !equal_json(*a[at], *b[at])) return false;
  }
  return true;
}

}  // namespace

JsonExtent extent_of(const Json& value) {
  JsonExtent extent{.nodes = 1, .bytes = value.key.size() + value.text.size(), .depth = 1};
  for (const Json* child = value.first; child != nullptr; child = child->next) {
    const JsonExtent part = extent_of(*child);
    extent.nodes += part.nodes;
    extent.bytes += part.bytes;
    extent.depth = std::max(extent.depth, part.depth + 1);
  }
  return extent;
}

bool equal_json(const Json& left, const Json& right) {
  if (left.kind != right.kind || left.size != right.size) return false;
  switch (left.kind) {
    case Json::Kind::null:
      return true;
    case Json::Kind::boolean:
    case Json::Kind::string:
      return left.text == right.text;
    case Json::Kind::number:
      return equal_numbers(left.text, right.text);
    case Json::Kind::array:
      return equal_arrays(left, right);
    case Json::Kind::object:
      return equal_objects(left, right);
  }
  return false;
}

Json* copy_json(const Json& value, std::string_view key, JsonDocument& document) {
  Json* copy = document.make(value.kind, document.copy(key), document.copy(value.text));
  copy->size = value.size;
  Json** end = &copy->first;
  for (const Json* child = value.first; child != nullptr; child = child->next) {
    *end = copy_json(*child, child->key, document);
    end = &(*end)->next;
  }
  return copy;
}

Json** link_at(Json& parent, std::size_t index) {
  Json** link = &parent.first;
  while (*link != nullptr && index-- > 0) link = &(*link)->next;
  return link;
}

Json** link_to(Json& parent, std::string_view key) {
  Json** link = &parent.first;
  while (*link != nullptr && (*link)->key != key) link = &(*link)->next;
  return link;
}

void insert_at(Json& parent, Json** link, Json* child) {
  child->next = *link;
  *link = child;
  ++parent.size;
}

Json* take_at(Json& parent, Json** link) {
  Json* taken = *link;
  *link = taken->next;
  taken->next = nullptr;
  --parent.size;
  return taken;
}

void replace_at(Json** link, Json* child) {
  child->next = (*link)->next;
  *link = child;
}

}  // namespace lightbox::fhir
