#pragma once

// What a search must find, told by brute force over the index entries of all resources. Shares no
// code with the store but the parsing of queries and the index entries.

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fhir/search_filter.h"
#include "store/store_testing.h"

namespace lightbox::store::oracle {

using fhir::Prefix;

struct Known;
using World = std::map<std::string, std::map<std::string, Known>>;  // by type and id

struct Known {
  std::string id;
  std::int64_t key = 0;
  std::int64_t updated = 0;
  fhir::IndexEntries entries;
  std::string json;
  const World* world = nullptr;
  std::string type;
};

inline bool contains(fhir::DateInterval outer, std::int64_t low, std::int64_t high) {
  return low >= outer.low && high <= outer.high;
}

inline bool date_matches(const fhir::DateValue& value, std::int64_t low, std::int64_t high) {
  const auto interval = value.interval;
  const bool above = high > interval.high;  // a part lies after the search value
  const bool below = low < interval.low;
  switch (value.prefix) {
    case Prefix::eq:
      return contains(interval, low, high);
    case Prefix::ne:
      return !contains(interval, low, high);
    case Prefix::gt:
      return above;
    case Prefix::lt:
      return below;
    case Prefix::ge:
      return above || contains(interval, low, high);
    case Prefix::le:
      return below || contains(interval, low, high);
    case Prefix::sa:
      return low >= interval.high;
    case Prefix::eb:
      return high <= interval.low;
    case Prefix::ap:
      return !(low >= interval.high || high <= interval.low);
    case Prefix::co:
      return contains({low, high}, interval.low, interval.high);
  }
  return false;
}

inline bool number_matches(const fhir::NumberValue& value, double number) {
  switch (value.prefix) {
    case Prefix::eq:
      return number >= value.low && number < value.high;
    case Prefix::ne:
      return number < value.low || number >= value.high;
    case Prefix::gt:
    case Prefix::sa:
      return number > value.value;
    case Prefix::lt:
    case Prefix::eb:
      return number < value.value;
    case Prefix::ge:
      return number >= value.value;
    case Prefix::le:
      return number <= value.value;
    case Prefix::ap:
      return number >= value.low && number < value.high;
    case Prefix::co:
      break;
  }
  return false;
}

inline bool token_matches(const fhir::TokenValue& wanted, const std::optional<std::string>& system,
                          const std::string& code) {
  if (wanted.system && system != wanted.system) return false;
  return !wanted.code || code == *wanted.code;
}

inline bool text_compares(fhir::Comparison comparison, std::string text, std::string wanted) {
  const int order = text.compare(wanted);
  switch (comparison) {
    case fhir::Comparison::equal:
      return order == 0;
    case fhir::Comparison::unequal:
      return order != 0;
    case fhir::Comparison::greater:
      return order > 0;
    case fhir::Comparison::less:
      return order < 0;
    case fhir::Comparison::greater_or_equal:
      return order >= 0;
    case fhir::Comparison::less_or_equal:
      return order <= 0;
    case fhir::Comparison::contains:
      return text.find(wanted) != std::string::npos;
    case fhir::Comparison::starts:
      return text.substr(0, wanted.size()) == wanted;
    case fhir::Comparison::ends:
      std::reverse(text.begin(), text.end());
      std::reverse(wanted.begin(), wanted.end());
      return text.substr(0, wanted.size()) == wanted;
    case fhir::Comparison::parameter:
      break;
  }
  return false;
}

inline bool value_matches(const fhir::Criterion& criterion, const fhir::SearchParameter& parameter,
                          const fhir::SearchValue& value, const Known& known) {
  const auto variant = criterion.modifier == fhir::Modifier::text      ? fhir::IndexVariant::text
                       : criterion.modifier == fhir::Modifier::of_type ? fhir::IndexVariant::of_type
                       : criterion.modifier == fhir::Modifier::identifier
                           ? fhir::IndexVariant::identifier
                           : fhir::IndexVariant::value;
  const bool unequal = criterion.comparison == fhir::Comparison::unequal;
  const std::uint32_t number =
      parameter.resource == nullptr ? 0 : fhir::index_parameter(parameter.number(), variant);
  const auto& entries = known.entries;
  if (const auto* token = std::get_if<fhir::TokenValue>(&value)) {
    for (const auto& entry : entries.tokens) {
      if (entry.parameter != number) continue;
      if (token_matches(*token, entry.system, entry.code) != unequal) return true;
    }
  } else if (const auto* reference = std::get_if<fhir::ReferenceValue>(&value)) {
    for (const auto& entry : entries.tokens) {
      for (const auto& target : reference->targets) {
        if (entry.parameter == number && entry.code == target) return true;
      }
    }
  } else if (const auto* date = std::get_if<fhir::DateValue>(&value)) {
    if (criterion.column == fhir::Criterion::Column::last_updated) {
      return date_matches(*date, known.updated, known.updated + 1);
    }
    for (const auto& entry : entries.dates) {
      if (entry.parameter == number && date_matches(*date, entry.low, entry.high)) return true;
    }
  } else if (const auto* text = std::get_if<fhir::StringValue>(&value)) {
    for (const auto& entry : entries.strings) {
      if (entry.parameter != number) continue;
      if (criterion.comparison != fhir::Comparison::parameter) {
        if (text_compares(criterion.comparison, entry.normalised, text->normalised)) return true;
        continue;
      }
      const auto at = entry.normalised.find(text->normalised);
      const bool inside = criterion.modifier == fhir::Modifier::contains ||
                          criterion.modifier == fhir::Modifier::text;
      if (criterion.modifier == fhir::Modifier::exact ? entry.exact == text->exact
          : inside                                    ? at != std::string::npos
                                                      : at == 0) {
        return true;
      }
    }
  } else if (const auto* amount = std::get_if<fhir::NumberValue>(&value)) {
    for (const auto& entry : entries.numbers) {
      const bool unit =
          !amount->code ||
          (amount->system ? entry.system == *amount->system && entry.code == *amount->code
                          : entry.code == *amount->code || entry.unit == *amount->code);
      if (entry.parameter == number && unit && number_matches(*amount, entry.low)) return true;
    }
  } else if (const auto* uid = std::get_if<fhir::UidValue>(&value)) {
    for (const auto& entry : entries.uids) {
      if (entry.parameter == number && entry.uid == uid->uid) return true;
    }
  } else if (const auto* id = std::get_if<fhir::IdValue>(&value)) {
    return known.id == id->id;
  } else if (const auto* composite = std::get_if<fhir::CompositeValue>(&value)) {
    for (const auto& entry : entries.composites) {
      if (entry.parameter != number) continue;
      const auto& first = std::get<fhir::TokenValue>(composite->parts[0]);
      if (const auto* site = std::get_if<fhir::TokenValue>(&composite->parts[1])) {
        if (token_matches(first, entry.first_system, entry.first) &&
            token_matches(*site, entry.second_system, entry.second)) {
          return true;
        }
        continue;
      }
      const auto& second = std::get<fhir::NumberValue>(composite->parts[1]);
      if (token_matches(first, entry.first_system, entry.first) &&
          number_matches(second, entry.low) && (!second.code || *second.code == entry.second) &&
          (!second.system || second.system->empty() || *second.system == entry.second_system)) {
        return true;
      }
    }
  }
  return false;
}

inline bool is_true(const fhir::FilterNode& node, const Known& known);
inline bool is_true(const fhir::Criterion& criterion, const Known& known);

inline bool refers_to(const Known& from, const fhir::SearchParameter& reference, const Known& to) {
  const auto number = fhir::index_parameter(reference.number(), fhir::IndexVariant::value);
  return std::any_of(from.entries.tokens.begin(), from.entries.tokens.end(), [&](const auto& row) {
    return row.parameter == number && row.code == to.type + "/" + to.id;
  });
}

inline bool is_true(const fhir::Chain& chain, const Known& known) {
  for (const auto& arm : chain.arms) {
    const auto others = known.world->find(std::string(arm.type->name));
    if (others == known.world->end()) continue;
    for (const auto& [id, other] : others->second) {
      const bool linked = chain.direction == fhir::Chain::Direction::forward
                              ? refers_to(known, *arm.reference, other)
                              : refers_to(other, *arm.reference, known);
      if (linked && is_true(arm.criterion, other)) return true;
    }
  }
  return false;
}

inline bool is_true(const fhir::Criterion& criterion, const Known& known) {
  if (criterion.chain) return is_true(*criterion.chain, known);
  if (criterion.filter) return is_true(*criterion.filter, known);
  std::vector<const fhir::SearchParameter*> parameters = criterion.or_parameters;
  static const fhir::SearchParameter none;
  parameters.push_back(criterion.parameter != nullptr ? criterion.parameter : &none);
  bool any = false;
  for (const auto* parameter : parameters) {
    if (criterion.modifier == fhir::Modifier::missing) {
      any |= (known.entries.present >> parameter->slot & 1U) != 0;
    }
    for (const auto& value : criterion.any_of) {
      any |= value_matches(criterion, *parameter, value, known);
    }
  }
  const bool negated = criterion.modifier == fhir::Modifier::not_ ||
                       (criterion.modifier == fhir::Modifier::missing && criterion.missing);
  return any != negated;
}

// Of the resource as it would be with one of its series alone, for each of them.
inline bool is_true_of_a_series(const fhir::FilterNode& node, const Known& known) {
  for (std::size_t i = 0;; ++i) {
    const auto one = fhir::parse_json(known.json);
    fhir::Json* series = one->root()->find("series");
    if (series == nullptr || i >= series->size) return false;
    fhir::Json* item = series->first;
    for (std::size_t skipped = 0; skipped < i; ++skipped) item = item->next;
    item->next = nullptr;
    series->first = item;
    for (fhir::Json* member = one->root()->first; member != nullptr; member = member->next) {
      if (member != series) member->key = "";
    }
    Known alone = known;
    alone.entries = fhir::index_resource(testing::type_of("ImagingStudy"), *one->root(), {});
    if (is_true(node, alone)) return true;
  }
}

inline bool is_true(const fhir::FilterNode& node, const Known& known) {
  if (node.kind == fhir::FilterNode::Kind::criterion) return is_true(node.criterion, known);
  if (node.kind == fhir::FilterNode::Kind::element) {
    return is_true_of_a_series(node.nodes[0], known);
  }
  std::size_t number = 0;
  for (const auto& part : node.nodes) {
    if (is_true(part, known)) ++number;
  }
  if (node.kind == fhir::FilterNode::Kind::not_) return number == 0;
  return number >= (node.kind == fhir::FilterNode::Kind::all_of ? node.nodes.size() : 1);
}

inline bool matches_all(const fhir::SearchQuery& query, const Known& known) {
  return std::all_of(query.criteria.begin(), query.criteria.end(),
                     [&](const auto& criterion) { return is_true(criterion, known); });
}

// The value that a resource is sorted by, as text that compares as it does; nullopt: none.
using Key = std::optional<std::pair<double, std::string>>;
inline Key sort_key(const fhir::SortKey& key, const Known& known) {
  if (!key.steps.empty()) {
    fhir::SortKey rest = key;
    rest.steps.erase(rest.steps.begin());
    Key best;
    const auto others = known.world->find(std::string(key.steps[0].type->name));
    if (others == known.world->end()) return best;
    for (const auto& [id, other] : others->second) {
      if (!refers_to(known, *key.steps[0].reference, other)) continue;
      const Key value = sort_key(rest, other);
      if (value && (!best || (*value < *best) != key.descending)) best = value;
    }
    return best;
  }
  if (key.column == fhir::SortKey::Column::id) return {{0, known.id}};
  if (key.column == fhir::SortKey::Column::last_updated) {
    return {{static_cast<double>(known.updated), ""}};
  }
  const auto parameter = fhir::index_parameter(key.parameter->number(), fhir::IndexVariant::value);
  std::vector<std::pair<double, std::string>> all;
  for (const auto& entry : known.entries.tokens) {
    // A system alone is nothing to sort by.
    if (entry.parameter == parameter && !entry.code.empty()) all.emplace_back(0, entry.code);
  }
  for (const auto& entry : known.entries.strings) {
    if (entry.parameter == parameter) all.emplace_back(0, entry.normalised);
  }
  for (const auto& entry : known.entries.dates) {
    if (entry.parameter == parameter) all.emplace_back(static_cast<double>(entry.low), "");
  }
  for (const auto& entry : known.entries.numbers) {
    if (entry.parameter == parameter) all.emplace_back(entry.low, "");
  }
  if (all.empty()) return std::nullopt;
  return key.descending ? *std::max_element(all.begin(), all.end())
                        : *std::min_element(all.begin(), all.end());
}

// By the sort keys only; what they leave open, the store may order as it likes (but always alike).
inline int compare(const fhir::SearchQuery& query, const Known& a, const Known& b) {
  std::vector<fhir::SortKey> keys = query.sort;
  if (keys.empty() && query.type->order != nullptr) {
    keys.push_back({fhir::SortKey::Column::index, query.type->order, true, {}});
  }
  for (const auto& key : keys) {
    const Key left = sort_key(key, a);
    const Key right = sort_key(key, b);
    if (left == right) continue;
    if (!left || !right) return left ? -1 : 1;
    return (*left < *right) != key.descending ? -1 : 1;
  }
  return 0;
}

}  // namespace lightbox::store::oracle
