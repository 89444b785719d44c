#include "rest/negotiate.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <fmt/format.h>

namespace lightbox::rest {
namespace {

constexpr std::string_view fhir_json = "application/fhir+json;charset=utf-8";
constexpr std::string_view plain_json = "application/json;charset=utf-8";

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

struct MediaRange {
  std::string type;          // lower case, without parameters
  std::string fhir_version;  // its parameter, or ""
  std::string charset;
  double quality = 1;
};

MediaRange parse_media_range(std::string_view text) {
  MediaRange range;
  const auto parts = split_list(text, ';');
  if (parts.empty()) return range;
  range.type = parts[0];
  std::ranges::transform(range.type, range.type.begin(), lower);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto equals = parts[i].find('=');
    if (equals == std::string_view::npos) continue;
    const auto name = trim(parts[i].substr(0, equals));
    auto value = trim(parts[i].substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    if (equals_ignoring_case(name, "q"))
      range.quality = std::strtod(std::string(value).c_str(), nullptr);
    if (equals_ignoring_case(name, "fhirVersion")) range.fhir_version = value;
    if (equals_ignoring_case(name, "charset")) range.charset = value;
  }
  return range;
}

bool is_our_version(std::string_view version) {
  return version.empty() || version == "4.0" || version == "4.0.1";
}

// The content type that answers a media range, or "" when we do not have it.
std::string_view offer_for(const MediaRange& range) {
  if (!is_our_version(range.fhir_version)) return {};
  if (range.type == "application/fhir+json" || range.type == "*/*" ||
      range.type == "application/*") {
    return fhir_json;
  }
  if (range.type == "application/json" || range.type == "text/json") return plain_json;
  // The name of DSTU2, which old clients still send.
  if (range.type == "application/json+fhir") return fhir_json;
  return {};
}

Problem cannot_give(std::string_view asked) {
  return problem(
      ProblemKind::not_acceptable,
      fmt::format("This server answers in application/fhir+json (FHIR 4.0); it cannot give "
                  "'{}'",
                  asked));
}

Result<std::string_view> from_format(std::string_view format) {
  // A '+' that was not encoded has become a space.
  std::string text(format);
  std::ranges::replace(text, ' ', '+');
  if (text == "json") return fhir_json;
  const auto offer = offer_for(parse_media_range(text));
  if (offer.empty()) return cannot_give(format);
  return offer;
}

Result<std::string_view> from_accept(std::string_view accept) {
  std::string_view best;
  double best_quality = 0;
  for (const auto part : split_list(accept, ',')) {
    const MediaRange range = parse_media_range(part);
    const auto offer = offer_for(range);
    // At the same quality FHIR's own type wins over a generic one.
    const bool is_better =
        range.quality > best_quality ||
        (range.quality == best_quality && best == plain_json && offer == fhir_json);
    if (!offer.empty() && range.quality > 0 && is_better) {
      best = offer;
      best_quality = range.quality;
    }
  }
  if (best.empty()) return cannot_give(accept);
  return best;
}

void apply_preference(std::string_view preference, Negotiated& wants) {
  const auto equals = preference.find('=');
  if (equals == std::string_view::npos) return;
  const auto name = trim(preference.substr(0, equals));
  auto value = trim(preference.substr(equals + 1));
  if (value.size() >= 2 && value.front() == '"') value = value.substr(1, value.size() - 2);
  if (equals_ignoring_case(name, "return")) {
    if (value == "minimal") wants.prefer_return = PreferReturn::minimal;
    if (value == "representation") wants.prefer_return = PreferReturn::representation;
    if (value == "OperationOutcome") wants.prefer_return = PreferReturn::operation_outcome;
  }
  if (equals_ignoring_case(name, "handling")) {
    wants.handling = value == "strict" ? fhir::Handling::strict : fhir::Handling::lenient;
  }
}

}  // namespace

std::string_view trim(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](char a, char b) { return lower(a) == lower(b); });
}

std::vector<std::string_view> split_list(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  bool is_quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '"') is_quoted = !is_quoted;
    if (i < text.size() && (is_quoted || text[i] != separator)) continue;
    const auto part = trim(text.substr(begin, i - begin));
    if (!part.empty()) parts.push_back(part);
    begin = i + 1;
  }
  return parts;
}

Result<Negotiated> negotiate(const http::Request& request, const http::Parameters& parameters) {
  Negotiated wants;
  std::string_view format;
  for (const auto& [name, value] : parameters) {
    if (name == "_format") format = value;
    if (name != "_pretty") continue;
    if (value != "true" && value != "false") {
      return problem(ProblemKind::invalid, "value",
                     fmt::format("_pretty is '{}'; it must be true or false", value));
    }
    wants.is_pretty = value == "true";
  }
  for (const auto& [name, value] : request.fields) {
    if (!equals_ignoring_case(name, "Prefer")) continue;
    for (const auto item : split_list(value, ',')) {
      for (const auto preference : split_list(item, ';')) apply_preference(preference, wants);
    }
  }
  // _format wins over Accept (R4, http.html#mime-type).
  if (!format.empty()) {
    TRY(wants.content_type, from_format(format));
    return wants;
  }
  const std::string accept = request.field_list("Accept");
  if (!accept.empty() && accept != "*/*") {
    TRY(wants.content_type, from_accept(accept));
  }
  return wants;
}

Result<void> check_json_content(const http::Request& request) {
  const auto content_type = request.field("Content-Type");
  if (content_type.empty()) return {};
  const MediaRange range = parse_media_range(content_type);
  static constexpr std::array names = {"application/fhir+json", "application/json", "text/json",
                                       "application/json+fhir"};
  const bool is_json = std::ranges::find(names, range.type) != names.end();
  if (!is_json || !is_our_version(range.fhir_version)) {
    return problem(ProblemKind::unsupported_media_type,
                   fmt::format("Content-Type is '{}'; this server takes application/fhir+json of "
                               "FHIR 4.0",
                               content_type));
  }
  if (!range.charset.empty() && !equals_ignoring_case(range.charset, "utf-8")) {
    return problem(ProblemKind::unsupported_media_type,
                   fmt::format("The charset is '{}'; FHIR JSON is UTF-8", range.charset));
  }
  return {};
}

}  // namespace lightbox::rest
