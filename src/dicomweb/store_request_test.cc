#include "dicomweb/store_request.h"

#include <gtest/gtest.h>

namespace lightbox::dicomweb {
namespace {

http::Request request_of(http::Fields fields) {
  http::Request request;
  request.fields = std::move(fields);
  return request;
}

TEST(StoreRequest, KnowsWhatComes) {
  using Content = StoreRequest::Content;
  struct Case {
    const char* content_type;
    Content content;
    const char* boundary;
  };
  for (const Case& c : {
           Case{"multipart/related; type=\"application/dicom\"; boundary=b", Content::instances,
                "b"},
           Case{"multipart/related;type=application/dicom;boundary=\"b c\"", Content::instances,
                "b c"},
           Case{"multipart/related; boundary=b", Content::instances, "b"},
           Case{"application/dicom", Content::instance, ""},
           Case{"application/dicom; transfer-syntax=1.2.840.10008.1.2.1", Content::instance, ""},
           Case{"multipart/related; type=\"application/dicom+json\"; boundary=b", Content::metadata,
                "b"},
           Case{"multipart/related; type=application/dicom+xml; boundary=b", Content::metadata,
                "b"},
           Case{"multipart/form-data; boundary=----WebKitFormBoundary7MA4", Content::form,
                "----WebKitFormBoundary7MA4"},
       }) {
    const auto request = store_request(request_of({{"Content-Type", c.content_type}}));
    ASSERT_TRUE(request) << c.content_type;
    EXPECT_EQ(request->content, c.content) << c.content_type;
    EXPECT_EQ(request->boundary, c.boundary) << c.content_type;
  }
}

TEST(StoreRequest, RefusesTheRest) {
  const auto kind_of = [](const char* content_type) {
    const auto request = store_request(request_of({{"Content-Type", content_type}}));
    return request ? std::optional<ProblemKind>() : request.error().kind;
  };
  EXPECT_EQ(store_request(request_of({})).error().kind, ProblemKind::unsupported_media_type);
  EXPECT_EQ(kind_of("image/jpeg"), ProblemKind::unsupported_media_type);
  EXPECT_EQ(kind_of("multipart/related; type=image/jpeg; boundary=b"),
            ProblemKind::unsupported_media_type);
  EXPECT_EQ(kind_of("multipart/related; type=application/dicom"), ProblemKind::invalid);
  EXPECT_EQ(kind_of("multipart"), ProblemKind::invalid);
}

TEST(ResponseForm, FollowsAllAcceptFields) {
  const auto type_of = [](http::Fields fields) {
    const auto form = response_form(request_of(std::move(fields)));
    return std::string(form ? form->content_type : "none");
  };
  EXPECT_EQ(type_of({}), "application/dicom+json");
  EXPECT_EQ(type_of({{"Accept", "*/*"}}), "application/dicom+json");
  EXPECT_EQ(type_of({{"Accept", "application/json"}}), "application/json");
  EXPECT_EQ(type_of({{"Accept", "application/dicom+xml"}}), "application/dicom+xml");
  EXPECT_EQ(type_of({{"Accept", "multipart/related; type=\"application/dicom+xml\""}}),
            "application/dicom+xml");
  EXPECT_EQ(type_of({{"Accept", "image/png"}, {"Accept", "text/xml"}}), "text/xml");
  EXPECT_EQ(type_of({{"Accept", "application/dicom+xml;q=0.5, application/dicom+json;q=0.4"}}),
            "application/dicom+xml");
  EXPECT_EQ(type_of({{"Accept", "*/*, application/dicom+json;q=0"}}), "application/json");
  EXPECT_EQ(type_of({{"Accept", "image/png"}}), "none");
}

}  // namespace
}  // namespace lightbox::dicomweb
