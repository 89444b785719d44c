#include "ingest/study_facts.h"

#include <algorithm>
#include <tuple>

#include "fhir/resource.h"
#include "ingest/mapping_codes.h"
#include "ingest/mapping_tags.h"
#include "ingest/mapping_values.h"
#include "ingest/rejection.h"

namespace lightbox::ingest {
namespace {

// Numbers in their order, then those without.
auto number_key(const std::optional<std::int64_t>& number) {
  return std::pair(!number.has_value(), number.value_or(0));
}

bool comes_before(const InstanceRow* left, const InstanceRow* right) {
  return std::tuple(number_key(left->number), std::string_view(left->sop_instance_uid)) <
         std::tuple(number_key(right->number), std::string_view(right->sop_instance_uid));
}

auto shown_key(const SeriesFacts& series) {
  return std::tuple(number_key(series.number), series.uid);
}

int rank_of(const SeriesFacts& series) {
  const auto known = find_modality(series.modality);
  if (!known) return 1;  // a private one, or none
  return known->is_acquisition ? 0 : 2;
}

// What is left of a study of which all is rejected: it should never have existed only when every
// note says so.
std::string_view rejected_status(const std::vector<std::string_view>& codes) {
  const bool all_in_error = std::ranges::all_of(codes, [](std::string_view code) {
    return find_rejection(code).value_or("cancelled") == "entered-in-error";
  });
  return all_in_error ? "entered-in-error" : "cancelled";
}

// The first instance of each of the sets that these instances have.
class SetCollector {
 public:
  explicit SetCollector(const StudyFacts::Impl& impl)
      : impl_(impl), collected_by_(impl.parsed.size(), 0) {}

  void collect(const std::vector<const InstanceRow*>& instances, std::vector<AttributeSet>& into) {
    for (const InstanceRow* row : instances) {
      if (collected_by_[row->attributes] == turn_) continue;
      collected_by_[row->attributes] = turn_;
      into.push_back({.data = &impl_.parsed[row->attributes].data_set(), .instance = row});
    }
  }
  void start_again() { ++turn_; }

 private:
  const StudyFacts::Impl& impl_;
  std::vector<std::size_t> collected_by_;
  std::size_t turn_ = 1;
};

// By series, each in order.
std::vector<SeriesFacts> group(std::vector<const InstanceRow*> instances,
                               const StudyFacts::Impl& impl) {
  std::ranges::sort(instances, [](const InstanceRow* left, const InstanceRow* right) {
    if (left->series_uid != right->series_uid) return left->series_uid < right->series_uid;
    return comes_before(left, right);
  });
  std::vector<SeriesFacts> all;
  SetCollector collector(impl);
  for (auto at = instances.begin(); at != instances.end();) {
    const auto end = std::find_if(
        at, instances.end(), [&](const auto* row) { return row->series_uid != (*at)->series_uid; });
    SeriesFacts& series = all.emplace_back();
    series.uid = (*at)->series_uid;
    series.instances.assign(at, end);
    collector.start_again();
    collector.collect(series.instances, series.sets);
    for (const AttributeSet& set : series.sets) {
      if (!series.number) series.number = number_of(*set.data, tags::SeriesNumber);
      if (series.modality.empty()) series.modality = trimmed(set.data->first(tags::Modality));
    }
    at = end;
  }
  return all;
}

void order(StudyFacts::Impl& impl, std::vector<SeriesFacts> series) {
  std::ranges::sort(series, [](const SeriesFacts& left, const SeriesFacts& right) {
    return std::tuple(rank_of(left), shown_key(left)) <
           std::tuple(rank_of(right), shown_key(right));
  });
  SetCollector collector(impl);
  for (const SeriesFacts& one : series) collector.collect(one.instances, impl.sets);
  std::ranges::sort(series, {}, shown_key);
  impl.series = std::move(series);
}

}  // namespace

Result<StudyFacts> StudyFacts::of(const store::StudyRows& rows) {
  auto impl = std::make_unique<Impl>();
  impl->uid = rows.uid;
  impl->rows = rows.instances;
  const Limits limits;
  impl->parsed.reserve(rows.attributes.size());
  for (const std::string& attributes : rows.attributes) {
    TRY(auto parsed, dicom::ParsedJson::parse(attributes, limits));
    impl->parsed.push_back(std::move(parsed));
  }
  if (rows.instances.empty() && !rows.told.empty()) {
    const store::SourceStudy& told = rows.told.front();
    TRY(auto parsed, dicom::ParsedJson::parse(told.attributes, limits));
    impl->parsed.push_back(std::move(parsed));
    impl->told_by.emplace().source = told.source;
    impl->sets.push_back({.data = &impl->parsed.back().data_set(), .instance = &*impl->told_by});
    impl->status = "registered";
    return StudyFacts(std::move(impl));
  }
  std::vector<const InstanceRow*> accepted;
  std::vector<const InstanceRow*> rejected;
  std::vector<std::string_view> codes;
  for (const InstanceRow& row : impl->rows) {
    if (row.attributes >= impl->parsed.size()) {
      return problem(ProblemKind::internal, "an instance of study " + rows.uid +
                                                " refers to attributes that are not there");
    }
    if (!fhir::is_id(row.series_uid) || !fhir::is_id(row.sop_instance_uid)) {
      impl->without_id.push_back(&row);
      continue;
    }
    std::string_view code = row.rejection;
    // A rejection note is not to be shown itself (IHE RAD TF-2 4.66).
    if (code.empty()) {
      code = rejection_code(row.sop_class_uid, impl->parsed[row.attributes].data_set());
    }
    (code.empty() ? accepted : rejected).push_back(&row);
    if (!code.empty()) codes.push_back(code);
  }
  if (!accepted.empty()) {
    impl->status = "available";
    order(*impl, group(std::move(accepted), *impl));
  } else if (!rejected.empty()) {
    impl->status = rejected_status(codes);
    order(*impl, group(std::move(rejected), *impl));
    impl->series.clear();
  } else {
    impl->status = "registered";
  }
  return StudyFacts(std::move(impl));
}

StudyFacts::StudyFacts(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StudyFacts::StudyFacts(StudyFacts&&) noexcept = default;
StudyFacts& StudyFacts::operator=(StudyFacts&&) noexcept = default;
StudyFacts::~StudyFacts() = default;

}  // namespace lightbox::ingest
