#include "dicomweb/accept.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lightbox::dicomweb {
namespace {

Result<Accept> accept_of(const std::vector<std::string>& fields, std::string query = "") {
  http::Request request;
  request.query = std::move(query);
  for (const std::string& field : fields) request.fields.emplace_back("Accept", field);
  return Accept::of(request);
}

// "type form transfer-syntax" of each.
std::vector<std::string> all(const std::vector<std::string>& fields, std::string query = "") {
  const auto accept = accept_of(fields, std::move(query));
  std::vector<std::string> texts;
  if (!accept) return {"invalid"};
  for (const Acceptable& one : accept->all()) {
    const char* form = one.is_any_form ? "any" : one.is_multipart ? "multipart" : "single";
    texts.push_back(one.type + ' ' + form + ' ' + one.transfer_syntax);
  }
  return texts;
}

TEST(Accept, HoweverItIsWritten) {
  using ::testing::ElementsAre;
  EXPECT_THAT(all({}), ElementsAre("*/* any "));
  EXPECT_THAT(all({""}), ElementsAre("*/* any "));
  for (const char* text :
       {R"(multipart/related; type="application/octet-stream"; transfer-syntax=*)",
        R"(multipart/related; type=application/octet-stream; transfer-syntax="*")",
        R"(multipart/related;transfer-syntax=*;type="APPLICATION/octet-stream")",
        R"(Multipart/Related; type="application/octet-stream; transfer-syntax=*")",
        R"(multipart/related; type="application/octet-stream"; boundary=x; transfer-syntax=*;)"}) {
    EXPECT_THAT(all({text}), ElementsAre("application/octet-stream multipart *")) << text;
  }
  EXPECT_THAT(all({"image/jpeg;q=0.5, image/png", "*/*;q=0.1"}),
              ElementsAre("image/png single ", "image/jpeg single ", "*/* any "));
  EXPECT_THAT(all({"application/dicom; transfer-syntax=1.2.840.10008.1.2.4.90"}),
              ElementsAre("application/dicom single 1.2.840.10008.1.2.4.90"));
  EXPECT_THAT(all({"multipart/related"}), ElementsAre("*/* multipart "));
  EXPECT_THAT(all({"nonsense"}), ElementsAre());
}

TEST(Accept, TheQueryGoesBeforeTheFields) {
  using ::testing::ElementsAre;
  EXPECT_THAT(all({"image/png"}, "accept=image/jpeg"), ElementsAre("image/jpeg single "));
  EXPECT_THAT(all({}, "accept=application/dicom%2Bjson"),
              ElementsAre("application/dicom+json single "));
  EXPECT_THAT(all({}, "accept=application/dicom+json&viewport=1,1"),
              ElementsAre("application/dicom+json single "));
  EXPECT_THAT(all({}, "accept=image/jpeg&accept=image/png;q=0.1"),
              ElementsAre("image/jpeg single ", "image/png single "));
  EXPECT_THAT(all({}, "accept=%G"), ElementsAre("invalid"));
}

TEST(Accept, WhatIsChosen) {
  const std::vector<Offer> offers = {{"application/dicom+json", Form::single},
                                     {"application/dicom+xml", Form::multipart},
                                     {"application/json", Form::single}};
  const auto chosen = [&](const std::string& field) {
    const auto accept = accept_of({field});
    const auto offer = choose(*accept, offers);
    return offer ? std::string(offer->type) : "refused";
  };
  EXPECT_EQ(chosen(""), "application/dicom+json");
  EXPECT_EQ(chosen("*/*"), "application/dicom+json");
  EXPECT_EQ(chosen("application/*"), "application/dicom+json");
  EXPECT_EQ(chosen("application/json"), "application/json");
  EXPECT_EQ(chosen("application/dicom+xml"), "refused");
  EXPECT_EQ(chosen("multipart/related; type=application/dicom+xml"), "application/dicom+xml");
  EXPECT_EQ(chosen("image/png, application/json;q=0.1"), "application/json");
  EXPECT_EQ(chosen("application/dicom+json;q=0, */*"), "application/dicom+xml");
  EXPECT_EQ(chosen("*/*;q=0.5, application/json"), "application/json");
  EXPECT_EQ(chosen("text/html"), "refused");
  EXPECT_EQ(chosen("application/json;q=0"), "refused");
  const auto problem = choose(*accept_of({"text/html"}), offers).error();
  EXPECT_EQ(problem.kind, ProblemKind::not_acceptable);
  EXPECT_EQ(problem.issues[0].diagnostics,
            "The answer can be application/dicom+json or multipart/related; "
            "type=\"application/dicom+xml\" or application/json; Accept is 'text/html'");
}

}  // namespace
}  // namespace lightbox::dicomweb
