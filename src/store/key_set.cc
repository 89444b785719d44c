#include "store/key_set.h"

#include <algorithm>

#include "store/database.h"

namespace lightbox::store {

std::vector<std::uint32_t> KeySet::keys() const {
  std::vector<std::uint32_t> out(size());
  roaring_bitmap_to_uint32_array(bitmap_, out.data());
  return out;
}

KeySetCache::Current KeySetCache::current(Entry& entry) {
  entry.used = ++uses_;
  return {entry.set, std::max(entry.built_as_of, applied_commit_)};
}

// Register, then build: a commit that the build's snapshot may have missed finds the entry and
// leaves its word in `pending`. Those are absolute and in the order of the commits, so applying one
// that the snapshot had already does no harm.
Result<KeySetCache::Current> KeySetCache::get(const Definition& definition) {
  {
    std::unique_lock lock(mutex_);
    for (;;) {
      const auto found = entries_.find(definition.name);
      if (found == entries_.end()) break;
      if (found->second.set) return current(found->second);
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
  const Result<Sequence> done = definition.build(*set);

  const std::lock_guard lock(mutex_);
  built_.notify_all();
  const auto found = entries_.find(definition.name);
  if (!done) {
    entries_.erase(found);
    return std::unexpected(done.error());
  }
  Entry& entry = found->second;
  for (const auto& [key, has] : entry.pending) {
    has ? set->add(key) : set->remove(key);
  }
  entry.pending = {};
  entry.built_as_of = *done;
  set->optimise();
  entry.set = set;
  entry.bytes = set->bytes();
  bytes_ += entry.bytes;
  Current answer = current(entry);
  evict();
  return answer;
}

KeySetCache::Sequence KeySetCache::bring_up(
    std::unordered_map<std::string, std::shared_ptr<const KeySet>>& sets, Sequence at_least,
    std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  for (auto& [name, set] : sets) {
    const auto found = entries_.find(name);
    if (found == entries_.end() || !found->second.set) return 0;
    at_least = std::max(at_least, found->second.built_as_of);
  }
  const auto is_applied = [&] { return applied_commit_ >= at_least; };
  if (deadline == std::chrono::steady_clock::time_point::max()) {
    applied_.wait(lock, is_applied);
  } else if (!applied_.wait_until(lock, deadline, is_applied)) {
    return 0;
  }
  for (auto& [name, set] : sets) {
    const auto found = entries_.find(name);
    if (found == entries_.end() || !found->second.set) return 0;  // evicted while waiting
    set = current(found->second).set;
  }
  return applied_commit_;
}

void KeySetCache::apply(std::span<const ResourceChange> changes, Sequence commit) {
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
      if (entry.set.use_count() > 1) {
        entry.set = std::make_shared<KeySet>(*entry.set);
      } else {
        // use_count() orders nothing; giving up a reference comes after all that readers, who have
        // given up theirs, did with the set.
        std::shared_ptr<KeySet>(entry.set).reset();
      }
      has ? entry.set->add(change.key) : entry.set->remove(change.key);
    }
  }
  applied_commit_ = commit;
  applied_.notify_all();
}

void KeySetCache::evict() {
  while (bytes_ > bytes_max_ || entries_.size() > entries_max) {
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
