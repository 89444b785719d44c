#pragma once

// Index entries as lines that a test can state:
//
//     status available                             token, reference, uri
//     modality http://dcm|CT                       with the system; "|CT" has none
//     modality:text "computed tomography"          the normalised text
//     patient:identifier http://mrn|4711
//     name "muller" "Müller"                       normalised and exact
//     started 2024-06-15T10:30:00.000..2024-06-15T10:30:01.000
//     length 5..5 http://ucum|min minute
//     code-value-quantity http://loinc|1-8 $ http://ucum|kg 70..70 0..0
//     series 1.2.3                                 UID
//     in ImagingStudy: Patient                     a Patient lies in it
//     contained Patient.name "muller" "Müller"     a value of what lies in it

#include <algorithm>
#include <chrono>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "fhir/index.h"

namespace lightbox::fhir {

class Lines {
 public:
  explicit Lines(const ResourceType& type) : type_(type) {}

  std::vector<std::string> of(const IndexEntries& entries) {
    for (const auto& token : entries.tokens) {
      const bool is_mark =
          (token.parameter & 7U) == static_cast<unsigned>(IndexVariant::unsortable);
      if (is_mark) continue;
      const std::string system = token.system ? *token.system + "|" : "";
      add(token.parameter, system + token.code);
    }
    for (const auto& string : entries.strings) {
      const bool is_text = (string.parameter & 7U) == static_cast<unsigned>(IndexVariant::text);
      add(string.parameter, is_text
                                ? fmt::format("\"{}\"", string.normalised)
                                : fmt::format("\"{}\" \"{}\"", string.normalised, string.exact));
    }
    for (const auto& date : entries.dates) {
      add(date.parameter, fmt::format("{}..{}", instant(date.low), instant(date.high)));
    }
    for (const auto& number : entries.numbers) {
      add(number.parameter, fmt::format("{}..{} {}|{} {}", bound(number.low), bound(number.high),
                                        number.system, number.code, number.unit));
    }
    for (const auto& composite : entries.composites) {
      add(composite.parameter,
          fmt::format("{}|{} $ {}|{} {}..{} {}..{}", composite.first_system, composite.first,
                      composite.second_system, composite.second, composite.low, composite.high,
                      composite.low2, composite.high2));
    }
    for (const auto& uid : entries.uids) add(uid.parameter, uid.uid);
    std::ranges::sort(lines_);
    return std::move(lines_);
  }

 private:
  static std::string instant(std::int64_t ms) {
    if (ms == date_min || ms == date_max) return "open";
    return fmt::format("{:%FT%T}.{:03}",
                       std::chrono::sys_seconds(
                           std::chrono::floor<std::chrono::seconds>(std::chrono::milliseconds(ms))),
                       (ms % 1000 + 1000) % 1000);
  }

  static std::string bound(double number) {
    return std::abs(number) > 1e300 ? "open" : fmt::format("{}", number);
  }

  void add(std::uint32_t parameter, std::string_view value) {
    if (const auto of = contained_name(parameter); !of.empty()) {
      const bool is_type = of.find('.') == std::string::npos;
      lines_.push_back(is_type ? fmt::format("in {}: {}", value, of)
                               : fmt::format("contained {} {}", of, value));
      return;
    }
    lines_.push_back(fmt::format("{} {}", name(parameter), value));
  }

  // "Patient.name", or "Patient" for the mark that there is one.
  static std::string contained_name(std::uint32_t parameter) {
    if ((parameter & 7U) != static_cast<unsigned>(IndexVariant::contained)) return {};
    const auto number = static_cast<std::uint16_t>(parameter >> 9U);
    const ResourceType* type = Definitions::r4().resource_type(number);
    if (type == nullptr) return "nothing";
    if (parameter == container_parameter(*type)) return std::string(type->name);
    for (const SearchParameter& known : type->search_parameters) {
      if (known.slot == SearchParameter::no_slot || known.number() != parameter >> 3U) continue;
      return fmt::format("{}.{}", type->name, known.code);
    }
    return "nothing";
  }

  std::string name(std::uint32_t parameter) const {
    constexpr std::array<std::string_view, 7> variants{"",         ":text", ":identifier", "",
                                                       ":of-type", "",      " within"};
    for (const SearchParameter& known : type_.search_parameters) {
      if (known.slot == SearchParameter::no_slot || known.number() != parameter >> 3U) continue;
      return fmt::format("{}{}", known.code, variants.at(parameter & 7U));
    }
    return fmt::format("unknown parameter {}", parameter);
  }

  const ResourceType& type_;
  std::vector<std::string> lines_;
};

// Indexes JSON; the entries of _tag, _profile and so on included.
inline IndexEntries index_json(std::string_view json, const IndexOptions& options = {}) {
  const auto document = parse_json(json);
  if (!document) {
    ADD_FAILURE() << document.error().issues.front().diagnostics;
    return {};
  }
  const ResourceType* type =
      Definitions::r4().resource_type(document->root()->string("resourceType"));
  if (type == nullptr) {
    ADD_FAILURE() << "no resource type";
    return {};
  }
  return index_resource(*type, *document->root(), options);
}

inline std::vector<std::string> lines_of(std::string_view json, const IndexOptions& options = {}) {
  const auto document = parse_json(json);
  if (!document) return {document.error().issues.front().diagnostics};
  const ResourceType& type =
      *Definitions::r4().resource_type(document->root()->string("resourceType"));
  return Lines(type).of(index_resource(type, *document->root(), options));
}

}  // namespace lightbox::fhir
