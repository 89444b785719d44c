#include "store/key_set.h"

#include "store/database.h"

namespace lightbox::store {

std::vector<std::uint32_t> KeySet::keys() const {
  std::vector<std::uint32_t> out(size());
  roaring_bitmap_to_uint32_array(bitmap_, out.data());
  return out;
}

std::shared_ptr<const KeySet> KeySetCache::find(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end() || !found->second.set) return nullptr;
  found->second.used = ++uses_;
  return found->second.set;
}

// Register, then build: a commit that the build's snapshot may have missed finds the entry and
// leaves its word in `pending`. Those are absolute and in the order of the commits, so applying one
// that the snapshot had already does no harm.
Result<std::shared_ptr<const KeySet>> KeySetCache::get(const Definition& definition) {
  {
    std::unique_lock lock(mutex_);
    for (;;) {
      const auto found = entries_.find(definition.name);
      if (found == entries_.end()) break;
      if (found->second.set) {
        found->second.used = ++uses_;
        return std::shared_ptr<const KeySet>(found->second.set);
      }
      if (definition.deadline == std::chrono::steady_clock::time_point::max()) {
        built_.wait(lock);
      } else if (built_.wait_until(lock, definition.deadline) == std::cv_status::timeout) {
        return problem_of(SQLITE_INTERRUPT, "", 0);
      }
    }
    Entry& entry = entries_[definition.name];
    entry.type = definition.type;
    entry.matches = definition.matches;
  }

  auto set = std::make_shared<KeySet>();
  const Result<void> done = definition.build(*set);

  const std::lock_guard lock(mutex_);
  built_.notify_all();
  const auto entry = entries_.find(definition.name);
  if (!done) {
    entries_.erase(entry);
    return std::unexpected(done.error());
  }
  for (const auto& [key, has] : entry->second.pending) {
    has ? set->add(key) : set->remove(key);
  }
  entry->second.pending = {};
  set->optimise();
  entry->second.set = set;
  entry->second.used = ++uses_;
  entry->second.bytes = set->bytes();
  bytes_ += entry->second.bytes;
  evict();
  return std::shared_ptr<const KeySet>(set);
}

void KeySetCache::apply(std::span<const ResourceChange> changes) {
  const std::lock_guard lock(mutex_);
  for (auto& [name, entry] : entries_) {
    for (const ResourceChange& change : changes) {
      if (change.type != entry.type) continue;
      const bool has = change.entries != nullptr && entry.matches(change);
      if (!entry.set) {
        entry.pending.emplace_back(change.key, has);
        continue;
      }
      if (entry.set->contains(change.key) == has) continue;
      if (entry.set.use_count() > 1) entry.set = std::make_shared<KeySet>(*entry.set);
      has ? entry.set->add(change.key) : entry.set->remove(change.key);
    }
  }
}

void KeySetCache::evict() {
  while (bytes_ > bytes_max_) {
    auto oldest = entries_.end();
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      if (!it->second.set) continue;
      if (oldest == entries_.end() || it->second.used < oldest->second.used) oldest = it;
    }
    if (oldest == entries_.end()) return;
    bytes_ -= oldest->second.bytes;
    entries_.erase(oldest);
  }
}

}  // namespace lightbox::store
