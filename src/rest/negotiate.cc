#include "rest/negotiate.h"

#include <algorithm>
#include <array>
#include <compare>
#include <fmt/format.h>
#include <span>
#include <utility>

#include "http/media_type.h"
#include "http/text.h"

namespace lightbox::rest {
namespace {

// What we answer in. A generic type that is asked for is answered by its own name (R4,
// http.html#mime-type).
struct Offer {
  std::string_view type;
  std::string_view content_type;
  Format format = Format::json;
  bool is_of_fhir = true;  // named by FHIR, rather than generic
};

// In the order in which we prefer them: the first is what a client gets that does not care. JSON
// comes before XML, since it is what is stored.
constexpr std::array offers{
    Offer{"application/fhir+json", "application/fhir+json;charset=utf-8"},
    Offer{"application/json", "application/json;charset=utf-8", Format::json, false},
    Offer{"text/json", "text/json;charset=utf-8", Format::json, false},
    Offer{"application/fhir+xml", "application/fhir+xml;charset=utf-8", Format::xml},
    Offer{"application/xml", "application/xml;charset=utf-8", Format::xml, false},
    Offer{"text/xml", "text/xml;charset=utf-8", Format::xml, false},
};

bool is_our_version(std::string_view version) {
  return version.empty() || version == "4.0" || version == "4.0.1";
}

bool is_utf8(const http::MediaType& type) {
  const std::string_view charset = type.parameter("charset");
  return charset.empty() || http::equals_ignoring_case(charset, "utf-8");
}

const Offer* offer_of(std::string_view type) {
  const auto* found = std::ranges::find(offers, type, &Offer::type);
  return found == offers.end() ? nullptr : found;
}

// The names of DSTU2, which old clients still send.
std::string_view name_of(const http::MediaType& type) {
  if (type.name == "application/json+fhir") return "application/fhir+json";
  if (type.name == "application/xml+fhir") return "application/fhir+xml";
  return type.name;
}

int specificity_of(const http::MediaType& range, std::string_view type) {
  if (!is_our_version(range.parameter("fhirversion"))) return 0;
  return http::specificity_of(name_of(range), type);
}

// How well an offer fits what is asked for. Higher is better, in this order.
struct Fit {
  double quality = 0;   // 0: not acceptable
  int specificity = 0;  // of the range that says so
  bool is_of_fhir = false;
  std::ptrdiff_t place = 0;  // negated: earlier is better
  auto operator<=>(const Fit&) const = default;
};

// RFC 9110 12.5.1: of the ranges that fit a type, the most specific one says its quality.
Fit fit_of(const Offer& offer, std::span<const http::AcceptedType> ranges) {
  Fit fit;
  for (const http::AcceptedType& range : ranges) {
    const int specificity = specificity_of(range.type, offer.type);
    if (specificity == 0 || specificity < fit.specificity) continue;
    if (specificity == fit.specificity && range.quality <= fit.quality) continue;
    // Of types that are named, FHIR's own come first, then in the client's order; what a wildcard
    // allows comes in ours.
    const bool is_named = specificity == 3;
    fit = {.quality = range.quality,
           .specificity = specificity,
           .is_of_fhir = is_named && offer.is_of_fhir,
           .place = is_named ? ranges.data() - &range : offers.data() - &offer};
  }
  return fit;
}

// nullptr when none is acceptable.
const Offer* best_offer(std::span<const http::AcceptedType> ranges) {
  const Offer* best = nullptr;
  Fit best_fit;
  for (const Offer& offer : offers) {
    const Fit fit = fit_of(offer, ranges);
    if (fit.quality <= 0 || (best != nullptr && fit <= best_fit)) continue;
    best = &offer;
    best_fit = fit;
  }
  return best;
}

Problem cannot_give(std::string_view asked) {
  return problem(
      ProblemKind::not_acceptable,
      fmt::format("This server answers in application/fhir+json and application/fhir+xml (FHIR "
                  "4.0); it cannot give '{}'",
                  asked));
}

Result<const Offer*> from_format(std::string_view format) {
  // A '+' that was not encoded has become a space.
  std::string text(format);
  const auto end = std::ranges::find(text, ';');
  std::replace(text.begin(), end, ' ', '+');
  const std::string_view name(text.begin(), end);
  if (http::equals_ignoring_case(name, "json") || http::equals_ignoring_case(name, "xml")) {
    text.insert(0, "application/fhir+");
  }
  const Offer* offer = best_offer(http::parse_accept(text));
  if (offer == nullptr) return cannot_give(format);
  return offer;
}

// A browser asks for a page: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8".
// Whoever pastes a URL into one has not chosen XML over JSON, so the generic names of XML count
// there as part of the */*. Without text/html they are a program's own wish, at any quality; so is
// FHIR's own name always; and without */* nothing but XML is allowed.
void ignore_browsers_xml(std::vector<http::AcceptedType>& ranges) {
  const auto names = [&](std::string_view type) {
    return std::ranges::any_of(ranges, [&](const auto& range) { return range.type.name == type; });
  };
  if (!names("text/html") || !names("*/*")) return;
  std::erase_if(ranges, [](const http::AcceptedType& range) {
    const bool is_xml = range.type.name == "application/xml" || range.type.name == "text/xml";
    return is_xml && range.quality > 0;
  });
}

Result<const Offer*> from_accept(std::string_view accept) {
  auto ranges = http::parse_accept(accept);
  ignore_browsers_xml(ranges);
  const Offer* offer = best_offer(ranges);
  if (offer == nullptr) return cannot_give(accept);
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
  const auto name = http::trimmed(preference.substr(0, equals));
  auto value = http::trimmed(preference.substr(equals + 1));
  if (value.size() >= 2 && value.front() == '"') value = value.substr(1, value.size() - 2);
  if (http::equals_ignoring_case(name, "return") && !std::exchange(heard.return_, true)) {
    if (value == "minimal") wants.prefer_return = PreferReturn::minimal;
    if (value == "representation") wants.prefer_return = PreferReturn::representation;
    if (value == "OperationOutcome") wants.prefer_return = PreferReturn::operation_outcome;
  }
  if (http::equals_ignoring_case(name, "handling") && !std::exchange(heard.handling, true)) {
    wants.handling = value == "strict" ? fhir::Handling::strict : fhir::Handling::lenient;
  }
}

}  // namespace

std::vector<std::string_view> split_list(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  bool is_quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '"') is_quoted = !is_quoted;
    if (i < text.size() && (is_quoted || text[i] != separator)) continue;
    const auto part = http::trimmed(text.substr(begin, i - begin));
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
    if (!http::equals_ignoring_case(name, "Prefer")) continue;
    for (const auto item : split_list(value, ',')) {
      for (const auto preference : split_list(item, ';')) {
        apply_preference(preference, heard, wants);
      }
    }
  }
  // _format wins over Accept (R4, http.html#mime-type).
  const std::string accept = format.empty() ? request.field_list("Accept") : std::string();
  if (format.empty() && (accept.empty() || accept == "*/*")) return wants;
  TRY(const Offer* offer, format.empty() ? from_accept(accept) : from_format(format));
  wants.format = offer->format;
  wants.content_type = offer->content_type;
  return wants;
}

