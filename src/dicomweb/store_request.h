#pragma once

// What the head of a STOW request says (PS3.18 10.5.1): what comes, and in which form the answer is
// wanted.

#include <string>

#include "base/result.h"
#include "http/message.h"

namespace lightbox::dicomweb {

// Forms of the Store Instances Response.
enum class ResponseFormat : unsigned char { json, xml };
struct ResponseForm {
  ResponseFormat format = ResponseFormat::json;
  const char* content_type = "application/dicom+json";
};

// By all Accept fields; without one JSON. not_acceptable.
Result<ResponseForm> response_form(const http::Request& request);

struct StoreRequest {
  enum class Content : unsigned char {
    instances,  // multipart/related of application/dicom
    instance,   // the body is one application/dicom object
    form,       // multipart/form-data
    metadata,   // multipart/related of application/dicom+json or +xml, and bulk data
  };
  Content content = Content::instances;
  std::string boundary;  // of all but `instance`
};

// unsupported_media_type; `invalid` for a Content-Type that is malformed.
Result<StoreRequest> store_request(const http::Request& request);

}  // namespace lightbox::dicomweb
