#pragma once

// What makes two items of a list the same one. Pure functions; safe from any thread.

#include <string>
#include <vector>

#include "fhir/json.h"

namespace lightbox::ingest {

// Begins with a letter that says what kind of key it is, so that keys of different kinds differ.
//   u:<uid>              of a series or instance
//   r:<reference>        of a Reference
//   i:<system>|<value>   of an Identifier
//   c:<system>|<code>    of a Coding
//   =<content>           of all else, whatever the order of its members
[[nodiscard]] std::string item_key(const fhir::Json& item);

// The keys of an array's items, in order. The second item of the same key has another, and so on.
[[nodiscard]] std::vector<std::string> item_keys(const fhir::Json& array);

}  // namespace lightbox::ingest
