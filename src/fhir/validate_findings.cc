// What goes into a finding: kinds and names as text.

#include <algorithm>
#include <array>
#include <utility>

#include "fhir/validate.h"

namespace lightbox::fhir {
namespace {

constexpr std::size_t compared_bytes_max = 48;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Levenshtein's distance, without regard to case. Both are at most compared_bytes_max long.
std::size_t distance(std::string_view a, std::string_view b) {
  std::array<std::size_t, compared_bytes_max + 1> row{};
  for (std::size_t column = 0; column <= b.size(); ++column) row[column] = column;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view described(Json::Kind kind) {
  switch (kind) {
    case Json::Kind::null:
      return "null";
    case Json::Kind::boolean:
      return "true or false";
    case Json::Kind::number:
      return "a number";
    case Json::Kind::string:
      return "a string";
    case Json::Kind::array:
      return "an array";
    case Json::Kind::object:
      return "an object";
  }
  return "";
}

std::string_view nearest_name(std::string_view name, const ComplexType& type) {
  if (name.size() > compared_bytes_max) return {};
  std::string_view nearest;
  std::size_t least = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const Element& element : type.elements) {
    for (const ElementType& each : element.types) {
      if (each.json_name.size() > compared_bytes_max) continue;
      const std::size_t found = distance(name, each.json_name);
      if (found >= least) continue;
      least = found;
      nearest = each.json_name;
    }
  }
  return nearest;
}

}  // namespace lightbox::fhir
