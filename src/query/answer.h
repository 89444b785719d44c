#pragma once

// What is answered of a match: DICOM JSON of the attributes that a query asks for, those that every
// answer has (PS3.18 tables 10.6.3-3 to -5), and those that are counted and gathered. It is written
// from what the index keeps, which is not parsed for it. Pure.

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "dicom/vr.h"
#include "query/search.h"

namespace lightbox::query {

enum class Presence : std::uint8_t {
  if_known,
  always,  // without a value when there is none
};
struct Wanted {
  dicom::Tag tag = 0;
  Presence presence = Presence::if_known;
  std::string creator = {};  // of a private one
  // Filled by the form: of which level it is, when it is not derived, and how its member begins,
  // "00080056":{"vr":"CS"
  Level level = Level::instance;
  bool is_derived = false;
  std::array<char, 21> beginning = {};
};

class AnswerForm {
 public:
  // With everything that there is at the levels of `all_from` to the query's, when `has_all`.
  struct Options {
    Level level = Level::study;
    bool has_all = false;
    Level all_from = Level::study;   // the uppermost level of which everything is wanted
    std::string retrieve_base = {};  // "http://localhost:8080/dicomweb"; "": no RetrieveURL
  };
  AnswerForm(std::vector<Wanted> wanted, Options options);

  // Appends one object.
  void append(const Match& match, std::string& out) const;

 private:
  std::vector<Wanted> wanted_;   // in the order of tags
  std::vector<Wanted> private_;  // with creators
  Options options_;
};

// What every answer has, of a resource at this level. `has_study`, `has_series`: with the
// attributes of what is above, since the resource does not say which that is.
[[nodiscard]] std::vector<Wanted> required_attributes(Level level, bool has_study, bool has_series);

}  // namespace lightbox::query
