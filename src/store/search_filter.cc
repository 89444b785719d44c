// What is found by a set of its own, made for one search and not kept: words, and a _filter
// (fhir/search_filter.h). A filter is sets of its tests, put together. Tests that one
// item of an element has to pass have no index: the resources that might have such an item are
// found by sets, and read.

#include <deque>

#include "fhir/json.h"
#include "store/search_contained.h"

namespace lightbox::store {
namespace {

using Kind = fhir::FilterNode::Kind;
using fhir::Json;

// The resource with no element but one, and of that only one item; of that again only one element,
// if there are more levels.
template <typename Levels>
class OneItem {
 public:
  explicit OneItem(const Levels& levels) {
    Json* inner = nullptr;
    for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
      Json& item = nodes_.emplace_back(*level->item);
      item.next = nullptr;
      if (inner != nullptr) wrap(item, *inner);
      inner = &item;
      if (!level->list->is(Json::Kind::array)) continue;
      Json& list = nodes_.emplace_back(*level->list);
      list.next = nullptr;
      wrap(list, *inner);
      inner = &list;
    }
    Json& resource = nodes_.emplace_back();
    resource.kind = Json::Kind::object;
    wrap(resource, *inner);
  }

  [[nodiscard]] const Json& resource() const { return nodes_.back(); }

 private:
  static void wrap(Json& outer, Json& inner) {
    outer.size = 1;
    outer.first = &inner;
  }

  std::deque<Json> nodes_;
};

}  // namespace

Result<Search::Set> Search::set_of_words(const Predicate& predicate) {
  if (const auto found = own_sets_.find(predicate.name); found != own_sets_.end()) {
    return Set(found->second);
  }
  Set kept = shared_.kept_sets.find(predicate.name, reader_.snapshot());
  if (!kept) {
    auto made = std::make_shared<KeySet>();
    TRY_DO(add_keys(database(), predicate.sources, 0, *made));
    kept = made;
    shared_.kept_sets.keep(predicate.name, kept, reader_.snapshot(), {predicate.type});
  }
  own_sets_.emplace(predicate.name, kept);
  return kept;
}

Result<Search::Set> Search::set_of_filter(const Predicate& predicate) {
  if (const auto found = own_sets_.find(predicate.name); found != own_sets_.end()) {
    return Set(found->second);
  }
  TRY(Set set, evaluate(*predicate.filter));
  own_sets_.emplace(predicate.name, set);
  return set;
}

Result<Search::Set> Search::satisfying(const Predicate& predicate) {
  const bool can_match = predicate.kind != Predicate::Kind::nothing;
  TRY(Set set, can_match ? set_of(predicate) : Result<Set>(std::make_shared<const KeySet>()));
  return predicate.negated ? without(set, *predicate.type) : Result<Set>(std::move(set));
}

Result<Search::Set> Search::without(const Set& unwanted, const fhir::ResourceType& type) {
  TRY(const Set all, set_of_type(type));
  auto rest = std::make_shared<KeySet>(*all);
  rest->subtract(*unwanted);
  return Set(rest);
}

Result<Search::Set> Search::evaluate(const FilterPredicate& filter) {
  switch (filter.node->kind) {
    case Kind::criterion:
      return satisfying(filter.test);
    case Kind::all_of:
    case Kind::any_of: {
      std::shared_ptr<KeySet> made;
      for (const FilterPredicate& part : filter.parts) {
        TRY(const Set set, evaluate(part));
        if (!made) {
          made = std::make_shared<KeySet>(*set);
        } else if (filter.node->kind == Kind::all_of) {
          made->intersect(*set);
        } else {
          made->unite(*set);
        }
      }
      return Set(made);
    }
    case Kind::not_: {
      TRY(const Set set, evaluate(filter.parts.front()));
      return without(set, *filter.type);
    }
    case Kind::element:
      return in_one_item(filter);
  }
  return Set(std::make_shared<const KeySet>());
}

// A resource with an item that passes has all that the tests ask for, if not in one item; what they
// ask not to be there, other items may have. nullptr: any resource may pass.
Result<Search::Set> Search::candidates(const FilterPredicate& filter) {
  const Kind kind = filter.node->kind;
  if (kind == Kind::criterion) {
    return filter.test.negated ? Result<Set>(Set()) : evaluate(filter);
  }
  if (kind == Kind::element) return candidates(filter.parts.front());
  std::shared_ptr<KeySet> made;
  if (kind != Kind::all_of && kind != Kind::any_of) return Set();
  for (const FilterPredicate& part : filter.parts) {
    TRY(const Set set, candidates(part));
    if (!set) {
      if (kind == Kind::any_of) return Set();
    } else if (!made) {
      made = std::make_shared<KeySet>(*set);
    } else if (kind == Kind::all_of) {
      made->intersect(*set);
    } else {
      made->unite(*set);
    }
  }
  return Set(made);
}

Result<Search::Set> Search::in_one_item(const FilterPredicate& filter) {
  TRY(Set possible, candidates(filter.parts.front()));
  if (!possible) {
    TRY(possible, set_of_type(*filter.type));
  }
  auto passed = std::make_shared<KeySet>();
  for (const std::uint32_t key : possible->keys()) {
    // What a set of another commit has need not be there; all is done again.
    if (is_torn_) break;
    if (reader_->limit.passed()) return problem_of(SQLITE_INTERRUPT, "", 0);
    TRY(const Container container, open_container(key));
    TRY(const bool passes, has_item(filter, container, container.self));
    if (passes) passed->add(key);
  }
  return Set(passed);
}

Result<bool> Search::has_item(const FilterPredicate& filter, const Container& container,
                              const Item& of) {
  const Json& parent = of.levels.empty() ? *of.json : *of.levels.back().item;
  const Json* list = parent.find(filter.node->element);
  if (list == nullptr) return false;
  const bool is_array = list->is(Json::Kind::array);
  for (const Json* item = is_array ? list->first : list; item != nullptr; item = item->next) {
    Item part{of.type, nullptr, of.id, of.levels, {}};
    part.levels.push_back({list, item});
    const OneItem one(part.levels);
    part.json = &one.resource();
    TRY(const bool passes, item_passes(filter.parts.front(), container, part));
    if (passes) return true;
    if (!is_array) break;
  }
  return false;
}

}  // namespace lightbox::store
