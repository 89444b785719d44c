#include "dicomweb/store_request.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "http/media_type.h"
#include "http/multipart.h"

namespace lightbox::dicomweb {
namespace {

// In the order of preference when several are as good.
constexpr std::array offers{
    ResponseForm{ResponseFormat::json, "application/dicom+json"},
    ResponseForm{ResponseFormat::json, "application/json"},
    ResponseForm{ResponseFormat::xml, "application/dicom+xml"},
    ResponseForm{ResponseFormat::xml, "application/xml"},
    ResponseForm{ResponseFormat::xml, "text/xml"},
};

// A client that asks for multipart/related of a type takes that type.
int specificity_of(const http::MediaType& range, std::string_view type) {
  const bool is_related = range.name == "multipart/related";
  return http::specificity_of(is_related ? range.parameter("type") : range.name, type);
}

// RFC 9110 12.5.1: of the ranges that fit a type, the most specific one says its quality.
double quality_of(std::string_view type, const std::vector<http::AcceptedType>& accepted) {
  int specificity = 0;
  double quality = 0;
  for (const auto& range : accepted) {
    const int its_specificity = specificity_of(range.type, type);
    if (its_specificity == 0 || its_specificity < specificity) continue;
    quality = its_specificity == specificity ? std::max(quality, range.quality) : range.quality;
    specificity = its_specificity;
  }
  return quality;
}

Problem cannot_take(std::string_view what) {
  return problem(
      ProblemKind::unsupported_media_type,
      fmt::format("{}; what can be stored is multipart/related with "
                  "type=\"application/dicom\", \"application/dicom+json\" or "
                  "\"application/dicom+xml\", a single application/dicom, and the files of "
                  "multipart/form-data",
                  what));
}

}  // namespace

Result<ResponseForm> response_form(const http::Request& request) {
  const std::string field = request.field_list("Accept");
  if (field.empty()) return offers.front();
  const auto accepted = http::parse_accept(field);
  const ResponseForm* best = nullptr;
  double best_quality = 0;
  for (const ResponseForm& offer : offers) {
    const double quality = quality_of(offer.content_type, accepted);
    if (quality <= best_quality) continue;
    best = &offer;
    best_quality = quality;
  }
  if (best != nullptr) return *best;
  return problem(ProblemKind::not_acceptable,
                 fmt::format("The answer can be application/dicom+json or application/dicom+xml; "
                             "Accept is '{}'",
                             field.substr(0, 200)));
}

Result<StoreRequest> store_request(const http::Request& request) {
  const std::string_view field = request.field("Content-Type");
  if (field.empty()) return cannot_take("There is no Content-Type");
  TRY(const auto type, http::parse_media_type(field));
  StoreRequest result;
  if (type.name == "application/dicom") {
    result.content = StoreRequest::Content::instance;
    return result;
  }
  const std::string_view part_type = type.parameter("type");
  if (type.name == "multipart/form-data") {
    result.content = StoreRequest::Content::form;
  } else if (type.name != "multipart/related") {
    return cannot_take(fmt::format("The Content-Type is '{}'", type.name));
  } else if (part_type == "application/dicom+json" || part_type == "application/dicom+xml" ||
             part_type == "application/json") {
    result.content = StoreRequest::Content::metadata;
  } else if (!part_type.empty() && part_type != "application/dicom") {
    return cannot_take(fmt::format("The parts are of type '{}'", part_type));
  }
  TRY(result.boundary, http::boundary_of(type.parameter("boundary")));
  return result;
}

}  // namespace lightbox::dicomweb
