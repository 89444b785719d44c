#include "pacs/change_feed.h"

#include <algorithm>
#include <fmt/format.h>
#include <simdjson.h>

#include "pacs/text_body.h"

namespace lightbox::pacs {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t page_size = 200;

template <typename T>
T member(const dom::element& object, std::string_view name, T otherwise) {
  T value{};
  return object[name].get(value) == simdjson::SUCCESS ? value : otherwise;
}

Problem wrong(const std::string& url) {
  return problem(ProblemKind::invalid, fmt::format("{} is not a list of changes", url));
}

// As an archive names its studies: no part of a URL that leads elsewhere.
bool is_plain(std::string_view id) {
  return !id.empty() &&
         std::ranges::all_of(id, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; });
}

}  // namespace

Result<std::string> ChangeFeed::get(const std::string& url) {
  TextBody body(environment_.limits.body_bytes_max);
  TRY_DO(at_pace(
      environment_.pace, environment_.source.retries_max,
      [&] { return client_.get(url, "application/json", body); },
      [this] { return client_.retry_after_ms(); }));
  return body.text();
}

Result<std::int64_t> ChangeFeed::newest() {
  const std::string url =
      std::get<DicomwebAccess>(environment_.source.access).changes_url + "?last";
  TRY(const std::string text, get(url));
  dom::parser parser;
  dom::element answer;
  if (parser.parse(text).get(answer) != simdjson::SUCCESS) return wrong(url);
  const auto place = member<std::int64_t>(answer, "Last", -1);
  if (place < 0) return wrong(url);
  return place;
}

Result<Changes> ChangeFeed::after(std::int64_t place) {
  const std::string& base = std::get<DicomwebAccess>(environment_.source.access).changes_url;
  const std::string url = fmt::format("{}?since={}&limit={}", base, place, page_size);
  TRY(const std::string text, get(url));
  dom::parser parser;
  dom::element answer;
  dom::array changes;
  if (parser.parse(text).get(answer) != simdjson::SUCCESS ||
      answer["Changes"].get(changes) != simdjson::SUCCESS) {
    return wrong(url);
  }
  Changes found{.study_uids = {},
                .place = member<std::int64_t>(answer, "Last", place),
                .is_end = member<bool>(answer, "Done", true)};
  std::set<std::string> ids;
  for (const dom::element change : changes) {
    const auto type = member<std::string_view>(change, "ChangeType", "");
    if (type != "NewStudy" && type != "StableStudy") continue;
    const auto id = member<std::string_view>(change, "ID", "");
    if (is_plain(id)) ids.emplace(id);
  }
  const std::string studies = base.substr(0, base.rfind('/')) + "/studies/";
  for (const std::string& id : ids) {
    auto study = get(studies + id);
    if (!study && study.error().kind == ProblemKind::not_found) continue;  // deleted since
    if (!study) return std::move(study).error();
    dom::element tags;
    if (parser.parse(*study).get(answer) != simdjson::SUCCESS ||
        answer["MainDicomTags"].get(tags) != simdjson::SUCCESS) {
      return wrong(studies + id);
    }
    found.study_uids.emplace(member<std::string_view>(tags, "StudyInstanceUID", ""));
  }
  return found;
}

}  // namespace lightbox::pacs
