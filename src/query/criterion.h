#pragma once

// What a query asks of an attribute (PS3.4 C.2.2.2), and whether the values of an attribute match.
// Values are as a data set has them, in UTF-8, separated by backslashes. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dicom/tag.h"
#include "dicom/vr.h"
#include "query/moment.h"

namespace lightbox::query {

// Where an attribute is: in the items of the sequences before it. A private one names the creator
// of its block (PS3.5 7.8.1).
struct AttributePath {
  std::vector<dicom::Tag> tags;  // never empty
  std::string creator = {};

  [[nodiscard]] dicom::Tag first() const { return tags.front(); }
};

// Tags and keywords, divided by dots: "OtherPatientIDsSequence.00100020". `invalid`.
Result<AttributePath> parse_path(std::string_view text);
[[nodiscard]] std::string text_of(const AttributePath& path);
// By the dictionary; UN for what it does not know.
[[nodiscard]] dicom::Vr vr_of(dicom::Tag tag);

struct MatchingOptions {
  bool is_fuzzy = false;             // of names: PS3.4 C.2.2.2.1.1
  bool has_empty_values = false;     // "" asks for no value: C.2.2.2.7
  bool has_multiple_values = false;  // values divided by backslashes: C.2.2.2.8
  bool has_comma_lists = false;      // of UIDs, as in URLs: PS3.18 8.3.4.1
};

struct Criterion {
  enum class Kind : std::uint8_t {
    universal,
    empty,       // no value
    text,        // one of `values`, which may have wildcards
    name,        // one of `values`, folded
    fuzzy_name,  // each of `values`, folded words
    uid,         // one of `values`
    number,      // one of `values`
    moment,      // `range`
    date_time,   // `range` of the date `tag` with the time `time_tag` (C.2.2.2.5.1)
    sequence,    // an item for all `items`
  };
  dicom::Tag tag = 0;
  std::string creator = {};
  dicom::Vr vr = dicom::Vr::UN;
  Kind kind = Kind::universal;
  std::vector<std::string> values = {};
  MomentKind moment = MomentKind::date;
  Range range = {};
  dicom::Tag time_tag = 0;
  std::vector<Criterion> items = {};

  [[nodiscard]] bool is_universal() const;
  // The one value without wildcards that it asks for; "" when there is no such.
  [[nodiscard]] std::string_view exact() const;
};

// `invalid`: the value is none of its VR, or the VR cannot be matched.
Result<Criterion> parse_criterion(const AttributePath& path, std::string_view value,
                                  const MatchingOptions& options);
// Adds it to those before; one of an item joins those of the same sequence.
void add_criterion(Criterion criterion, std::vector<Criterion>& criteria);
// Ranges of a date and of the time that goes with it become one range.
void combine_dates_and_times(std::vector<Criterion>& criteria);

// Of all kinds but `sequence` and `date_time`.
[[nodiscard]] bool matches(const Criterion& criterion, std::string_view values);
[[nodiscard]] bool matches_date_time(const Criterion& criterion, std::string_view date,
                                     std::string_view time);

// Whether a data set in DICOM JSON (dicom/json_members.h) matches.
[[nodiscard]] bool matches_data_set(const Criterion& criterion, std::string_view json);

}  // namespace lightbox::query
