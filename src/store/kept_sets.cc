#include "store/kept_sets.h"

#include <algorithm>

namespace lightbox::store {

// A snapshot may be of a commit that is not applied yet; what it changed is then not known.
bool KeptSets::is_current(const Entry& entry, std::uint64_t as_of) const {
  if (entry.as_of == as_of) return true;
  if (entry.as_of > as_of || as_of > applied_) return false;
  return std::ranges::all_of(entry.types, [&](const fhir::ResourceType* type) {
    return changed_[type->number] <= entry.as_of;
  });
}

KeptSets::Set KeptSets::find(const std::string& name, std::uint64_t as_of) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end() || !is_current(found->second, as_of)) return nullptr;
  found->second.used = ++uses_;
  return found->second.set;
}

void KeptSets::keep(const std::string& name, Set set, std::uint64_t as_of,
                    std::vector<const fhir::ResourceType*> types) {
  const std::size_t bytes = set->bytes();
  if (bytes > bytes_max_) return;
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[name];
  if (entry.set) bytes_ -= entry.set->bytes();
  bytes_ += bytes;
  entry = {std::move(set), as_of, std::move(types), ++uses_};
  while (bytes_ > bytes_max_) {
    const auto oldest =
        std::ranges::min_element(entries_, {}, [](const auto& each) { return each.second.used; });
    bytes_ -= oldest->second.set->bytes();
    entries_.erase(oldest);
  }
}

void KeptSets::apply(std::span<const ResourceChange> changes, std::uint64_t commit) {
  for (const ResourceChange& change : changes) changed_[change.type->number] = commit;
  applied_ = commit;
}

}  // namespace lightbox::store
