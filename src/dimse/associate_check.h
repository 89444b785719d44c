#pragma once

// Whether the body of an A-ASSOCIATE-RQ or A-ASSOCIATE-AC PDU (PS3.8 9.3.2 and 9.3.3) is
// well-formed: all items lie within those around them, presentation contexts have distinct odd ids.
// Looked at before DCMTK does, whose parser loses memory with every one that breaks these rules.
// Pure.

#include <string_view>

namespace lightbox::dimse {

// `body`: what follows the PDU's own length.
[[nodiscard]] bool is_well_formed_associate(std::string_view body);
// The same of an answer: an accepted presentation context has one transfer syntax.
[[nodiscard]] bool is_well_formed_accept(std::string_view body);

}  // namespace lightbox::dimse
