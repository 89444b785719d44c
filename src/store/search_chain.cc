// Chains and _has (R4, search.html#chaining, #has). The sets that they give depend on resources of
// other types: they are made as of the search's snapshot, from the sets of their innermost
// criteria, and kept until one of those types changes (kept_sets.h).

#include <algorithm>
#include <fmt/format.h>

#include "store/search_plan.h"

namespace lightbox::store {
namespace {

// To read what a resource refers to from its body takes as long as to pass over this many rows.
constexpr std::uint64_t rows_per_body = 100;

void add_types(const Predicate& predicate, std::vector<const fhir::ResourceType*>& types);

void add_types(const FilterPredicate& filter, std::vector<const fhir::ResourceType*>& types) {
  if (filter.node->kind == fhir::FilterNode::Kind::criterion) add_types(filter.test, types);
  for (const FilterPredicate& part : filter.parts) add_types(part, types);
}

// Of the resources that a change of which may change the set.
void add_types(const Predicate& predicate, std::vector<const fhir::ResourceType*>& types) {
  types.push_back(predicate.type);
  if (predicate.filter) add_types(*predicate.filter, types);
  if (!predicate.chain) return;
  for (const ChainPredicate::Arm& arm : predicate.chain->arms) add_types(arm.inner, types);
}

}  // namespace

Result<Search::Set> Search::set_of_chain(const Predicate& predicate) {
  if (const auto found = own_sets_.find(predicate.name); found != own_sets_.end()) {
    return Set(found->second);
  }
  if (Set kept = shared_.kept_sets.find(predicate.name, reader_.snapshot())) {
    own_sets_.emplace(predicate.name, kept);
    return kept;
  }
  const bool is_reverse = predicate.chain->direction == fhir::Chain::Direction::reverse;
  auto made = std::make_shared<KeySet>();
  for (const ChainPredicate::Arm& arm : predicate.chain->arms) {
    TRY(const Set inner, satisfying(arm.inner));
    if (is_torn_) break;  // all is done again
    const fhir::ResourceType& type = *arm.inner.type;
    if (is_reverse) {
      TRY_DO(add_referenced(arm.param, type, *inner, *predicate.type, *made));
    } else {
      TRY_DO(add_referring(arm.param, type, *inner, *made));
      TRY_DO(add_containing(arm, *predicate.type, *made));
    }
  }
  if (!is_torn_) {
    made->optimise();
    own_sets_.emplace(predicate.name, made);
    std::vector<const fhir::ResourceType*> types;
    add_types(predicate, types);
    shared_.kept_sets.keep(predicate.name, made, reader_.snapshot(), std::move(types));
  }
  return Set(made);
}

// One seek for each. In the order of the ids when there are many, which is that of the rows.
Result<void> Search::add_referring(std::int64_t param, const fhir::ResourceType& type,
                                   const KeySet& inner, KeySet& found) {
  const auto all =
      static_cast<std::uint64_t>(std::max<std::int64_t>(1, shared_.counts[type.number]));
  const std::string prefix = fmt::format("{}/", type.name);
  if (inner.size() > 10'000 || inner.size() * 8 > all) {
    Query query(database(),
                "SELECT t.resource FROM resource r INDEXED BY resource_by_id CROSS JOIN "
                "token_index t ON t.param=? AND t.value=?||r.id WHERE r.type=? AND "
                "in_key_set(?,r.key)");
    query.bind(param).bind(std::string_view(prefix)).bind(std::int64_t{type.number}).bind(&inner);
    while (query.next()) found.add(query.integer(0));
    if (!query.ok()) return query.problem();
    return {};
  }
  Query query(database(),
              "SELECT t.resource FROM resource r CROSS JOIN token_index t ON t.param=? AND "
              "t.value=?||r.id WHERE r.key=?");
  std::size_t step = 0;
  for (const std::uint32_t key : inner.keys()) {
    if (out_of_time(step++)) return problem_of(SQLITE_INTERRUPT, "", 0);
    query.bind(param).bind(std::string_view(prefix)).bind(std::int64_t{key});
    while (query.next()) found.add(query.integer(0));
    if (!query.ok()) return query.problem();
    query.reset();
  }
  return {};
}

// The rows lead from what is referred to, so the way back is to read the resources when they are
// few, and all rows of the parameter when not.
Result<void> Search::add_referenced(std::int64_t param, const fhir::ResourceType& inner_type,
                                    const KeySet& inner, const fhir::ResourceType& type,
                                    KeySet& found) {
  if (inner.size() == 0) return {};
  const std::string prefix = fmt::format("{}/", type.name);
  const auto add = [&](std::string_view reference) -> Result<void> {
    if (!reference.starts_with(prefix)) return {};
    TRY(const auto key, key_of(type, reference.substr(prefix.size())));
    if (key) found.add(*key);
    return {};
  };
  const auto all =
      static_cast<std::uint64_t>(std::max<std::int64_t>(1, shared_.counts[inner_type.number]));
  if (inner.size() * rows_per_body < all) {
    std::size_t step = 0;
    for (const std::uint32_t key : inner.keys()) {
      if (out_of_time(step++)) return problem_of(SQLITE_INTERRUPT, "", 0);
      TRY(const StoredResource resource, fetch(key, inner_type));
      TRY(const fhir::IndexEntries entries, index(resource));
      for (const auto& entry : entries.tokens) {
        if (entry.parameter != param) continue;
        TRY_DO(add(entry.code));
      }
    }
    return {};
  }
  Query query(database(),
              "SELECT value FROM token_index WHERE param=? AND value>=? AND value<? AND "
              "in_key_set(?,resource)");
  const std::string end = prefix + "\xFF";
  query.bind(param).bind(std::string_view(prefix)).bind(std::string_view(end)).bind(&inner);
  std::string last;
  while (query.next()) {
    if (query.text(0) == last) continue;
    last = query.text(0);
    TRY_DO(add(last));
  }
  if (!query.ok()) return query.problem();
  return {};
}

Result<std::optional<std::int64_t>> Search::key_of(const fhir::ResourceType& type,
                                                   std::string_view id) {
  Query query(database(), "SELECT key FROM resource WHERE type=? AND id=? AND method<2");
  query.bind(std::int64_t{type.number}).bind(id);
  if (query.next()) return std::optional(query.integer(0));
  if (!query.ok()) return query.problem();
  return std::optional<std::int64_t>();
}

}  // namespace lightbox::store
