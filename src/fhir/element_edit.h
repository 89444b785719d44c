#pragma once

// Elements in a resource's JSON, changed: a primitive is a member and its sibling "_name" with id
// and extensions; a list of primitives is two arrays of one length, with null where one has nothing
// (R4, json.html#primitive). Not thread-safe: a tree is one thread's.

#include <cstddef>

#include "fhir/definitions.h"
#include "fhir/json.h"

namespace lightbox::fhir {

// One element or item of a list, made in the document that it is put into.
struct ElementContent {
  Json* value = nullptr;   // nullptr: a primitive that has extensions only
  Json* extras = nullptr;  // of a primitive: id and extension; nullptr: none
};

// Whether `owner` has the element, of whatever type.
[[nodiscard]] bool has_element(const Json& owner, const Element& element);
// How many items the list has.
[[nodiscard]] std::size_t list_size(const Json& owner, const ElementType& type);

// Sets an element that is no list; in the place of the old one, if there is one.
void set_element(JsonDocument& document, Json& owner, const Element& element,
                 const ElementType& type, const ElementContent& content);
void remove_element(Json& owner, const Element& element);

// Of a list; it is made or removed as needed. Indexes must be within it (insert: or at its end).
void insert_item(JsonDocument& document, Json& owner, const ElementType& type, std::size_t index,
                 const ElementContent& content);
void replace_item(JsonDocument& document, Json& owner, const ElementType& type, std::size_t index,
                  const ElementContent& content);
void remove_item(JsonDocument& document, Json& owner, const ElementType& type, std::size_t index);
void move_item(JsonDocument& document, Json& owner, const ElementType& type, std::size_t from,
               std::size_t to);

// Takes `emptied`, an object below `root` without members, out of it, and what is empty without it:
// FHIR has no empty elements (R4, json.html). Visits every node at most.
void remove_emptied(JsonDocument& document, Json& root, const Json& emptied);

// The object with id and extensions of a primitive; made if it is not there. `index` is its place
// in a list.
[[nodiscard]] Json& extras_of(JsonDocument& document, Json& owner, const Element& element,
                              const ElementType& type, std::size_t index);

}  // namespace lightbox::fhir
