#pragma once

// The sets that chains and _has (search_chain.cc) and words (search_filter.cc) gave, for the next
// page of the same search and for others that ask alike. No look at one changed resource can keep
// them current, as key_set.h does with sets of index rows; a set is used for as long as no commit
// has changed a resource of the types that it was made of. Safe from any thread.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "fhir/definitions.h"
#include "store/key_set.h"

namespace lightbox::store {

class KeptSets {
 public:
  explicit KeptSets(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  using Set = std::shared_ptr<const KeySet>;
  // For a snapshot of the commit `as_of`; nullptr: there is none that is right.
  [[nodiscard]] Set find(const std::string& name, std::uint64_t as_of);
  // `types`: of all resources that the set depends on.
  void keep(const std::string& name, Set set, std::uint64_t as_of,
            std::vector<const fhir::ResourceType*> types);

  // By the writer after each commit, in the order of the commits and before anybody is told of it.
  void apply(std::span<const ResourceChange> changes, std::uint64_t commit);

 private:
  struct Entry {
    Set set;
    std::uint64_t as_of = 0;
    std::vector<const fhir::ResourceType*> types;
    std::uint64_t used = 0;
  };
  [[nodiscard]] bool is_current(const Entry& entry, std::uint64_t as_of) const;

  const std::size_t bytes_max_;
  std::atomic<std::uint64_t> applied_ = 0;
  std::array<std::atomic<std::uint64_t>, 1024> changed_{};  // by type number: the last commit
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  std::uint64_t uses_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace lightbox::store
