#include "dicomweb/accept.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include "http/media_type.h"

namespace lightbox::dicomweb {
namespace {

bool names(std::string_view range, std::string_view type) {
  if (range == type || range == "*/*") return true;
  return range.ends_with("/*") && type.starts_with(range.substr(0, range.size() - 1));
}

// How much of a type a range says.
int exactness(const Acceptable& range) {
  if (range.type == "*/*") return 0;
  return range.type.ends_with("/*") ? 1 : 2;
}

std::string lowered(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return lower;
}

Acceptable acceptable_of(const http::MediaType& range) {
  Acceptable one{.type = range.name,
                 .is_multipart = range.name.starts_with("multipart/"),
                 .is_any_form = range.name == "*/*",
                 .transfer_syntax = std::string(range.parameter("transfer-syntax"))};
  if (one.is_multipart) {
    // Some put the parameters of the parts' type into its quotes.
    const auto parts = http::parse_media_type(range.parameter("type"));
    one.type = parts ? parts->name : "*/*";
    if (parts && one.transfer_syntax.empty()) {
      one.transfer_syntax = parts->parameter("transfer-syntax");
    }
  }
  return one;
}

// The query's `accept`, where '+' should have been written "%2B".
Result<std::optional<std::string>> accept_of_query(const http::Request& request) {
  TRY(const auto parameters, http::decode_form(request.query));
  std::optional<std::string> text;
  for (const auto& [name, value] : parameters) {
    if (lowered(name) != "accept") continue;
    if (text) *text += ", ";
    if (!text) text.emplace();
    *text += value;
  }
  constexpr std::string_view plus_as_space = "application/dicom ";
  for (std::size_t at = 0; text && (at = text->find(plus_as_space, at)) != std::string::npos;) {
    at += plus_as_space.size();
    (*text)[at - 1] = '+';
  }
  return text;
}

}  // namespace

Result<Accept> Accept::of(const http::Request& request) {
  Accept accept;
  TRY(const auto of_query, accept_of_query(request));
  accept.text_ = of_query ? *of_query : request.field_list("Accept");
  auto ranges = http::parse_accept(accept.text_);
  if (accept.text_.find_first_not_of(" \t,") == std::string::npos) {
    ranges = http::parse_accept("*/*");
  }
  std::ranges::stable_sort(ranges, std::ranges::greater(), &http::AcceptedType::quality);
  for (const auto& range : ranges) {
    (range.quality > 0 ? accept.acceptable_ : accept.refused_).push_back(acceptable_of(range.type));
  }
  return accept;
}

bool Accept::has(const Acceptable& one, std::string_view type, Form form) const {
  const auto means = [&](const Acceptable& range) {
    return names(range.type, type) &&
           (range.is_any_form || range.is_multipart == (form == Form::multipart));
  };
  if (!means(one)) return false;
  return std::ranges::none_of(refused_, [&](const Acceptable& range) {
    return means(range) && exactness(range) > exactness(one);
  });
}

Problem Accept::refusal(std::string_view possible) const {
  return problem(ProblemKind::not_acceptable,
                 fmt::format("The answer can be {}; Accept is '{}'", possible,
                             std::string_view(text_).substr(0, 300)));
}

Result<Offer> choose(const Accept& accept, std::span<const Offer> offers) {
  for (const Acceptable& one : accept.all()) {
    for (const Offer& offer : offers) {
      if (accept.has(one, offer.type, offer.form)) return offer;
    }
  }
  std::string possible;
  for (const Offer& offer : offers) {
    if (!possible.empty()) possible += " or ";
    possible += offer.form == Form::multipart
                    ? fmt::format("multipart/related; type=\"{}\"", offer.type)
                    : std::string(offer.type);
  }
  return accept.refusal(possible);
}

}  // namespace lightbox::dicomweb
