#include "fhir/index.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <mutex>

#include "fhir/full_text.h"
#include "fhir/index_contained.h"
#include "fhir/index_program.h"
#include "fhir/index_values.h"

namespace lightbox::fhir {
namespace {

// Collects the entries of one resource.
class Indexer {
 public:
  enum class Fragments : std::uint8_t { leave, keep };

  // References "#x" are looked up in `container`, which may be the resource itself.
  Indexer(const IndexProgram& program, const Json& resource, const Json& container,
          const IndexOptions& options, Fragments fragments)
      : program_(program),
        resource_(resource),
        container_(container),
        options_(options),
        fragments_(fragments) {}

  IndexEntries run() && {
    program_.tree.walk(resource_, container_, [this](std::uint16_t action, const Json& value) {
      add(program_.actions[action], value);
    });
    for (const IndexAction& action : program_.actions) {
      if (action.kind == ValueKind::not_false) add_existence(action);
    }
    finish();
    return std::move(entries_);
  }

 private:
  void add(const IndexAction& action, const Json& value) {
    if (action.type == SearchType::composite) return add_composite(action, value);
    entries_.present |= action.present;
    switch (action.type) {
      case SearchType::token:
        if (action.kind == ValueKind::not_false) {
          if (!(value.is(Json::Kind::boolean) && value.text == "false")) exists_ |= action.present;
        } else if (action.is_uid) {
          add_uid(action, value);
        } else {
          add_token(action, value);
        }
        break;
      case SearchType::string:
        add_string(action, value);
        break;
      case SearchType::date:
        add_date(action, value);
        break;
      case SearchType::number:
      case SearchType::quantity:
        add_number(action, value);
        break;
      case SearchType::uri:
      case SearchType::reference:
        add_reference(action, value);
        break;
      case SearchType::composite:
      case SearchType::special:
        break;
    }
  }

  // The element that a composite starts at may be the resource itself: it is there when all its
  // parts are.
  void add_composite(const IndexAction& action, const Json& value) {
    auto& composites = entries_.composites;
    const std::size_t before = composites.size();
    program_.composites[action.composite].add(action.parameter, value, resource_, options_,
                                              composites);
    if (composites.size() > before) entries_.present |= action.present;
  }

  void push_token(std::uint32_t parameter, std::optional<std::string_view> system,
                  std::string_view code) {
    // Thousands of instances of a study have one SOP class: the same token over and over.
    if (!entries_.tokens.empty()) {
      const TokenEntry& last = entries_.tokens.back();
      if (last.parameter == parameter && last.code == code && last.system == system) return;
    }
    TokenEntry& entry = entries_.tokens.emplace_back();
    entry.parameter = parameter;
    if (system) entry.system.emplace(*system);
    entry.code = code;
  }

  void push_string(std::uint32_t parameter, std::string_view text) {
    entries_.strings.push_back({parameter, normalise(text), std::string(text), edge_none});
  }

  void add_token(const IndexAction& action, const Json& value) {
    for_each_token(action.kind, value,
                   [&](std::optional<std::string_view> system, std::string_view code) {
                     if (action.folds_case) {
                       push_token(action.parameter, system, normalise(code));
                     } else {
                       push_token(action.parameter, system, code);
                     }
                   });
    for_each_token_text(action.kind, value, [&](std::string_view text) {
      push_string(action.parameter | static_cast<std::uint32_t>(IndexVariant::text), text);
    });
    if (action.kind != ValueKind::identifier) return;
    for_each_of_type(value, [&](std::string_view text) {
      push_token(action.parameter | static_cast<std::uint32_t>(IndexVariant::of_type), std::nullopt,
                 text);
    });
  }

  void add_uid(const IndexAction& action, const Json& value) {
    const std::string_view uid = strip_uid(primitive_text(value));
    if (!uid.empty()) entries_.uids.push_back({action.parameter, std::string(uid)});
  }

  void add_string(const IndexAction& action, const Json& value) {
    for_each_string(action.kind, value,
                    [&](std::string_view text) { push_string(action.parameter, text); });
  }

  void add_date(const IndexAction& action, const Json& value) {
    const auto date = date_value(action.kind, value, options_.zone_offset_minutes);
    if (date) entries_.dates.push_back({action.parameter, date->low, date->high, edge_none});
  }

  void add_number(const IndexAction& action, const Json& value) {
    const auto number = number_value(action.kind, value);
    if (!number) return;
    entries_.numbers.push_back({action.parameter, number->low, number->high,
                                std::string(number->system), std::string(number->code),
                                std::string(number->unit), edge_none});
  }

  void add_reference(const IndexAction& action, const Json& value) {
    for_each_reference(action.kind, value, options_, [&](std::string_view reference) {
      push_token(action.parameter, std::nullopt, reference);
    });
    if (fragments_ == Fragments::keep && action.kind == ValueKind::reference &&
        value.string("reference").starts_with('#')) {
      push_token(variant_of(action.parameter, IndexVariant::fragment), std::nullopt,
                 value.string("reference"));
    }
    const Json* identifier =
        action.kind == ValueKind::reference ? value.find("identifier") : nullptr;
    if (identifier == nullptr) return;
    for_each_token(ValueKind::identifier, *identifier,
                   [&](std::optional<std::string_view> system, std::string_view code) {
                     push_token(
                         action.parameter | static_cast<std::uint32_t>(IndexVariant::identifier),
                         system, code);
                   });
  }

