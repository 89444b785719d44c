#pragma once

// A place in the results of a search, and its form as the opaque text of a next link: base64url of
// a version, the hash of the query that it belongs to, and the place. Paging goes by place, never
// by offset, so a match that does not change is seen exactly once while others write.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace lightbox::store {

struct SortValue {
  bool has = false;  // without a value: last, in both directions
  std::variant<std::int64_t, double, std::string> value;
  bool operator==(const SortValue&) const = default;
};

struct Place {
  std::vector<SortValue> values;  // one for each sort key; none in the type's own order
  std::int64_t ord = 0;
  std::int64_t key = 0;
  bool operator==(const Place&) const = default;
};

// Which of two places comes first. Every order ends with (ord, key), so it is total.
struct Ordering {
  enum class Mode : std::uint8_t {
    natural,   // by (ord, key)
    reversed,  // backward, but those without the order parameter stay last, forward
    keys,      // by values; ties of a single descending key are backward too
  };
  Mode mode = Mode::natural;
  std::vector<bool> descending;  // of each sort key
  bool ends_backward = false;    // the last of several keys is the type's order, backward

  [[nodiscard]] bool before(const Place& a, const Place& b) const;
};

[[nodiscard]] std::string encode_cursor(const Place& place, std::uint64_t query_hash);
// `invalid` when it is not a cursor, or one of another query.
Result<Place> decode_cursor(std::string_view text, std::uint64_t query_hash,
                            const Ordering& ordering);

}  // namespace lightbox::store
