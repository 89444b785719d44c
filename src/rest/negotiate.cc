#include "rest/negotiate.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <fmt/format.h>
#include <span>
#include <utility>

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

// 0 to 1 (RFC 9110 12.4.2); what is no such number counts as 1.
double parse_quality(std::string_view text) {
  double quality = 1;
  std::from_chars(text.data(), text.data() + text.size(), quality);
  return quality >= 0 && quality <= 1 ? quality : 1;
}

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
    if (equals_ignoring_case(name, "q")) range.quality = parse_quality(value);
    if (equals_ignoring_case(name, "fhirVersion")) range.fhir_version = value;
    if (equals_ignoring_case(name, "charset")) range.charset = value;
  }
  return range;
}

bool is_our_version(std::string_view version) {
  return version.empty() || version == "4.0" || version == "4.0.1";
}

struct Offer {
  std::string_view type;
  std::string_view content_type;
};

// A generic type that is asked for is answered by its own name (R4, http.html#mime-type). In the
// order in which we prefer them; the last is the name of DSTU2, which old clients still send.
constexpr std::array offers{
    Offer{"application/fhir+json", fhir_json}, Offer{"application/json", plain_json},
    Offer{"text/json", "text/json;charset=utf-8"}, Offer{"application/json+fhir", fhir_json}};

// How exactly a range names a type: 3 itself, 2 "application/*", 1 "*/*", 0 not at all.
int specificity(const MediaRange& range, std::string_view type) {
  if (!is_our_version(range.fhir_version)) return 0;
  if (range.type == type) return 3;
  if (range.type == "*/*") return 1;
  const bool is_family =
      range.type.ends_with("/*") &&
      type.starts_with(std::string_view(range.type).substr(0, range.type.size() - 1));
  return is_family ? 2 : 0;
}

// RFC 9110 12.5.1: of the ranges that fit a type, the most specific one says its quality.
double quality_of(std::string_view type, std::span<const MediaRange> ranges) {
  int most = 0;
  double quality = 0;
  for (const MediaRange& range : ranges) {
    const int found = specificity(range, type);
    if (found == 0 || found < most) continue;
    quality = found == most ? std::max(quality, range.quality) : range.quality;
    most = found;
  }
  return quality;
}

// The content type that fits best, or "" when none does.
std::string_view best_offer(std::span<const MediaRange> ranges) {
  std::string_view best;
  double best_quality = 0;
  for (const Offer& offer : offers) {
    const double quality = quality_of(offer.type, ranges);
    if (quality <= best_quality) continue;
    best = offer.content_type;
    best_quality = quality;
  }
  return best;
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
  MediaRange range = parse_media_range(text);
  if (range.type == "json") range.type = "application/fhir+json";
  const auto offer = best_offer({&range, 1});
  if (offer.empty()) return cannot_give(format);
  return offer;
}

Result<std::string_view> from_accept(std::string_view accept) {
  std::vector<MediaRange> ranges;
  for (const auto part : split_list(accept, ',')) ranges.push_back(parse_media_range(part));
  const auto offer = best_offer(ranges);
  if (offer.empty()) return cannot_give(accept);
  return offer;
}

// RFC 7240 2: of a preference that is given more than once the first counts.
struct Heard {
  bool return_ = false;
  bool handling = false;
};

void apply_preference(std::string_view preference, Heard& heard, Negotiated& wants) {
  const auto equals = preference.find('=');
  if (equals == std::string_view::npos) return;
  const auto name = trim(preference.substr(0, equals));
  auto value = trim(preference.substr(equals + 1));
  if (value.size() >= 2 && value.front() == '"') value = value.substr(1, value.size() - 2);
  if (equals_ignoring_case(name, "return") && !std::exchange(heard.return_, true)) {
    if (value == "minimal") wants.prefer_return = PreferReturn::minimal;
    if (value == "representation") wants.prefer_return = PreferReturn::representation;
    if (value == "OperationOutcome") wants.prefer_return = PreferReturn::operation_outcome;
  }
  if (equals_ignoring_case(name, "handling") && !std::exchange(heard.handling, true)) {
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
  Heard heard;
  for (const auto& [name, value] : request.fields) {
    if (!equals_ignoring_case(name, "Prefer")) continue;
    for (const auto item : split_list(value, ',')) {
      for (const auto preference : split_list(item, ';')) {
        apply_preference(preference, heard, wants);
      }
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

Result<PatchFormat> patch_format(const http::Request& request) {
  const auto content_type = request.field("Content-Type");
  const MediaRange range = parse_media_range(content_type);
  const bool is_utf8 = range.charset.empty() || equals_ignoring_case(range.charset, "utf-8");
  if (range.type == "application/json-patch+json" && is_utf8) return PatchFormat::json_patch;
  if (!content_type.empty() && check_json_content(request)) return PatchFormat::fhirpath_patch;
  return problem(ProblemKind::unsupported_media_type,
                 fmt::format("Content-Type is '{}'; a patch is a JSON Patch as "
                             "application/json-patch+json, or a FHIRPath Patch (a Parameters "
                             "resource) as application/fhir+json, in UTF-8",
                             content_type));
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