  // `X.exists() and X != false` has a value for every resource.
  void add_existence(const IndexAction& action) {
    push_token(action.parameter, std::nullopt, (exists_ & action.present) != 0 ? "true" : "false");
  }

  template <typename Entries>
  static void sort_unique(Entries& entries) {
    std::ranges::sort(entries);
    const auto rest = std::ranges::unique(entries);
    entries.erase(rest.begin(), rest.end());
  }

  // Marks the least and the greatest entry of each parameter; `entries` is sorted by parameter.
  template <typename Entries, typename Less>
  void mark_edges(Entries& entries, Less less) {
    for (auto begin = entries.begin(); begin != entries.end();) {
      const auto end = std::find_if(begin, entries.end(), [&](const auto& entry) {
        return entry.parameter != begin->parameter;
      });
      const auto [least, greatest] = std::minmax_element(begin, end, less);
      least->edge |= edge_least;
      greatest->edge |= edge_greatest;
      note_sortable(begin->parameter);
      begin = end;
    }
  }

  // As the others, of the codes that can be sorted by: not of `system|` alone.
  void mark_token_edges() {
    for (auto entry = entries_.tokens.begin(); entry != entries_.tokens.end();) {
      const std::uint32_t parameter = entry->parameter;
      auto least = entries_.tokens.end();
      auto greatest = least;
      for (; entry != entries_.tokens.end() && entry->parameter == parameter; ++entry) {
        if (entry->code.empty()) continue;
        if (least == entries_.tokens.end() || entry->code < least->code) least = entry;
        if (greatest == entries_.tokens.end() || entry->code >= greatest->code) greatest = entry;
      }
      if (least == entries_.tokens.end()) continue;
      least->edge |= edge_least;
      greatest->edge |= edge_greatest;
      note_sortable(parameter);
    }
  }

  void note_sortable(std::uint32_t parameter) {
    if ((parameter & 7U) != static_cast<std::uint32_t>(IndexVariant::value)) return;
    sortable_ |= std::uint64_t{1} << (parameter >> 3U & 63U);
  }

  // What is there and has no value to sort by is told apart from what is not there.
  void add_unsortable() {
    std::uint64_t told = sortable_;
    for (const IndexAction& action : program_.actions) {
      if ((entries_.present & ~told & action.present) == 0) continue;
      if (action.type == SearchType::composite || action.is_uid) continue;
      told |= action.present;
      entries_.tokens.push_back(
          {action.parameter | static_cast<std::uint32_t>(IndexVariant::unsortable), {}, {}});
    }
    if (told != sortable_) std::ranges::sort(entries_.tokens);
  }

  void finish() {
    sort_unique(entries_.tokens);
    sort_unique(entries_.strings);
    sort_unique(entries_.dates);
    sort_unique(entries_.numbers);
    sort_unique(entries_.composites);
    sort_unique(entries_.uids);
    mark_token_edges();
    mark_edges(entries_.strings, std::less<>{});
    mark_edges(entries_.dates, std::less<>{});
    mark_edges(entries_.numbers, [](const auto& a, const auto& b) { return a.low < b.low; });
    add_unsortable();
    if (!program_.has_order) return;
    entries_.order = order_missing;
    for (const DateEntry& date : entries_.dates) {
      if (date.parameter == program_.order) entries_.order = std::min(entries_.order, -date.low);
    }
  }

  const IndexProgram& program_;
  const Json& resource_;
  const Json& container_;
  const IndexOptions& options_;
  Fragments fragments_;
  IndexEntries entries_;
  std::uint64_t exists_ = 0;    // by slot: the value is there and it is not `false`
  std::uint64_t sortable_ = 0;  // by slot: an entry has an edge
};

// Programs are made when their type is first seen, and kept.
const IndexProgram& program_of(const ResourceType& type) {
  static std::array<std::atomic<const IndexProgram*>, 1024> programs{};
  static std::mutex making;
  auto& slot = programs[type.number];
  const IndexProgram* program = slot.load(std::memory_order_acquire);
  if (program != nullptr) return *program;
  const std::lock_guard lock(making);
  if (slot.load(std::memory_order_relaxed) == nullptr) {
    slot.store(new IndexProgram(type), std::memory_order_release);
  }
  return *slot.load(std::memory_order_relaxed);
}

}  // namespace

IndexEntries index_resource(const ResourceType& type, const Json& resource,
                            const IndexOptions& options) {
  IndexEntries entries =
      Indexer(program_of(type), resource, resource, options, Indexer::Fragments::leave).run();
  if (const Json* contained = resource.find("contained")) {
    add_contained(type, *contained, resource, options, entries);
  }
  if (options.full_text != FullText::none) entries.narrative = narrative_text(resource);
  if (options.full_text == FullText::content) entries.content = content_text(resource);
  return entries;
}

IndexEntries index_within(const ResourceType& type, const Json& resource, const Json& container,
                          const IndexOptions& options) {
  return Indexer(program_of(type), resource, container, options, Indexer::Fragments::keep).run();
}

}  // namespace lightbox::fhir
