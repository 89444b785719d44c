// Resources in the `contained` of others (R4, search.html#contained, #chaining): what holds one
// that may match is found by the rows of variant `contained`, and read; whether it does is then
// asked of the contained resource itself, as of one that stands on its own.

#include "store/search_contained.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "fhir/json.h"
#include "fhir/resource.h"

namespace lightbox::store {

using fhir::Json;

namespace {

std::uint32_t fragment_parameter(std::int64_t param) {
  return fhir::variant_of(static_cast<std::uint32_t>(param), fhir::IndexVariant::fragment);
}

bool has_token(const fhir::IndexEntries& entries, std::uint32_t parameter, std::string_view code) {
  return std::ranges::any_of(entries.tokens, [&](const fhir::TokenEntry& entry) {
    return entry.parameter == parameter && entry.code == code;
  });
}

}  // namespace

Result<Search::Container> Search::open_container(std::int64_t key) {
  Container made;
  made.key = key;
  Query query(database(), "SELECT type FROM resource WHERE key=?");
  query.bind(key);
  if (!query.next()) return query.ok() ? damaged(type_, "?") : query.problem();
  const auto* type =
      fhir::Definitions::r4().resource_type(static_cast<std::uint16_t>(query.integer(0)));
  if (type == nullptr) return damaged(type_, "?");
  TRY(made.resource, fetch(key, *type));
  std::string text;
  append_resource(made.resource, text);
  TRY(made.document, fhir::parse_json(text));
  const Json& root = *made.document.root();
  made.self = {type, &root, made.resource.id, {}, {}};
  const Json* contained = root.find("contained");
  const bool is_list = contained != nullptr && contained->is(Json::Kind::array);
  for (const Json* item = is_list ? contained->first : nullptr; item; item = item->next) {
    const auto* of = fhir::Definitions::r4().resource_type(item->string("resourceType"));
    if (of == nullptr) continue;
    made.items.push_back({of, item, std::string(item->string("id")), {}, {}});
  }
  return made;
}

const fhir::IndexEntries& Search::entries_of(const Container& container, const Item& item) const {
  if (!item.entries) {
    item.entries =
        fhir::index_within(*item.type, *item.json, *container.self.json, shared_.options.index);
  }
  return *item.entries;
}

Result<bool> Search::item_satisfies(const Predicate& predicate, const Container& container,
                                    const Item& item) {
  using Column = fhir::Criterion::Column;
  const fhir::Criterion& criterion = *predicate.criterion;
  if (criterion.column == Column::filter) {
    return item_passes(*predicate.filter, container, item);
  }
  if (criterion.column == Column::chain) {
    const bool is_reverse = predicate.chain->direction == fhir::Chain::Direction::reverse;
    for (const ChainPredicate::Arm& arm : predicate.chain->arms) {
      TRY(const bool holds, is_reverse ? is_item_referred_to(arm, container, item)
                                       : item_refers(arm, container, item));
      if (holds) return true;
    }
    return false;
  }
  const bool is_negated = criterion.modifier == fhir::Modifier::not_ ||
                          (criterion.modifier == fhir::Modifier::missing && criterion.missing);
  // It has no time of its own.
  if (criterion.column == Column::last_updated) {
    return criterion.modifier == fhir::Modifier::missing && criterion.missing;
  }
  const ResourceChange change{item.type, container.key, item.id, 0, &entries_of(container, item)};
  return matches(criterion, change) != is_negated;
}

Result<bool> Search::item_passes(const FilterPredicate& filter, const Container& container,
                                 const Item& item) {
  using Kind = fhir::FilterNode::Kind;
  const Kind kind = filter.node->kind;
  if (kind == Kind::criterion) return item_satisfies(filter.test, container, item);
  if (kind == Kind::element) return has_item(filter, container, item);
  for (const FilterPredicate& part : filter.parts) {
    TRY(const bool passes, item_passes(part, container, item));
    if (kind == Kind::not_) return !passes;
    if (passes != (kind == Kind::all_of)) return passes;
  }
  return kind == Kind::all_of;
}

Result<bool> Search::item_refers(const ChainPredicate::Arm& arm, const Container& container,
                                 const Item& item) {
  const fhir::ResourceType& wanted = *arm.inner.type;
  const std::uint32_t fragment = fragment_parameter(arm.param);
  const std::string prefix = fmt::format("{}/", wanted.name);
  for (const fhir::TokenEntry& entry : entries_of(container, item).tokens) {
    const bool is_outside = entry.parameter == arm.param && entry.code.starts_with(prefix);
    const bool is_container =
        entry.parameter == fragment && entry.code == "#" && container.self.type == &wanted;
    if (is_outside || is_container) {
      std::optional<std::int64_t> key = container.key;
      if (is_outside) {
        TRY(key, key_of(wanted, std::string_view(entry.code).substr(prefix.size())));
      }
      TRY(const Set inner, satisfying(arm.inner));
      if (key && inner->contains(*key)) return true;
    }
    if (entry.parameter != fragment) continue;
    for (const Item& other : container.items) {
      if (other.type != &wanted || entry.code.substr(1) != other.id) continue;
      TRY(const bool holds, item_satisfies(arm.inner, container, other));
      if (holds) return true;
    }
  }
  return false;
}

// Nothing outside can name it: the container may, and what lies beside it.
Result<bool> Search::is_item_referred_to(const ChainPredicate::Arm& arm, const Container& container,
                                         const Item& item) {
  const std::uint32_t fragment = fragment_parameter(arm.param);
  const std::string reference = "#" + item.id;
  if (container.self.type == arm.inner.type &&
      has_token(entries_of(container, container.self), fragment, reference)) {
    TRY(const Set inner, satisfying(arm.inner));
    if (inner->contains(container.key)) return true;
  }
  for (const Item& other : container.items) {
    if (other.type != arm.inner.type ||
        !has_token(entries_of(container, other), fragment, reference))
      continue;
    TRY(const bool holds, item_satisfies(arm.inner, container, other));
    if (holds) return true;
  }
  return false;
}

Result<bool> Search::are_all_satisfied(const Container& container, const Item& item) {
  for (const Predicate& predicate : predicates_) {
    TRY(const bool holds, item_satisfies(predicate, container, item));
    if (!holds) return false;
  }
  return true;
}

Result<Search::Set> Search::containers_of(const fhir::ResourceType& contained,
                                          std::span<const Predicate* const> predicates) {
  std::shared_ptr<KeySet> made;
  const auto add_rows = [&](std::span<const Sql> sources) -> Result<void> {
    auto set = std::make_shared<KeySet>();
    TRY_DO(add_keys(database(), sources, 0, *set));
    if (made) {
      made->intersect(*set);
    } else {
      made = std::move(set);
    }
    return {};
  };
  for (const Predicate* predicate : predicates) {
    TRY(const auto sources,
        contained_sources(*predicate->criterion, contained, shared_.systems, database()));
    if (sources) TRY_DO(add_rows(*sources));
  }
  if (!made) {
    const Sql all{"SELECT resource FROM token_index WHERE param=?",
                  {std::int64_t{fhir::container_parameter(contained)}}};
    TRY_DO(add_rows({&all, 1}));
  }
  tell("resources with contained ones that are read", made->size());
  return Set(made);
}

// --- Chains --------------------------------------------------------------------------------------

// "A chained condition will be evaluated inside contained resources."
Result<void> Search::add_containing(const ChainPredicate::Arm& arm, const fhir::ResourceType& type,
                                    KeySet& found) {
  const fhir::ResourceType& wanted = *arm.inner.type;
  {
    Query any(database(), "SELECT 1 FROM token_index WHERE param=? AND value=? LIMIT 1");
    any.bind(std::int64_t{fhir::container_parameter(wanted)}).bind(type.name);
    if (!any.next()) return any.ok() ? Result<void>() : any.problem();
  }
  const Predicate* const inner = &arm.inner;
  TRY(const Set possible, containers_of(wanted, {&inner, 1}));
  for (const std::uint32_t key : possible->keys()) {
    if (is_torn_) break;
    if (found.contains(key)) continue;
    if (reader_->limit.passed()) return problem_of(SQLITE_INTERRUPT, "", 0);
    TRY(const Container container, open_container(key));
    if (container.self.type != &type) continue;
    // Nothing outside: that is found already.
    for (const Item& item : container.items) {
      if (item.type != &wanted || !has_token(entries_of(container, container.self),
                                             fragment_parameter(arm.param), "#" + item.id)) {
        continue;
      }
      TRY(const bool holds, item_satisfies(arm.inner, container, item));
      if (holds) found.add(key);
    }
  }
  return {};
}

// --- _contained ----------------------------------------------------------------------------------

Result<void> Search::walk_contained(ContainedPlace from, const FoundContained& found) {
  std::vector<const Predicate*> all;
  for (const Predicate& predicate : predicates_) all.push_back(&predicate);
  TRY(const Set possible, containers_of(type_, all));
  const bool gives_containers = query_.contained_result == fhir::ContainedResult::container;
  for (const std::uint32_t key : possible->keys()) {
    if (is_torn_) return {};
    if (key < from.key) continue;
    if (reader_->limit.passed()) return problem_of(SQLITE_INTERRUPT, "", 0);
    TRY(const Container container, open_container(key));
    for (std::size_t i = key == from.key ? from.item : 0; i < container.items.size(); ++i) {
      const Item& item = container.items[i];
      if (item.type != &type_) continue;
      TRY(const bool holds, are_all_satisfied(container, item));
      if (!holds) continue;
      if (gives_containers) {
        TRY(const bool comes_anyway, is_match_itself(container));
        if (!comes_anyway && !found(container, item, {key, 0})) return {};
        break;
      }
      if (!found(container, item, {key, i})) return {};
    }
  }
  return {};
}

Result<bool> Search::is_match_itself(const Container& container) {
  if (query_.contained != fhir::ContainedSearch::both || container.self.type != &type_) {
    return false;
  }
  TRY(const Set matches, intersection(Dates::include));
  return !matches || matches->contains(container.key);
}

Result<void> Search::add_contained(ContainedPlace from, SearchPage& page) {
  const bool gives_containers = query_.contained_result == fhir::ContainedResult::container;
  return walk_contained(
      from, [&](const Container& container, const Item& item, ContainedPlace place) {
        if (page.matches.size() + page.contained.size() == query_.count) {
          page.next_cursor = contained_cursor(place);
          return false;
        }
        if (gives_containers) {
          page.matches.push_back(container.resource);
          ++page.containers;
          return true;
        }
        ContainedMatch& match = page.contained.emplace_back();
        match.type = item.type;
        match.path =
            fmt::format("{}/{}#{}", container.resource.type->name, container.resource.id, item.id);
        fhir::write_json(*item.json, match.json);
        return true;
      });
}

Result<std::uint64_t> Search::count_with_contained() {
  std::uint64_t number = 0;
  if (query_.contained == fhir::ContainedSearch::both) {
    gathered_ = nullptr;
    TRY(number, count());
  }
  TRY_DO(walk_contained({}, [&](const Container&, const Item&, ContainedPlace) {
    ++number;
    return true;
  }));
  return number;
}

Result<SearchPage> Search::page_with_contained() {
  SearchPage page;
  if (impossible_) {
    page.total = 0;
    return page;
  }
  if (query_.count_only || query_.count == 0) {
    TRY(page.total, count_with_contained());
    return page;
  }
  if (query_.contained == fhir::ContainedSearch::both && !contained_from_) {
    TRY(Found found, find());
    TRY(page, to_page(std::move(found)));
    page.total.reset();
  }
  if (page.next_cursor.empty()) {
    TRY_DO(add_contained(contained_from_.value_or(ContainedPlace{}), page));
  }
  if (query_.cursor.empty() && page.next_cursor.empty()) {
    page.total = page.matches.size() + page.contained.size();
  } else if (query_.total != fhir::TotalMode::none) {
    TRY(page.total, count_with_contained());
  }
  return page;
}

// "c", the hash of the query, and the place of the first that is not yet given. The other cursors
// have no dot.
std::string Search::contained_cursor(ContainedPlace place) const {
  return fmt::format("c{:x}.{}.{}", hash_, place.key, place.item);
}

Result<void> Search::read_contained_cursor() {
  const std::string head = fmt::format("c{:x}.", hash_);
  std::string_view rest = query_.cursor;
  const auto number = [&rest](auto& value) {
    const auto [end, status] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    const bool is_one = status == std::errc{} && value >= 0;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    return is_one;
  };
  ContainedPlace place;
  bool is_valid = rest.starts_with(head);
  if (is_valid) {
    rest.remove_prefix(head.size());
    is_valid = number(place.key) && rest.starts_with('.');
  }
  if (is_valid) {
    rest.remove_prefix(1);
    is_valid = number(place.item) && rest.empty();
  }
  if (!is_valid) {
    return problem(ProblemKind::invalid, "value",
                   "_cursor is not one of this search: start again from its first page");
  }
  contained_from_ = place;
  return {};
}

}  // namespace lightbox::store
