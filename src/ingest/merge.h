#pragma once

// A projection merges, it does not overwrite (design, decision 10).

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lightbox::ingest {

// An element or list item that is not what the mapping says.
struct ClientEdit {
  std::string element;  // "ImagingStudy.note[0]"
  enum class Kind : std::uint8_t { added, changed, removed } kind = Kind::changed;
};
struct Merged {
  std::string
      json;  // without id and meta, as `next` is, but for meta's profile, tags and security labels
  bool is_changed = false;  // is it another resource than `current`?
  std::vector<ClientEdit> edits;
};

// The three-way merge of a resource: `base` is what the last projection wrote ("" when there was
// none: then what `current` has and `next` has too is the mapping's, all else is the client's),
// `current` is the stored resource, `next` what the mapping says now. What a client added, changed
// or removed since `base` stays so; all else becomes as in `next`. Items of lists are the same item
// by series.uid and instance.uid, system and value of identifiers, code of codings, reference, else
// by their content. `invalid` when one of them is not a JSON object.
Result<Merged> merge_projection(std::string_view base, std::string_view current,
                                std::string_view next);

}  // namespace lightbox::ingest
