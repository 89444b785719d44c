#pragma once

// Media types with parameters, as Content-Type and Accept have them (RFC 9110 8.3.1, 12.5.1). Pure.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace lightbox::http {

struct MediaType {
  std::string name;       // "multipart/related": lower case, without parameters
  Parameters parameters;  // names in lower case, values without their quotes

  // "" when it is not there; `wanted` in lower case.
  [[nodiscard]] std::string_view parameter(std::string_view wanted) const;
};

// `invalid` when it is not type/subtype, or a parameter is not name=value. Blank space around '='
// and a last ';' are let pass.
Result<MediaType> parse_media_type(std::string_view text);

// Of an Accept field: the ranges in their order with their quality (1 without, and for what is no
// number from 0 to 1); parts that are no media range are left out.
struct AcceptedType {
  MediaType type;
  double quality = 1;
};
[[nodiscard]] std::vector<AcceptedType> parse_accept(std::string_view field_list);

// How exactly a range's name names a type: 3 itself, 2 "application/*", 1 "*/*", 0 not at all. Of
// the ranges that fit a type the most specific one says its quality (RFC 9110 12.5.1).
[[nodiscard]] int specificity_of(std::string_view range, std::string_view type);

}  // namespace lightbox::http
