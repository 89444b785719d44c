#pragma once

// The parser behind parse_search: takes one parameter of the URL after the other. For one thread.

#include <string>
#include <string_view>

#include "fhir/search.h"
#include "fhir/search_values.h"
#include "fhir/terminology.h"

namespace lightbox::fhir {

class SearchParser {
 public:
  SearchParser(const ResourceType& type, const SearchContext& context, const Limits& limits);

  void add(std::string_view full, std::string_view value);
  // The criterion of a compartment search: /Patient/123/ImagingStudy.
  void add_compartment(const SearchContext::Compartment& compartment);
  Result<SearchQuery> finish() &&;

 private:
  void add_parameter(std::string_view full, std::string_view value);
  // A name of the URL: code:modifier.
  struct Name {
    std::string_view full;
    std::string_view code;
    std::string_view modifier;
  };

  // Parameters that are about the result: true when `name` is one.
  bool add_control(const Name& name, std::string_view value);
  void add_count(std::string_view value);
  void add_sort(std::string_view value);
  void add_sort_key(std::string_view key, std::string_view value);
  // Follows the references of patient.family and leaves `code` with family; nullptr, after an
  // error, when there is a step that cannot be sorted by, else the type that has the parameter.
  const ResourceType* follow_sort(std::string_view& code, std::string_view value, SortKey& key);
  void add_total(std::string_view value);
  // search_result.cc: what else comes with the matches, and how much of each.
  bool add_result_control(const Name& name, std::string_view value);
  void add_summary(std::string_view value);
  void add_elements(std::string_view value);
  void add_include(const Name& name, std::string_view value);
  void add_contained(const Name& name, std::string_view value);
  void add_list(const Name& name, std::string_view value);
  void check_result();
  void check_contained();

  // True when the modifier is :missing.
  bool add_column_missing(const Name& name, std::string_view value, Criterion::Column column);
  void add_id(const Name& name, std::string_view value);
  void add_last_updated(const Name& name, std::string_view value);
  void add_words(const Name& name, std::string_view value);
  void add_filter(std::string_view value);
  void add_chain(std::string_view full, std::string_view value);
  void add_has(std::string_view full, std::string_view value);
  // The criterion that `rest` and the value are on `type`, as an arm of `chain`; what is wrong with
  // it is reported under the name `full`.
  void add_arm(std::string_view full, std::string_view rest, std::string_view value, Chain& chain,
               const SearchParameter& reference, const ResourceType& type);
  void add_chain_criterion(std::string_view full, std::string_view value, Chain chain);
  // True, after an error, when no more references may be followed.
  bool too_long(std::string_view full);
  void add_criterion(const Name& name, const SearchParameter& parameter, std::string_view value);
  // Modifiers that ask what codes mean (search_terminology.cc).
  static bool is_about_meaning(const Name& name, const SearchParameter& parameter);
  void add_meaning(const Name& name, const SearchParameter& parameter, std::string_view value);
  void add_uri_path(const Name& name, const std::string& url, Criterion& criterion);
  void add_codes(const Name& name, std::string_view text, Criterion& criterion);
  // Sets the criterion's modifier, and `context.type`; false, after an error, when it has none
  // such.
  bool set_modifier(const Name& name, const SearchParameter& parameter, Criterion& criterion,
                    ValueContext& context);

  // The alternatives of a value, without empty ones. Counts them against the limit.
  std::vector<std::string_view> alternatives(std::string_view value);
  void use(std::string_view name, std::string_view value);
  void error(std::string_view code, std::string diagnostics);
  // What is not supported: an error when handling is strict, else ignored with a note.
  void ignore(std::string diagnostics);
  [[nodiscard]] std::string known_parameters() const;

  const SearchContext& context_;
  const Limits& limits_;
  SearchQuery query_;
  std::vector<Issue> errors_;
  std::size_t values_ = 0;
  bool has_summary_ = false;
  bool is_false_summary_ = false;
  std::size_t depth_ = 0;  // references that were followed to this type
  bool has_count_ = false;
};

}  // namespace lightbox::fhir
