#include "dicomweb/search_request.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <map>

#include "dicom/part10.h"

namespace lightbox::dicomweb {
namespace {

using query::AttributePath;
using query::Level;
using query::Presence;
using query::Wanted;
namespace tags = query::tags;

constexpr std::size_t shown_bytes_max = 64;

std::string shown(std::string_view text) { return std::string(text.substr(0, shown_bytes_max)); }

Result<std::uint64_t> number_of(std::string_view name, std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size() && !text.empty()) return number;
  return problem(ProblemKind::invalid, "value",
                 fmt::format("{} is '{}'; it must be a whole number", name, shown(text)));
}

Result<bool> flag_of(std::string_view name, std::string_view text) {
  if (text == "true" || text == "false") return text == "true";
  return problem(ProblemKind::invalid, "value",
                 fmt::format("{} is '{}'; it must be true or false", name, shown(text)));
}

std::string_view plural_of(Level level) {
  if (level == Level::series) return "series";
  return level == Level::instance ? "instances" : "studies";
}

// (gggg,0010-00FF) of an odd group: the creator of a block of private attributes.
bool is_creator(dicom::Tag tag) {
  const dicom::Tag element = tag & 0xFFFFU;
  return dicom::is_private(tag) && element >= 0x10 && element <= 0xFF;
}

// Of which level a parameter or an includefield is; what is in a sequence is of the sequence's.
Level level_of(const AttributePath& path) { return query::level_of(path.first()); }

class Reader {
 public:
  Reader(const SearchResource& resource, const Limits& limits)
      : resource_(resource), limits_(limits) {}

  Result<SearchRequest> read(const http::Parameters& parameters, std::string_view base) {
    if (parameters.size() > limits_.search_parameters_max) {
      return problem(ProblemKind::invalid, "too-costly",
                     fmt::format("The search has more than {} parameters (search_parameters_max)",
                                 limits_.search_parameters_max));
    }
    for (const auto& [name, value] : parameters) TRY_DO(take(name, value));
    TRY_DO(add_criteria());
    TRY_DO(add_includes());
    query::combine_dates_and_times(query_.criteria);
    query_.limit = std::min<std::uint64_t>(query_.limit, limits_.dicom_search_results_max);
    // Within a study what is left is soon counted.
    if (!resource_.study_uid.empty()) query_.rest = query::Query::Rest::counted;
    TRY_DO(query::check_bounds(query_));
    return SearchRequest{.query = std::move(query_),
                         .form = form(base),
                         .accept = std::move(accept_),
                         .warnings = std::move(warnings_)};
  }

 private:
  Result<void> take(const std::string& name, const std::string& value) {
    if (name == "limit") {
      TRY(query_.limit, number_of(name, value));
    } else if (name == "offset") {
      TRY(query_.offset, number_of(name, value));
    } else if (name == "fuzzymatching") {
      TRY(options_.is_fuzzy, flag_of(name, value));
    } else if (name == "emptyvaluematching") {
      TRY(options_.has_empty_values, flag_of(name, value));
    } else if (name == "multiplevaluematching") {
      TRY(options_.has_multiple_values, flag_of(name, value));
    } else if (name == "includefield") {
      split_includes(value);
    } else if (name == "accept") {
      accept_ = value;
    } else if (name != "charset") {  // answers are always UTF-8
      TRY(auto path, query::parse_path(name));
      if (std::ranges::find(paths_, path.tags, &AttributePath::tags) != paths_.end()) {
        return problem(ProblemKind::invalid, "value",
                       fmt::format("{} is there more than once", query::text_of(path)));
      }
      paths_.push_back(std::move(path));
      values_.push_back(value);
    }
    return {};
  }

  void split_includes(std::string_view list) {
    while (!list.empty()) {
      const auto end = std::min(list.find(','), list.size());
      if (end > 0) includes_.emplace_back(list.substr(0, end));
      list.remove_prefix(std::min(end + 1, list.size()));
    }
  }

  // The creator that the request names for a private attribute's block (PS3.18 8.3.4.1, 4).
  Result<void> find_creator(AttributePath& path) const {
    const dicom::Tag tag = path.first();
    if (!dicom::is_private(tag)) return {};
    const dicom::Tag block = (tag & 0xFFFF0000U) | (tag >> 8U & 0xFFU);
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      if (paths_[i].first() == block) path.creator = values_[i];
    }
    if (!path.creator.empty()) return {};
    return problem(ProblemKind::invalid, "required",
                   fmt::format("{} is private: the creator of its block must be there, too, as "
                               "{}=NAME",
                               dicom::display_of(tag), dicom::text_of(block)));
  }

