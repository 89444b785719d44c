#pragma once

// FHIR's XML format out (R4, xml.html). Pure; safe from any thread.

#include <string>
#include <string_view>

#include "base/result.h"
#include "fhir/json.h"

namespace lightbox::fhir {

enum class XmlStyle { compact, pretty };

// The resource as a whole XML document in UTF-8: elements in the order of the definitions,
// narrative as it is but for HTML's named entities, which XML lacks: they become numbers. A
// character that XML 1.0 cannot express (U+FFFE, a control character) becomes U+FFFD. pretty
// indents by two spaces.
//
// Fails with kind `internal` when the tree is no resource of R4 (something that
// validate would have found); it need not be valid otherwise.
Result<std::string> write_xml(const Json& resource, XmlStyle style = XmlStyle::compact);

}  // namespace lightbox::fhir
