#include "pacs/url_replacer.h"

#include <gtest/gtest.h>

namespace lightbox::pacs {
namespace {

constexpr const char* wado = "http://pacs:8042/dicom-web";
constexpr const char* own = "https://lightbox/dicomweb";

UrlReplacer make() { return {{"http://pacs:8042/dicom-web", "http://pacs:8042/q"}, wado, own}; }

struct Case {
  const char* name;
  std::string text;
  std::string replaced;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"nothing", "", ""},
      {"no URL", R"({"00080018":{"vr":"UI","Value":["1.2"]}})",
       R"({"00080018":{"vr":"UI","Value":["1.2"]}})"},
      {"anywhere", "a http://pacs:8042/dicom-web/studies/1 b http://pacs:8042/dicom-web c",
       "a https://lightbox/dicomweb/studies/1 b https://lightbox/dicomweb c"},
      {"alone", wado, own},
      {"one after the other", "http://pacs:8042/dicom-web/http://pacs:8042/dicom-web?a",
       "https://lightbox/dicomweb/https://lightbox/dicomweb?a"},
      {"of searches", R"("http://pacs:8042/q/studies/1")",
       R"("https://lightbox/dicomweb/studies/1")"},
      {"escaped", R"("http:\/\/pacs:8042\/dicom-web\/studies\/1")",
       R"("https:\/\/lightbox\/dicomweb\/studies\/1")"},
      {"another path",
       "http://pacs:8042/dicom-web2/a http://pacs:8042/dicom-web.old http://pacs:8042/dicom",
       "http://pacs:8042/dicom-web2/a http://pacs:8042/dicom-web.old http://pacs:8042/dicom"},
      {"another host", "http://pacs:80/dicom-web/studies/1", "http://pacs:80/dicom-web/studies/1"},
      {"cut off", "http://pacs:8042/dicom-we", "http://pacs:8042/dicom-we"},
      {"a scheme", "http httphttp://pacs:8042/dicom-web/ htt",
       "http httphttps://lightbox/dicomweb/ htt"},
      {"bulk data at another host",
       R"({"7FE00010":{"vr":"OW","BulkDataURI" : "https://p.example.org/dicom-web/studies/1/b"}})",
       R"({"7FE00010":{"vr":"OW","BulkDataURI" : "https://lightbox/dicomweb/studies/1/b"}})"},
      {"bulk data at another host, escaped",
       R"({"BulkDataURI":"http:\/\/10.0.0.1:80\/dicom-web\/studies\/1"})",
       R"({"BulkDataURI":"https:\/\/lightbox\/dicomweb\/studies\/1"})"},
      {"bulk data in XML", R"(<BulkData uri="http://[::1]:80/dicom-web/studies/1"/>)",
       R"(<BulkData uri="https://lightbox/dicomweb/studies/1"/>)"},
      {"bulk data elsewhere", R"({"BulkDataURI":"https://other/wado/studies/1"})",
       R"({"BulkDataURI":"https://other/wado/studies/1"})"},
      {"bulk data, not of a study", R"({"BulkDataURI":"https://other/dicom-web/bulk/1"})",
       R"({"BulkDataURI":"https://other/dicom-web/bulk/1"})"},
      {"another member", R"({"Value":["https://other/dicom-web/studies/1"]})",
       R"({"Value":["https://other/dicom-web/studies/1"]})"},
  };
  return all;
}

TEST(UrlReplacer, WholeTexts) {
  for (const Case& c : cases()) EXPECT_EQ(make().replaced(c.text), c.replaced) << c.name;
}

TEST(UrlReplacer, TextsInTwoPiecesHoweverTheyAreCut) {
  for (const Case& c : cases()) {
    for (std::size_t at = 0; at <= c.text.size(); ++at) {
      UrlReplacer replacer = make();
      std::string out;
      replacer.write(std::string_view(c.text).substr(0, at), out);
      replacer.write(std::string_view(c.text).substr(at), out);
      replacer.finish(out);
      EXPECT_EQ(out, c.replaced) << c.name << " " << at;
    }
  }
}

TEST(UrlReplacer, TextsInSmallPieces) {
  for (const std::size_t step : {1, 2, 3, 7}) {
    UrlReplacer replacer = make();
    for (const Case& c : cases()) {
      std::string out;
      for (std::size_t at = 0; at < c.text.size(); at += step) {
        replacer.write(std::string_view(c.text).substr(at, step), out);
      }
      replacer.finish(out);
      EXPECT_EQ(out, c.replaced) << c.name << " " << step;
    }
  }
}

// A URL may be long before it is decided, but not without end.
TEST(UrlReplacer, LittleIsKept) {
  UrlReplacer replacer = make();
  std::string out;
  replacer.write("\"BulkDataURI\":\"http://", out);
  const std::size_t before = out.size();
  const std::string host(1000, 'a');
  replacer.write(host, out);
  EXPECT_EQ(out.size(), before + 7 + host.size());
}

TEST(UrlReplacer, TheLongerBaseCounts) {
  UrlReplacer replacer({"http://a", "http://a/b"}, "http://a", "http://own");
  EXPECT_EQ(replacer.replaced("http://a/b/studies http://a/c http://ab http://a:80/"),
            "http://own/studies http://own/c http://ab http://a:80/");
}

}  // namespace
}  // namespace lightbox::pacs
