#pragma once

// If-Match and If-None-Match of a write (R4, http.html#concurrency; RFC 9110 13.1): what the
// resource's current version must be, and must not be. The writer checks them in its transaction,
// so of many writers with the same If-Match one wins.

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fhir/definitions.h"

namespace lightbox::store {

// Versions of one resource. A deletion is a version too, but `any` (*) means one that is not
// deleted.
struct VersionSet {
  enum class Kind : std::uint8_t { unasked, listed, any };
  Kind kind = Kind::unasked;
  std::vector<std::uint64_t> versions = {};

  static VersionSet of(std::uint64_t version) { return {Kind::listed, {version}}; }
  [[nodiscard]] bool is_asked() const { return kind != Kind::unasked; }
  [[nodiscard]] bool has(std::uint64_t version) const {
    return kind == Kind::any || std::ranges::find(versions, version) != versions.end();
  }
};

// A resource's newest version; 0: there never was one.
struct VersionState {
  std::uint64_t version = 0;
  bool is_live = false;  // there, and not deleted
};

struct Preconditions {
  VersionSet if_match = {};       // one of these is the current version
  VersionSet if_none_match = {};  // none of these is

  // precondition_failed, naming the resource and its version.
  [[nodiscard]] Result<void> check(const fhir::ResourceType& type, std::string_view id,
                                   VersionState current) const;
};

}  // namespace lightbox::store
