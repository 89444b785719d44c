#include "dimse/find_query.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dicom/json.h"
#include "dimse/encoder.h"
#include "dimse/negotiation.h"

namespace lightbox::dimse {
namespace {

using dicom::DataSet;
using dicom::Element;
using dicom::Tag;
using dicom::Vr;
using query::Level;
namespace tags = query::tags;

FindRefusal refusal(Tag tag, std::string comment) {
  return {.code = status_code::data_set_does_not_match,
          .comment = std::move(comment),
          .offending = {tag}};
}

// The values of a key as a criterion takes them.
std::string value_of(const DataSet& data, const Element& element) {
  if (!dicom::is_text(element.vr)) {
    const auto number = data.integer(element.tag);
    return number ? std::to_string(*number) : std::string();
  }
  if (element.value.empty()) return {};
  return fmt::format("{}", fmt::join(dicom::texts_of(element, data.character_set), "\\"));
}

Tag unique_key_of(Level level) {
  constexpr std::array keys = {tags::PatientID, tags::StudyInstanceUID, tags::SeriesInstanceUID,
                               tags::SOPInstanceUID};
  return keys[static_cast<std::size_t>(level)];
}

// Of which level a key is in the model: without patients, they are of the studies.
Level level_of(Tag tag, QueryModel model) {
  const Level level = query::level_of(tag);
  return level == Level::patient && model == QueryModel::study_root ? Level::study : level;
}

class Parser {
 public:
  Parser(const DataSet& identifier, QueryModel model, const FindOptions& options)
      : identifier_(identifier), model_(model), options_(options) {
    matching_.is_fuzzy = options.has_fuzzy_names;
    matching_.has_multiple_values = true;
  }

  std::expected<FindQuery, FindRefusal> parse() {
    const auto level = dimse::level_of(identifier_, model_);
    if (!level) return std::unexpected(level.error());
    level_ = *level;
    if (auto missing = missing_key()) return std::unexpected(std::move(*missing));
    for (const Element& element : identifier_.elements) {
      if (auto refused = take(element)) return std::unexpected(std::move(*refused));
    }
    return finish();
  }

 private:
  // PS3.4 C.4.1.2.1: a hierarchical query names what is above by its unique key.
  [[nodiscard]] std::optional<FindRefusal> missing_key() const {
    if (options_.is_relational) return std::nullopt;
    const Level top = model_ == QueryModel::patient_root ? Level::patient : Level::study;
    for (Level above = top; above < level_;
         above = static_cast<Level>(static_cast<int>(above) + 1)) {
      const Tag key = unique_key_of(above);
      const std::string_view value = identifier_.first(key);
      if (!value.empty() && value.find_first_of("*?\\") == value.npos) continue;
      return refusal(key, fmt::format("{} must have one value: the query is not relational",
                                      dicom::display_of(key)));
    }
    return std::nullopt;
  }

  std::optional<FindRefusal> take(const Element& element) {
    const Tag tag = element.tag;
    if (tag == tags::QueryRetrieveLevel || tag == tags::SpecificCharacterSet ||
        tag % 0x10000 == 0) {
      return std::nullopt;
    }
    if (tag == tags::TimezoneOffsetFromUTC && !element.value.empty()) {
      has_unsupported_ = true;  // times are compared as they stand
      return std::nullopt;
    }
    FindQuery::Key key{.tag = tag, .items = {}};
    if (level_of(tag, model_) > level_ && !query::is_of_every_level(tag)) {
      has_unsupported_ = true;
      return std::nullopt;
    }
    if (element.vr == Vr::SQ) {
      if (element.items.size() > 1) return refusal(tag, "A key sequence has one item");
      for (const DataSet& item : element.items) {
        if (auto refused = take_item(tag, item, key)) return refused;
      }
    } else if (auto refused = add({tag}, value_of(identifier_, element))) {
      return refused;
    }
    wanted_.push_back({tag, query::Presence::always});
    keys_.push_back(std::move(key));
    return std::nullopt;
  }

  std::optional<FindRefusal> take_item(Tag sequence, const DataSet& item, FindQuery::Key& key) {
    for (const Element& element : item.elements) {
      key.items.push_back(element.tag);
      // What is deeper is answered, and not compared.
      if (element.vr == Vr::SQ) continue;
      if (auto refused = add({sequence, element.tag}, value_of(item, element))) return refused;
    }
    return std::nullopt;
  }

  std::optional<FindRefusal> add(std::vector<Tag> path, const std::string& value) {
    const Tag tag = path.front();
    auto criterion = query::parse_criterion({.tags = std::move(path)}, value, matching_);
    if (!criterion) return refusal(tag, criterion.error().issues.front().diagnostics);
    if (criterion->is_universal()) return std::nullopt;
    if ((query::is_derived(tag) && tag != tags::ModalitiesInStudy &&
         tag != tags::SOPClassesInStudy) ||
        dicom::is_private(tag)) {
      has_unsupported_ = true;
      return std::nullopt;
    }
    query::add_criterion(std::move(*criterion), criteria_);
    return std::nullopt;
  }