Negotiated negotiate_leniently(const http::Request& request) {
  auto parameters = http::decode_form(request.query);
  if (!parameters) parameters = http::Parameters{};
  std::erase_if(*parameters, [](const auto& parameter) { return parameter.first != "_format"; });
  const auto wants = negotiate(request, *parameters);
  return wants ? *wants : Negotiated{};
}

Result<PatchFormat> patch_format(std::string_view content_type) {
  const auto type = http::parse_media_type(content_type);
  if (type && type->name == "application/json-patch+json" && is_utf8(*type)) {
    return PatchFormat::json_patch;
  }
  const auto format = content_format(content_type);
  if (!content_type.empty() && format) {
    return *format == Format::xml ? PatchFormat::fhirpath_xml : PatchFormat::fhirpath_json;
  }
  return problem(ProblemKind::unsupported_media_type,
                 fmt::format("Content-Type is '{}'; a patch is a JSON Patch as "
                             "application/json-patch+json, or a FHIRPath Patch (a Parameters "
                             "resource) as application/fhir+json or application/fhir+xml, in UTF-8",
                             content_type));
}

Result<Format> content_format(const http::Request& request) {
  return content_format(request.field("Content-Type"));
}

Result<Format> content_format(std::string_view content_type) {
  if (content_type.empty()) return Format::json;
  const auto type = http::parse_media_type(content_type);
  const Offer* offer = type ? offer_of(name_of(*type)) : nullptr;
  if (offer == nullptr || !is_our_version(type->parameter("fhirversion"))) {
    return problem(ProblemKind::unsupported_media_type,
                   fmt::format("Content-Type is '{}'; this server takes application/fhir+json and "
                               "application/fhir+xml of FHIR 4.0",
                               content_type));
  }
  if (!is_utf8(*type)) {
    return problem(ProblemKind::unsupported_media_type,
                   fmt::format("The charset is '{}'; FHIR is UTF-8", type->parameter("charset")));
  }
  return offer->format;
}

}  // namespace lightbox::rest
