#pragma once

// Code systems and value sets (R4, terminology-module.html): what is known of them, whether a code
// is in one, the codes of one, and how two codes stand to each other. What is built in comes from
// definitions/terminology.tsv; what clients stored comes through a callback, and goes first.
//
// No I/O of its own and no state: Terminology is safe from any thread when its callback is.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "fhir/json.h"

namespace lightbox::fhir {

struct Concept {
  std::string_view code;
  std::string_view display;
  std::string_view definition;
  std::vector<std::uint32_t> parents;  // places in CodeSystem::concepts
  bool is_abstract = false;            // not for use as a code itself
  bool is_inactive = false;
  const Json* json = nullptr;  // CodeSystem.concept: designations, properties; nullptr: built in
};

// Immutable once made. Views are of the embedded file or of `document`.
struct CodeSystem {
  std::string_view url;
  std::string_view version;
  std::string_view name;
  std::string_view title;
  std::string_view content;  // complete, fragment, example, …: only `complete` says what is no code
  bool is_case_sensitive = true;
  std::vector<Concept> concepts;
  std::unordered_map<std::string, std::uint32_t> by_code;  // folded when case does not count
  JsonDocument document;

  // A code as by_code has it.
  [[nodiscard]] std::string key(std::string_view code) const;
  [[nodiscard]] bool is_complete() const { return content == "complete"; }
  [[nodiscard]] const Concept* find(std::string_view code) const;
  // Whether `ancestor` is `code` itself or above it.
  [[nodiscard]] bool subsumes(const Concept& ancestor, const Concept& descendant) const;
  // The concept itself and all below it, or all above it, in the system's order.
  [[nodiscard]] std::vector<const Concept*> descendants(const Concept& of) const;
  [[nodiscard]] std::vector<const Concept*> ancestors(const Concept& of) const;
};

// ValueSet.compose.
struct ValueSetFilter {
  std::string_view property;
  std::string_view op;
  std::string_view value;
};
struct ValueSetCode {
  std::string_view code;
  std::string_view display;
  const Json* json = nullptr;
};
struct ValueSetPart {  // an include or exclude
  std::string_view system;
  std::string_view version;
  std::vector<ValueSetCode> codes;
  std::vector<ValueSetFilter> filters;
  std::vector<std::string_view> imports;
};
struct ValueSetContent {
  std::string_view url;
  std::string_view version;
  std::string_view name;
  std::string_view title;
  bool has_inactive = true;  // ValueSet.compose.inactive
  std::vector<ValueSetPart> includes;
  std::vector<ValueSetPart> excludes;
  // A stored expansion counts only when there is no compose.
  const Json* expansion = nullptr;
  JsonDocument document;
};

struct ExpandedCode {
  std::string system;
  std::string version;
  std::string code;
  std::string display;
  bool is_abstract = false;
  bool is_inactive = false;
  std::vector<std::string> designations;  // JSON objects
};

struct ExpansionFilter {
  std::string text;  // each of its words is in the display, or begins the code; case does not count
  bool active_only = false;
};

// system|code, as a search or an expansion names it.
struct SystemCode {
  std::string system;
  std::string code;
};

class Terminology {
 public:
  enum class Kind : std::uint8_t { code_system, value_set };
  // The JSON of a stored CodeSystem or ValueSet with this url; of this version, or the newest when
  // it is empty. nullopt: none is stored.
  using FindStored = std::function<Result<std::optional<std::string>>(
      Kind kind, std::string_view url, std::string_view version)>;

  // Without a callback only what is built in is known.
  explicit Terminology(FindStored find_stored = {}, const Limits& limits = {});

  // not_found for what is not known. `canonical` may end in |version.
  using CodeSystemPointer = std::shared_ptr<const CodeSystem>;
  using ValueSetPointer = std::shared_ptr<const ValueSetContent>;
  [[nodiscard]] Result<CodeSystemPointer> code_system(std::string_view canonical) const;
  [[nodiscard]] Result<ValueSetPointer> value_set(std::string_view canonical) const;

  // All codes, in the order of compose, each once. unprocessable, with the code
  //   too-costly     more than limits.expansion_codes_max codes
  //   not-found      it needs a code system or value set that is not known
  //   not-supported  it has a filter that cannot be evaluated, or needs all of a system of which
  //                  only a part is known
  //   processing     value sets that import each other in a circle
  [[nodiscard]] Result<std::vector<ExpandedCode>> expand(const ValueSetContent& value_set,
                                                         const ExpansionFilter& filter = {}) const;

  // The code as it is in the value set; nullopt: it is not. `system` may be empty when the value
  // set has the code of one system only. Fails like expand; a system too large to list is no
  // hindrance.
  [[nodiscard]] Result<std::optional<ExpandedCode>> find_in(const ValueSetContent& value_set,
                                                            std::string_view system,
                                                            std::string_view code) const;

  // For the search modifiers :in, :above and :below: at most `codes_max` codes, else `invalid`,
  // too-costly. `invalid` also for what is not known.
  [[nodiscard]] Result<std::vector<SystemCode>> codes_in(std::string_view value_set,
                                                         std::size_t codes_max) const;
  enum class Direction : std::uint8_t { above, below };
  [[nodiscard]] Result<std::vector<SystemCode>> related(std::string_view system,
                                                        std::string_view code, Direction direction,
                                                        std::size_t codes_max) const;

 private:
  FindStored find_stored_;
  Limits limits_;
};

// From resources that have been validated; the document moves in.
[[nodiscard]] std::shared_ptr<const CodeSystem> read_code_system(JsonDocument document);
[[nodiscard]] std::shared_ptr<const ValueSetContent> read_value_set(JsonDocument document);

// The value[x] of a concept's property or designation entry as text; empty when there is none.
[[nodiscard]] std::string_view property_value(const Json& property);

// What is built in; nullptr when it is not. With a version, only that one.
[[nodiscard]] std::shared_ptr<const CodeSystem> built_in_code_system(std::string_view url,
                                                                     std::string_view version);
[[nodiscard]] std::shared_ptr<const ValueSetContent> built_in_value_set(std::string_view url,
                                                                        std::string_view version);

}  // namespace lightbox::fhir
