#include "ingest/mapping_reading.h"

#include <algorithm>
#include <fmt/format.h>

#include "ingest/mapping_attribute.h"
#include "ingest/mapping_values.h"

namespace lightbox::ingest {
namespace {

constexpr std::size_t problems_max = 100;  // of one resource
constexpr std::size_t differing_max = 3;   // of one attribute

std::string_view uid_of(const AttributeSet* set) {
  return set == nullptr ? std::string_view{} : set->instance->sop_instance_uid;
}

}  // namespace

Reading::Reading(const StudyFacts::Impl& study_facts, const MappingRules& mapping_rules,
                 Explain explain, Mapped& mapped)
    : study(study_facts),
      rules(mapping_rules),
      sets(study_facts.sets),
      mapped_(mapped),
      explain_(explain) {}

void Reading::write(Level level, std::string_view path) {
  path_ = path;
  const auto& rows = rows_of(level);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool continues = i > 0 && rows[i - 1]->element == rows[i]->element;
    if (!continues) {
      values_ = 0;
      items_.clear();
    }
    write(*rows[i], i);
    const bool goes_on = i + 1 < rows.size() && rows[i + 1]->element == rows[i]->element;
    if (!goes_on && values_ > 0 && rows[i]->cardinality == Cardinality::list)
      mapped_.json.push_back(']');
  }
}

void Reading::write(const Row& row, std::size_t number) {
  row_ = &row;
  row_number_ = number;
  added_ = 0;
  row.rule(row, *this);
}

void Reading::add(std::string_view json, dicom::Tag tag, const AttributeSet* set) {
  if (json.empty()) return;
  const bool is_list = row_->cardinality == Cardinality::list;
  if (!is_list && values_ > 0) return;
  if (is_list && !items_.emplace(json).second) return;
  if (values_ == 0) {
    if (mapped_.json.back() != '{') mapped_.json.push_back(',');
    mapped_.json.append("\"").append(row_->member()).append("\":");
    if (is_list) mapped_.json.push_back('[');
  } else {
    mapped_.json.push_back(',');
  }
  mapped_.json.append(json);
  if (explain_ == Explain::yes) explain(tag, set, json);
  ++values_;
  ++added_;
}

void Reading::explain(dicom::Tag tag, const AttributeSet* set, std::string_view json) {
  if (row_->level == Level::instance) {
    if (explained_series_ != series) explained_rows_ = 0;
    explained_series_ = series;
    const std::uint64_t bit = std::uint64_t{1} << row_number_;
    if ((explained_rows_ & bit) != 0) return;
    explained_rows_ |= bit;
  }
  Explanation& explanation = mapped_.explanations.emplace_back();
  explanation.element = fmt::format("{}.{}", path_, row_->member());
  if (row_->cardinality == Cardinality::list) explanation.element += fmt::format("[{}]", values_);
  if (tag != 0) explanation.attribute = name_of_attribute(tag);
  if (set != nullptr) explanation.value = value_text(*set->data, tag);
  // UIDs, titles and what is counted are not among the attributes.
  if (explanation.value.empty()) {
    explanation.value = json.starts_with('"') ? json.substr(1, json.size() - 2) : json;
  }
  explanation.sop_instance_uid = uid_of(set);
  if (instance != nullptr) explanation.sop_instance_uid = instance->sop_instance_uid;
}

void Reading::also(dicom::Tag tag, const AttributeSet& set) {
  if (explain_ == Explain::no || added_ == 0) return;
  Explanation explanation = mapped_.explanations.back();
  explanation.attribute = name_of_attribute(tag);
  explanation.value = value_text(*set.data, tag);
  explanation.sop_instance_uid = uid_of(&set);
  mapped_.explanations.push_back(std::move(explanation));
}

std::string Reading::text(const AttributeSet& set, dicom::Tag tag) {
  std::string joined;
  for (const std::string& text : set.data->texts(tag)) {
    if (!joined.empty()) joined.push_back('\\');
    joined += text;
  }
  CleanText clean = clean_text(joined);
  if (!clean.fault.empty()) problem(set, tag, clean.fault);
  return std::move(clean.text);
}

std::string_view Reading::first(const AttributeSet& set, dicom::Tag tag) {
  return trimmed(set.data->first(tag));
}

void Reading::problem(const AttributeSet& set, dicom::Tag tag, std::string_view diagnostics) {
  const std::string value = clean_text(value_text(*set.data, tag)).text;
  problem(uid_of(&set), fmt::format("{} '{}' {}", name_of_attribute(tag), value, diagnostics));
}

void Reading::problem(std::string_view sop_instance_uid, std::string diagnostics) {
  std::string element = fmt::format("{}.{}", path_, row_->member());
  if (!problems_.insert(element + '\n' + diagnostics).second) return;
  if (mapped_.problems.size() >= problems_max) {
    ++problems_left_out_;
    return;
  }
  mapped_.problems.push_back({.element = std::move(element),
                              .sop_instance_uid = std::string(sop_instance_uid),
                              .diagnostics = std::move(diagnostics)});
}

void Reading::list_differences(Level level, std::string_view path,
                               std::span<const AttributeSet> among) {
  if (among.size() < 2) return;
  path_ = path;
  for (const Row* row : rows_of(level)) {
    if (row->differing == Differing::allowed) continue;
    row_ = row;
    for (const dicom::Tag tag : row->attributes) list_differences(tag, among);
  }
}

void Reading::list_differences(dicom::Tag tag, std::span<const AttributeSet> among) {
  const AttributeSet* counts = nullptr;
  std::vector<const AttributeSet*> differing;
  for (const AttributeSet& set : among) {
    if (!has_value(*set.data, tag)) continue;
    if (counts == nullptr) counts = &set;
    if (same_value(*counts->data, *set.data, tag)) continue;
    const bool is_listed = std::ranges::any_of(differing, [&](const AttributeSet* other) {
      return same_value(*other->data, *set.data, tag);
    });
    if (is_listed) continue;
    differing.push_back(&set);
    problem(set, tag,
            fmt::format("contradicts '{}' in {}, which counts",
                        clean_text(value_text(*counts->data, tag)).text, uid_of(counts)));
    if (differing.size() == differing_max) return;
  }
}

void Reading::end() {
  if (problems_left_out_ == 0) return;
  mapped_.problems.push_back(
      {.element = {},
       .sop_instance_uid = {},
       .diagnostics = fmt::format("{} more problems are not listed", problems_left_out_)});
}

}  // namespace lightbox::ingest
