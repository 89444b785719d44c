#include "query/criterion.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

#include "dicom/json_members.h"
#include "dicom/part10.h"
#include "query/level.h"
#include "query/name.h"

namespace lightbox::query {
namespace {

using dicom::Tag;
using dicom::Vr;
using Kind = Criterion::Kind;

constexpr std::size_t shown_bytes_max = 64;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = std::min(text.find_first_of(separators), text.size());
    parts.push_back(trimmed(text.substr(0, end)));
    if (end == text.size()) return parts;
    text.remove_prefix(end + 1);
  }
}

bool has_wildcard(std::string_view text) { return text.find_first_of("*?") != text.npos; }

// PS3.4 C.2.2.2.4: these may have wildcards.
bool is_pattern_vr(Vr vr) {
  constexpr std::array vrs = {Vr::AE, Vr::AS, Vr::CS, Vr::LO, Vr::LT,
                              Vr::SH, Vr::ST, Vr::UC, Vr::UR, Vr::UT};
  return std::ranges::find(vrs, vr) != vrs.end();
}

bool is_number_vr(Vr vr) {
  constexpr std::array vrs = {Vr::DS, Vr::IS, Vr::FD, Vr::FL, Vr::SL,
                              Vr::SS, Vr::SV, Vr::UL, Vr::US, Vr::UV};
  return std::ranges::find(vrs, vr) != vrs.end();
}

std::optional<MomentKind> moment_kind_of(Vr vr) {
  if (vr == Vr::DA) return MomentKind::date;
  if (vr == Vr::TM) return MomentKind::time;
  if (vr == Vr::DT) return MomentKind::date_time;
  return std::nullopt;
}

std::optional<double> number_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Problem wrong(const AttributePath& path, std::string_view value, std::string_view expected) {
  return problem(ProblemKind::invalid, "value",
                 fmt::format("{} is '{}'; it must be {}", text_of(path),
                             value.substr(0, shown_bytes_max), expected));
}

std::string_view expectation_of(MomentKind kind) {
  switch (kind) {
    case MomentKind::date:
      return "a date YYYYMMDD or a range of such: A-B, A- or -B";
    case MomentKind::time:
      return "a time HHMMSS.FFFFFF, perhaps shorter, or a range of such: A-B, A- or -B";
    case MomentKind::date_time:
      return "a date-time YYYYMMDDHHMMSS.FFFFFF&ZZXX, perhaps shorter, or a range of such";
  }
  return "";
}

// Whether one value of those that are divided by backslashes is what is asked for.
template <typename Predicate>
bool any_value(Vr vr, std::string_view values, Predicate predicate) {
  if (!dicom::is_multi_valued_text(vr) && dicom::is_text(vr)) return predicate(trimmed(values));
  while (true) {
    const auto end = std::min(values.find('\\'), values.size());
    if (predicate(trimmed(values.substr(0, end)))) return true;
    if (end == values.size()) return false;
    values.remove_prefix(end + 1);
  }
}

Result<void> fill_uids(const AttributePath& path, std::string_view value,
                       const MatchingOptions& options, Criterion& criterion) {
  criterion.kind = Kind::uid;
  for (const std::string_view uid : split(value, options.has_comma_lists ? ",\\" : "\\")) {
    if (!dicom::is_uid(uid, dicom::UidRule::lenient)) {
      return wrong(path, value, "a UID or a list of such, without wildcards");
    }
    criterion.values.emplace_back(uid);
  }
  return {};
}

// Of a name as of other text: each value that is asked for.
void fill_names(const std::vector<std::string_view>& values, const MatchingOptions& options,
                Criterion& criterion) {
  criterion.kind = options.is_fuzzy ? Kind::fuzzy_name : Kind::name;
  for (const std::string_view value : values) {
    std::string folded = folded_name(value);
    if (!options.is_fuzzy) {
      criterion.values.push_back(std::move(folded));
      continue;
    }
    std::ranges::replace_if(folded, [](char c) { return c == '*' || c == '?'; }, ' ');
    for (std::string& word : words_of_name(folded)) criterion.values.push_back(std::move(word));
  }
  if (criterion.values.empty()) criterion.kind = Kind::universal;
}

