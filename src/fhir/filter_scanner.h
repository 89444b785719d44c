#pragma once

// The words of a _filter (R4, search_filter.html#3.2.3.1), and where they stand. Keeps a view of
// the text; for one thread.

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lightbox::fhir {

class FilterScanner {
 public:
  using Place = std::size_t;

  explicit FilterScanner(std::string_view text) : text_(text) {}

  [[nodiscard]] Place place() const { return place_; }
  void go_to(Place place) { place_ = place; }

  void skip_space();
  bool at_end();
  // After white space: that character, or that word with no letter behind it.
  bool take(char wanted);
  bool take_word(std::string_view word);
  // That character, here.
  bool take_next(char wanted);
  // A name here: a letter or _, then letters, digits, - and _. Empty: there is none.
  std::string_view name();
  // A name, or name:name, with a dot behind it, which is taken too; or _has:name:name, with the
  // colon behind it. Empty: there is none here.
  std::string_view step();
  // A JSON string, or all up to white space, ) or ].
  std::expected<std::string, Issue> value();
  // What follows a name and cannot be evaluated, as a sentence; empty: nothing of the kind.
  [[nodiscard]] std::string unsupported_path() const;

  // An error at this place.
  [[nodiscard]] Issue issue(std::string_view code, std::string_view what) const;

 private:
  std::expected<std::string, Issue> json_string();

  std::string_view text_;
  Place place_ = 0;
};

}  // namespace lightbox::fhir
