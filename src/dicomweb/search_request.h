#pragma once

// What a URL of QIDO-RS asks for (PS3.18 8.3.4 and 10.6.1): the query, and the form of its answers.
// Pure.

#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "http/message.h"
#include "query/answer.h"
#include "query/search.h"

namespace lightbox::dicomweb {

// The resource: "" are all studies and all series.
struct SearchResource {
  query::Level level = query::Level::study;
  std::string study_uid = {};
  std::string series_uid = {};
};

struct SearchRequest {
  query::Query query;
  query::AnswerForm form;
  std::string accept;  // the parameter of that name, in place of the field; "": none
  // What was understood in another way than it was meant.
  std::vector<std::string> warnings;
};

// `invalid`, naming the parameter. `base` is that of the retrieve URLs.
Result<SearchRequest> search_request(const SearchResource& resource,
                                     const http::Parameters& parameters, std::string_view base,
                                     const Limits& limits);

}  // namespace lightbox::dicomweb