  Result<void> add_criteria() {
    options_.has_comma_lists = true;
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      AttributePath& path = paths_[i];
      if (is_creator(path.first()) || path.first() == tags::SpecificCharacterSet) continue;
      if (path.first() == tags::TimezoneOffsetFromUTC) {
        if (!values_[i].empty()) {
          warnings_.emplace_back(
              "TimezoneOffsetFromUTC is not supported: dates and times are compared as they stand");
        }
        continue;
      }
      TRY_DO(find_creator(path));
      TRY_DO(check_level(path));
      TRY(auto criterion, query::parse_criterion(path, values_[i], options_));
      const bool is_counted = query::is_derived(path.first()) &&
                              path.first() != tags::ModalitiesInStudy &&
                              path.first() != tags::SOPClassesInStudy;
      if (is_counted && !criterion.is_universal()) {
        return problem(ProblemKind::invalid, "not-supported",
                       fmt::format("{} is answered, but cannot be searched", query::text_of(path)));
      }
      wanted_.push_back({path.first(), Presence::always, path.creator});
      if (!is_counted) query::add_criterion(std::move(criterion), query_.criteria);
    }
    return {};
  }

  // PS3.18 10.6.1.2.1: attributes of what is below the resource's level are not allowed.
  [[nodiscard]] Result<void> check_level(const AttributePath& path) const {
    const Level level = level_of(path);
    if (level <= resource_.level || query::is_of_every_level(path.first())) return {};
    return problem(
        ProblemKind::invalid, "not-supported",
        fmt::format(
            "{} is an attribute of {}, and {} are searched{}", query::text_of(path),
            plural_of(level), plural_of(resource_.level),
            path.first() == tags::Modality ? ": ModalitiesInStudy is that of studies" : ""));
  }

  // What is of a lower level is not answered (PS3.18 10.6.3.3).
  Result<void> add_includes() {
    for (const std::string& include : includes_) {
      if (include == "all") {
        has_all_ = true;
        continue;
      }
      TRY(auto path, query::parse_path(include));
      if (level_of(path) > resource_.level && !query::is_of_every_level(path.first())) continue;
      TRY_DO(find_creator(path));
      wanted_.push_back({path.first(), Presence::always, path.creator});
    }
    return {};
  }

  query::AnswerForm form(std::string_view base) {
    const bool is_relational = resource_.study_uid.empty();
    const bool has_study = is_relational;
    const bool has_series = resource_.series_uid.empty() && resource_.level == Level::instance;
    for (Wanted& wanted : query::required_attributes(resource_.level, has_study, has_series)) {
      wanted_.push_back(std::move(wanted));
    }
    const Level all_from =
        resource_.level == Level::series && is_relational ? Level::study : resource_.level;
    return query::AnswerForm(std::move(wanted_), {.level = resource_.level,
                                                  .has_all = has_all_,
                                                  .all_from = all_from,
                                                  .retrieve_base = std::string(base)});
  }

  const SearchResource& resource_;
  const Limits& limits_;
  query::Query query_{.level = resource_.level,
                      .study_uid = resource_.study_uid,
                      .series_uid = resource_.series_uid};
  query::MatchingOptions options_;
  std::vector<AttributePath> paths_;
  std::vector<std::string> values_;
  std::vector<std::string> includes_;
  std::vector<Wanted> wanted_;
  std::vector<std::string> warnings_;
  std::string accept_;
  bool has_all_ = false;
};

Result<void> check_uid(std::string_view uid) {
  if (uid.empty() || dicom::is_uid(uid, dicom::UidRule::lenient)) return {};
  return problem(
      ProblemKind::invalid, "value",
      fmt::format("'{}' in the URL is no UID: digits and dots, 64 characters at most", shown(uid)));
}

}  // namespace

Result<SearchRequest> search_request(const SearchResource& resource,
                                     const http::Parameters& parameters, std::string_view base,
                                     const Limits& limits) {
  TRY_DO(check_uid(resource.study_uid));
  TRY_DO(check_uid(resource.series_uid));
  return Reader(resource, limits).read(parameters, base);
}

}  // namespace lightbox::dicomweb
