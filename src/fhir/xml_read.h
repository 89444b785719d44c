#pragma once

// FHIR's XML format in (R4, xml.html): XML becomes the tree that the same content has in JSON. The
// definitions table says what is an attribute, a list, a number or a choice. Pure functions of
// their input; safe from any thread.

#include <string_view>

#include "base/limits.h"
#include "base/result.h"
#include "fhir/json.h"
#include "fhir/resource.h"

namespace lightbox::fhir {

// Reads one resource, as parse_json does: repeating elements become arrays, a primitive's id and
// extensions the member "_name", numbers keep their text and a narrative its markup. A leading byte
// order mark is skipped.
//
// Fails with kind `invalid`. A text that is not well-formed XML, has a DOCTYPE, is nested too deep
// (json_depth_max) or has too many values (json_nodes_max) has one issue, with line and column.
// What XML demands beyond JSON is listed all at once, with expression, line and column: the
// namespace http://hl7.org/fhir, the order of the elements, no unknown elements and attributes, no
// text outside the attribute `value`.
Result<JsonDocument> parse_xml(std::string_view text, const Limits& limits = {});

// parse_xml and the checks of parse_resource (resource.h): the findings of both.
Result<Resource> parse_resource_xml(std::string_view text, const Limits& limits = {});

}  // namespace lightbox::fhir
