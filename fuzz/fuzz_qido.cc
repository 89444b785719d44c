// A query of QIDO-RS is taken or refused; what it asks for is compared with any DICOM JSON.

#include <string>

#include "dicomweb/search_request.h"
#include "query/name.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace lightbox;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  const auto parameters = http::decode_form(text.substr(0, end));
  if (!parameters) return 0;
  const std::string json(text.substr(std::min(end + 1, text.size())));
  for (const auto level : {query::Level::study, query::Level::series, query::Level::instance}) {
    for (const char* study : {"", "1.2"}) {
      const auto request = dicomweb::search_request({.level = level, .study_uid = study},
                                                    *parameters, "http://x", Limits{});
      if (!request) continue;
      for (const auto& criterion : request->query.criteria) {
        (void)query::matches_data_set(criterion, json);
      }
      const store::StudyAnswer answer{
          .content = json, .modalities = json, .sop_classes = json, .series = 1, .instances = 1};
      const store::SeriesAnswer series{.series = 1, .uid = "1", .content = json};
      const store::InstanceAnswer instance{.instance = 1,
                                           .uid = "1",
                                           .sop_class = "1",
                                           .transfer_syntax = "1",
                                           .number = std::nullopt};
      std::string out;
      request->form.append({.study = &answer,
                            .series = level == query::Level::study ? nullptr : &series,
                            .instance = level == query::Level::instance ? &instance : nullptr,
                            .metadata = json,
                            .series_instances = 1},
                           out);
    }
  }
  return 0;
}
