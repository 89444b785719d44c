#include "http/media_type.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "http/text.h"

namespace lightbox::http {
namespace {

// As take_until, but for separators inside quoted strings.
std::string_view take_item(char separator, std::string_view& rest) {
  bool is_quoted = false;
  std::size_t at = 0;
  for (; at < rest.size(); ++at) {
    const char c = rest[at];
    if (c == '"') {
      is_quoted = !is_quoted;
    } else if (c == '\\' && is_quoted) {
      ++at;
    } else if (c == separator && !is_quoted) {
      break;
    }
  }
  at = std::min(at, rest.size());
  const std::string_view item = trimmed(rest.substr(0, at));
  rest = rest.substr(std::min(at + 1, rest.size()));
  return item;
}

std::string lowered(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), to_lower);
  return lower;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_character);
}

std::string unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  text = text.substr(1, text.size() - 2);
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    plain += text[i];
  }
  return plain;
}

double parse_quality(std::string_view text) {
  double quality = 1;
  std::from_chars(text.data(), text.data() + text.size(), quality);
  return quality >= 0 && quality <= 1 ? quality : 1;
}

}  // namespace

std::string_view MediaType::parameter(std::string_view wanted) const {
  for (const auto& [parameter_name, value] : parameters) {
    if (parameter_name == wanted) return value;
  }
  return {};
}

Result<MediaType> parse_media_type(std::string_view text) {
  const auto wrong = [&](std::string_view what) {
    return problem(ProblemKind::invalid,
                   fmt::format("'{}' is no media type: {}", text.substr(0, 200), what));
  };
  std::string_view rest = text;
  MediaType type{.name = lowered(take_item(';', rest)), .parameters = {}};
  const std::string_view name = type.name;
  const auto slash = std::min(name.find('/'), name.size());
  if (!is_token(name.substr(0, slash)) || slash == name.size() ||
      !is_token(name.substr(slash + 1))) {
    return wrong("it must be type/subtype");
  }
  while (!rest.empty()) {
    const std::string_view parameter = take_item(';', rest);
    if (parameter.empty()) continue;
    const auto equals = parameter.find('=');
    const std::string_view parameter_name = trimmed(parameter.substr(0, equals));
    if (equals == std::string_view::npos || !is_token(parameter_name)) {
      return wrong(fmt::format("the parameter '{}' must be name=value", parameter));
    }
    type.parameters.emplace_back(lowered(parameter_name),
                                 unquoted(trimmed(parameter.substr(equals + 1))));
  }
  return type;
}

std::vector<AcceptedType> parse_accept(std::string_view field_list) {
  std::vector<AcceptedType> accepted;
  while (!field_list.empty()) {
    auto type = parse_media_type(take_item(',', field_list));
    if (!type) continue;
    const auto quality = type->parameter("q");
    accepted.push_back(
        {.type = std::move(*type), .quality = quality.empty() ? 1 : parse_quality(quality)});
  }
  return accepted;
}

int specificity_of(std::string_view range, std::string_view type) {
  if (range == type) return 3;
  if (range == "*/*") return 1;
  const bool is_family =
      range.ends_with("/*") && type.starts_with(range.substr(0, range.size() - 1));
  return is_family ? 2 : 0;
}

}  // namespace lightbox::http
