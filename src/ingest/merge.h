#pragma once

// A projection merges, it does not overwrite (design, decision 10). It knows no resource type.

#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"

namespace lightbox::ingest {

// An element or list item that is not what the mapping says.
struct ClientEdit {
  std::string element;  // "ImagingStudy.note[0]": of the merged resource; of a removed one where it
                        // would be in `next`
  enum class Kind : std::uint8_t { added, changed, removed } kind = Kind::changed;
  friend bool operator==(const ClientEdit&, const ClientEdit&) = default;
};
struct Merged {
  // Without id and meta, as `next` is, but for meta's profiles, tags and security labels. When
  // nothing is changed, in the order of `current`.
  std::string json;
  bool is_changed = false;  // is it another resource than `current`?
  std::vector<ClientEdit> edits;
};

// The three-way merge of a resource: `base` is what the last projection wrote ("" when there was
// none: then what `current` has and `next` has too is the mapping's, all else is the client's),
// `current` is the stored resource, `next` what the mapping says now. What a client added, changed
// or removed since `base` stays so; all else becomes as in `next`. `invalid` when one of them is
// not a JSON object.
//
// Items of lists are the same item by series.uid and instance.uid, system and value of identifiers,
// system and code of codings, reference, else by their content (merge_item.h). Objects are merged
// member by member when they are the same item; else the client's stands whole. Lists are in the
// order of `next`; what a client added stays behind the item that it was added after.
//
// A series or instance that is no longer in `next`, and was in `base`, goes, whatever a client
// changed in it: the archive does not have it.
//
// Takes time that grows with the three texts. Limits do not count here, but where the result is
// checked.
Result<Merged> merge_projection(std::string_view base, std::string_view current,
                                std::string_view next);

// Those of JSON that the server made itself, which its size bounds: what was written under other
// limits can still be read.
[[nodiscard]] Limits limits_of_own(std::string_view json);

}  // namespace lightbox::ingest
