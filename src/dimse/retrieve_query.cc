#include "dimse/retrieve_query.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>

#include "dicom/part10.h"

namespace lightbox::dimse {
namespace {

using dicom::DataSet;
using dicom::Element;
using dicom::Tag;
using query::Level;
namespace tags = query::tags;

constexpr std::array unique_keys = {tags::PatientID, tags::StudyInstanceUID,
                                    tags::SeriesInstanceUID, tags::SOPInstanceUID};

Status refusal(Tag tag, std::string comment) {
  return {.code = status_code::data_set_does_not_match,
          .comment = std::move(comment),
          .offending = {tag}};
}

std::vector<std::string> values_of(const DataSet& identifier, Tag tag) {
  const Element* element = identifier.find(tag);
  if (element == nullptr || element->value.empty()) return {};
  return dicom::texts_of(*element, identifier.character_set);
}

// What a key at the level of the retrieval, and above, must be.
std::optional<Status> check(Tag key, const std::vector<std::string>& values, bool is_list) {
  const std::string name = dicom::display_of(key);
  if (values.size() > 1 && !is_list) return refusal(key, name + " must have one value");
  for (const std::string& value : values) {
    const bool is_right = key == tags::PatientID
                              ? !value.empty() && value.find_first_of("*?") == value.npos
                              : dicom::is_uid(value, dicom::UidRule::lenient);
    if (is_right) continue;
    return refusal(key, key == tags::PatientID ? name + " must have no wildcards"
                                               : fmt::format("{} is '{}', no UID", name, value));
  }
  return std::nullopt;
}

// What says nothing of which instances are meant.
bool is_ignored(Tag tag) {
  return tag == tags::QueryRetrieveLevel || tag == tags::SpecificCharacterSet ||
         tag % 0x10000 == 0 || query::is_of_every_level(tag);
}

class Parser {
 public:
  Parser(const DataSet& identifier, QueryModel model, const FindOptions& options)
      : identifier_(identifier), model_(model), options_(options) {}

  std::expected<query::Query, Status> parse() {
    const auto level = level_of(identifier_, model_);
    if (!level) return std::unexpected(level.error());
    level_ = *level;
    if (auto refused = take_unique_keys()) return std::unexpected(std::move(*refused));
    if (auto refused = take_others()) return std::unexpected(std::move(*refused));
    return std::move(query_);
  }

 private:
  std::optional<Status> take_unique_keys() {
    const Level top = model_ == QueryModel::patient_root ? Level::patient : Level::study;
    for (Level level = top; level <= level_;
         level = static_cast<Level>(static_cast<int>(level) + 1)) {
      const Tag key = unique_keys[static_cast<std::size_t>(level)];
      const auto values = values_of(identifier_, key);
      const bool is_own = level == level_;
      if (values.empty() && (is_own || !options_.is_relational)) {
        return refusal(key, dicom::display_of(key) + " is missing");
      }
      if (auto refused = check(key, values, is_own && level != Level::patient)) return refused;
      if (auto refused = add(key, values)) return refused;
    }
    return std::nullopt;
  }

  std::optional<Status> take_others() {
    for (const Element& element : identifier_.elements) {
      const Tag tag = element.tag;
      const auto unique = std::ranges::find(unique_keys, tag);
      const bool is_of_patient = tag == tags::PatientID || tag == tags::IssuerOfPatientID;
      if (is_ignored(tag) || (element.value.empty() && element.items.empty())) continue;
      if (unique != unique_keys.end() && query::level_of(tag) <= level_ &&
          (tag != tags::PatientID || model_ == QueryModel::patient_root)) {
        continue;  // taken already
      }
      if (!is_of_patient) {
        return refusal(tag, dicom::display_of(tag) + " is no unique key of this level or above");
      }
      const auto values = values_of(identifier_, tag);
      if (auto refused = check(tags::PatientID, values, false)) return refused;
      if (auto refused = add(tag, values)) return refused;
    }
    return std::nullopt;
  }

  std::optional<Status> add(Tag tag, const std::vector<std::string>& values) {
    if (values.empty()) return std::nullopt;
    const query::MatchingOptions matching{.has_multiple_values = true};
    auto criterion = query::parse_criterion({.tags = {tag}},
                                            fmt::format("{}", fmt::join(values, "\\")), matching);
    if (!criterion) return refusal(tag, criterion.error().issues.front().diagnostics);
    query::add_criterion(std::move(*criterion), query_.criteria);
    return std::nullopt;
  }

  const DataSet& identifier_;
  QueryModel model_;
  const FindOptions& options_;
  Level level_ = Level::study;
  query::Query query_{.level = Level::instance, .metadata = query::Query::Metadata::left_out};
};

}  // namespace

std::expected<query::Query, Status> parse_retrieve(const DataSet& identifier, QueryModel model,
                                                   const FindOptions& options) {
  return Parser(identifier, model, options).parse();
}

}  // namespace lightbox::dimse