  FindQuery finish() {
    const Level searched = std::max(level_, Level::study);
    if (options_.has_combined_date_times) query::combine_dates_and_times(criteria_);
    query::Query query{.level = searched, .study_uid = {}, .series_uid = {}, .criteria = {}};
    query.criteria = std::move(criteria_);
    // PS3.4 C.2.2.1.3: what is not supported is as if it asked for everything.
    if (query::drop_unsearchable(query)) has_unsupported_ = true;
    // For the RetrieveURL and the like there is no base here; patients are told apart by these.
    auto wanted = wanted_;
    if (level_ == Level::patient) {
      wanted.push_back({tags::PatientID, query::Presence::always});
      wanted.push_back({tags::IssuerOfPatientID, query::Presence::if_known});
    }
    return {.level = level_,
            .query = std::move(query),
            .form = query::AnswerForm(std::move(wanted), {.level = searched}),
            .keys = std::move(keys_),
            .has_unsupported = has_unsupported_};
  }

  const DataSet& identifier_;
  QueryModel model_;
  const FindOptions& options_;
  query::MatchingOptions matching_;
  Level level_ = Level::study;
  std::vector<query::Criterion> criteria_;
  std::vector<query::Wanted> wanted_;
  std::vector<FindQuery::Key> keys_;
  bool has_unsupported_ = false;
};

class IdentifierWriter {
 public:
  explicit IdentifierWriter(Encoder::Vrs vrs) : vrs_(vrs) {}

  std::string write(const DataSet& data, const std::vector<Tag>* only) const {
    Encoder encoder(vrs_);
    for (const Element& element : data.elements) {
      const bool is_wanted =
          only == nullptr || std::ranges::find(*only, element.tag) != only->end();
      if (is_wanted) write(element, nullptr, encoder);
    }
    return encoder.bytes();
  }

  void write(const Element& element, const std::vector<Tag>* only, Encoder& encoder) const {
    if (element.vr == Vr::SQ) {
      std::vector<std::string> items;
      for (const DataSet& item : element.items) items.push_back(write(item, only));
      encoder.sequence(element.tag, items);
      return;
    }
    // What is longer than a length of 16 bits tells is no key's value.
    constexpr std::size_t value_bytes_max = 0xFFFE;
    const std::string_view value =
        element.value.size() > value_bytes_max ? std::string_view() : element.value;
    const bool has_nul = element.vr == Vr::UI || !dicom::is_text(element.vr);
    encoder.raw(element.tag, dicom::name_of(element.vr),
                Encoder::padded(value, has_nul ? '\0' : ' '));
  }

 private:
  Encoder::Vrs vrs_;
};

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

std::expected<query::Level, Status> level_of(const DataSet& identifier, QueryModel model) {
  const std::string_view name = identifier.first(tags::QueryRetrieveLevel);
  for (const Level level : {Level::patient, Level::study, Level::series, Level::instance}) {
    const bool is_of_model = level != Level::patient || model == QueryModel::patient_root;
    if (is_of_model && name == query::name_of(level)) return level;
  }
  return std::unexpected(
      refusal(tags::QueryRetrieveLevel, fmt::format("Query/Retrieve Level is '{}'", name)));
}

std::expected<FindQuery, FindRefusal> parse_find(const DataSet& identifier, QueryModel model,
                                                 const FindOptions& options) {
  return Parser(identifier, model, options).parse();
}

Result<std::string> encode_answer(const FindQuery& query, std::string_view json,
                                  const AnswerContext& context) {
  TRY(const auto parsed, dicom::ParsedJson::parse(json, context.limits));
  const auto vrs = context.transfer_syntax == uid::implicit_little_endian ? Encoder::Vrs::implicit
                                                                          : Encoder::Vrs::explicit_;
  const IdentifierWriter writer(vrs);
  Encoder encoder(vrs);
  std::vector<const Element*> elements;
  for (const Element& element : parsed.data_set().elements) {
    const bool is_wanted =
        std::ranges::find(query.keys, element.tag, &FindQuery::Key::tag) != query.keys.end();
    if (is_wanted) elements.push_back(&element);
  }
  const Element character_set{.tag = tags::SpecificCharacterSet,
                              .vr = Vr::CS,
                              .value = "ISO_IR 192",
                              .items = {},
                              .bulk = {}};
  const Element level{.tag = tags::QueryRetrieveLevel,
                      .vr = Vr::CS,
                      .value = query::name_of(query.level),
                      .items = {},
                      .bulk = {}};
  const Element title{.tag = tags::RetrieveAETitle,
                      .vr = Vr::AE,
                      .value = context.retrieve_ae_title,
                      .items = {},
                      .bulk = {}};
  if (!is_ascii(json)) elements.push_back(&character_set);
  for (const Element* element : {&level, &title}) {
    const auto same = std::ranges::find(elements, element->tag, &Element::tag);
    if (same == elements.end()) {
      elements.push_back(element);
    } else {
      *same = element;
    }
  }
  std::ranges::sort(elements, {}, &Element::tag);
  for (const Element* element : elements) {
    const auto key = std::ranges::find(query.keys, element->tag, &FindQuery::Key::tag);
    const bool has_items = key != query.keys.end() && !key->items.empty();
    writer.write(*element, has_items ? &key->items : nullptr, encoder);
  }
  return encoder.bytes();
}

}  // namespace lightbox::dimse