// The leaf's own kind and values.
Result<void> fill(const AttributePath& path, std::string_view value, const MatchingOptions& options,
                  Criterion& criterion) {
  value = trimmed(value);
  if (value.empty()) return {};
  const Vr vr = criterion.vr;
  if (options.has_empty_values && value == "\"\"") {
    criterion.kind = Kind::empty;
    return {};
  }
  if (vr == Vr::SQ) return wrong(path, value, "empty, as it is a sequence: ask for what is in it");
  if (vr == Vr::UI) return fill_uids(path, value, options, criterion);
  if (const auto kind = moment_kind_of(vr)) {
    const auto range = range_of(*kind, value);
    if (!range) return wrong(path, value, expectation_of(*kind));
    criterion.kind = Kind::moment;
    criterion.moment = *kind;
    criterion.range = *range;
    return {};
  }
  // Modalities have always been given as lists.
  const bool is_list = options.has_multiple_values || (vr == Vr::CS && options.has_comma_lists);
  auto values = is_list ? split(value, vr == Vr::CS && options.has_comma_lists ? ",\\" : "\\")
                        : std::vector{value};
  if (std::ranges::any_of(values, [](std::string_view one) { return one == "*"; })) return {};
  if (vr == Vr::PN) {
    fill_names(values, options, criterion);
    return {};
  }
  if (is_number_vr(vr)) {
    criterion.kind = Kind::number;
    for (const std::string_view one : values) {
      if (!number_of(one)) return wrong(path, value, "a number");
    }
  } else if (is_pattern_vr(vr) || vr == Vr::UN || vr == Vr::AT) {
    criterion.kind = Kind::text;
  } else {
    return wrong(path, value,
                 fmt::format("left out, as the VR {} cannot be matched", dicom::name_of(vr)));
  }
  criterion.values.assign(values.begin(), values.end());
  return {};
}

// The tag that a private attribute has in this data set: its creator may have another block there.
Tag tag_in(const Criterion& criterion, std::string_view json) {
  if (criterion.creator.empty()) return criterion.tag;
  const Tag group = criterion.tag & 0xFFFF0000U;
  dicom::JsonMembers members(json);
  while (const auto member = members.next()) {
    const Tag block = member->tag & 0xFFFFU;
    if ((member->tag & 0xFFFF0000U) != group || block < 0x10 || block > 0xFF) continue;
    if (trimmed(dicom::values_of(*member)) == criterion.creator) {
      return group | block << 8U | (criterion.tag & 0xFFU);
    }
  }
  return criterion.tag;
}

std::string values_in(std::string_view json, Tag tag) {
  const auto member = dicom::find_member(json, tag);
  return member ? dicom::values_of(*member) : std::string();
}

bool matches_item(const Criterion& sequence, std::string_view item) {
  return std::ranges::all_of(sequence.items, [&](const Criterion& criterion) {
    return matches_data_set(criterion, item);
  });
}

}  // namespace

bool Criterion::is_universal() const {
  if (kind == Kind::sequence) return std::ranges::all_of(items, &Criterion::is_universal);
  return kind == Kind::universal;
}

std::string_view Criterion::exact() const {
  if ((kind != Kind::text && kind != Kind::uid) || values.size() != 1) return {};
  return has_wildcard(values[0]) ? std::string_view() : std::string_view(values[0]);
}

Result<Criterion> parse_criterion(const AttributePath& path, std::string_view value,
                                  const MatchingOptions& options) {
  Criterion leaf{.tag = path.tags.back(), .vr = vr_of(path.tags.back())};
  if (path.tags.size() == 1) leaf.creator = path.creator;
  TRY_DO(fill(path, value, options, leaf));
  for (auto at = path.tags.rbegin() + 1; at != path.tags.rend(); ++at) {
    Criterion around{.tag = *at, .vr = Vr::SQ, .kind = Kind::sequence};
    around.items.push_back(std::move(leaf));
    leaf = std::move(around);
  }
  return leaf;
}

void add_criterion(Criterion criterion, std::vector<Criterion>& criteria) {
  const auto same = std::ranges::find_if(criteria, [&](const Criterion& other) {
    return other.kind == Kind::sequence && criterion.kind == Kind::sequence &&
           other.tag == criterion.tag;
  });
  if (same == criteria.end()) {
    criteria.push_back(std::move(criterion));
    return;
  }
  for (Criterion& item : criterion.items) add_criterion(std::move(item), same->items);
}

