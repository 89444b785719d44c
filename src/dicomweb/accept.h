#pragma once

// Which representations a request takes (PS3.18 8.7.4 to 8.7.8, RFC 9110 12.5.1): its Accept
// fields, or in their place the query parameter `accept`. Types may be quoted or not. Pure.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace lightbox::dicomweb {

enum class Form : unsigned char { single, multipart };

// One that is taken.
struct Acceptable {
  // "application/dicom"; "image/*"; "*/*". Of multipart/related, the type of its parts.
  std::string type;
  bool is_multipart = false;
  bool is_any_form = false;     // "*/*": single or multipart
  std::string transfer_syntax;  // a UID; "*": any; "": the default of the media type
};

class Accept {
 public:
  // A request without Accept takes "*/*". `invalid` for a query that is malformed.
  static Result<Accept> of(const http::Request& request);

  // Best first: by quality, then as they came.
  [[nodiscard]] const std::vector<Acceptable>& all() const { return acceptable_; }
  // Whether an answer of that type and form is what `one` of them means, and is not refused by
  // quality 0.
  [[nodiscard]] bool has(const Acceptable& one, std::string_view type, Form form) const;
  // not_acceptable; `possible` says what would be right.
  [[nodiscard]] Problem refusal(std::string_view possible) const;

 private:
  std::vector<Acceptable> acceptable_;
  std::vector<Acceptable> refused_;
  std::string text_;
};

// Of some single or multipart types, each with its default transfer syntax only: which the request
// wants. The first of `offers` when it does not care.
struct Offer {
  const char* type;
  Form form = Form::single;
};
Result<Offer> choose(const Accept& accept, std::span<const Offer> offers);

}  // namespace lightbox::dicomweb
