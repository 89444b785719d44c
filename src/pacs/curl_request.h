#pragma once

// What all requests to a DICOMweb source have in common when libcurl makes them: its connection,
// who we are to it, and where a token must not go.

#include <curl/curl.h>
#include <memory>
#include <span>
#include <string>

#include "pacs/source.h"

namespace lightbox::pacs {

// Before anything else of libcurl; again it is nothing.
void start_curl();

struct FreeCurlFields {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlFields = std::unique_ptr<curl_slist, FreeCurlFields>;

// The fields of a request: these, "Name: value" each, and what the source wants to have with every
// one.
CurlFields curl_fields(const DicomwebAccess& access, std::span<const std::string> fields);

// Time limits, TLS, no redirects. What is left are URL, fields and callbacks. `source`, which is of
// DICOMweb, must outlive the handle.
void set_up_curl(CURL* handle, const SourceOptions& source);

}  // namespace lightbox::pacs