void combine_dates_and_times(std::vector<Criterion>& criteria) {
  constexpr std::array<std::pair<Tag, Tag>, 6> pairs = {
      {{tags::StudyDate, tags::StudyTime},
       {0x00080021, 0x00080031},  // series
       {0x00080022, 0x00080032},  // acquisition
       {0x00080023, 0x00080033},  // content
       {tags::PerformedProcedureStepStartDate, tags::PerformedProcedureStepStartTime},
       {0x00400250, 0x00400251}}};  // its end
  const auto find = [&](Tag tag) {
    return std::ranges::find_if(criteria, [&](const Criterion& criterion) {
      return criterion.tag == tag && criterion.kind == Kind::moment && criterion.range.is_range;
    });
  };
  for (const auto& [date_tag, time_tag] : pairs) {
    const auto date = find(date_tag);
    const auto time = find(time_tag);
    if (date == criteria.end() || time == criteria.end()) continue;
    Interval& days = date->range.interval;
    const Interval& times = time->range.interval;
    if (days.low != INT64_MIN && times.low != INT64_MIN) days.low += times.low;
    if (days.high != INT64_MAX && times.high != INT64_MAX) days.high += times.high - day_us;
    date->kind = Kind::date_time;
    date->time_tag = time_tag;
    criteria.erase(time);
  }
}

bool matches(const Criterion& criterion, std::string_view values) {
  const auto is_one_of = [&](std::string_view value) {
    return std::ranges::find(criterion.values, value) != criterion.values.end();
  };
  switch (criterion.kind) {
    case Kind::universal:
      return true;
    case Kind::empty:
      return trimmed(values).empty();
    case Kind::text:
      return any_value(criterion.vr, values, [&](std::string_view value) {
        return std::ranges::any_of(criterion.values, [&](const std::string& pattern) {
          return matches_pattern(pattern, value);
        });
      });
    case Kind::uid:
      return any_value(criterion.vr, values, is_one_of);
    case Kind::number:
      return any_value(criterion.vr, values, [&](std::string_view value) {
        const auto number = number_of(value);
        return number && std::ranges::any_of(criterion.values, [&](const std::string& wanted) {
                 return number_of(wanted) == number;
               });
      });
    case Kind::moment:
      return any_value(criterion.vr, values, [&](std::string_view value) {
        const auto interval = interval_of(criterion.moment, value);
        return interval && criterion.range.interval.has(interval->low);
      });
    case Kind::name: {
      const std::string folded = folded_name(values);
      return std::ranges::any_of(criterion.values,
                                 [&](const std::string& key) { return matches_name(key, folded); });
    }
    case Kind::fuzzy_name:
      return matches_fuzzily(criterion.values, folded_name(values));
    case Kind::date_time:
    case Kind::sequence:
      return false;
  }
  return false;
}

bool matches_date_time(const Criterion& criterion, std::string_view date, std::string_view time) {
  const auto day = interval_of_date(date);
  if (!day) return false;
  const Interval& wanted = criterion.range.interval;
  const auto moment = interval_of_time(time);
  // Without a time it may have been any of its day.
  if (!moment) return day->low < wanted.high && wanted.low < day->high;
  return wanted.has(day->low + moment->low);
}

bool matches_data_set(const Criterion& criterion, std::string_view json) {
  if (criterion.is_universal()) return true;
  if (criterion.kind == Kind::date_time) {
    return matches_date_time(criterion, values_in(json, criterion.tag),
                             values_in(json, criterion.time_tag));
  }
  if (criterion.kind == Kind::sequence) {
    const auto member = dicom::find_member(json, criterion.tag);
    if (!member) return matches_item(criterion, "{}");
    const auto items = dicom::items_of(*member);
    if (items.empty()) return matches_item(criterion, "{}");
    return std::ranges::any_of(
        items, [&](std::string_view item) { return matches_item(criterion, item); });
  }
  const auto member = dicom::find_member(json, tag_in(criterion, json));
  if (member && criterion.kind == Kind::empty) return !member->has_content();
  return matches(criterion, member ? dicom::values_of(*member) : std::string());
}

}  // namespace lightbox::query
