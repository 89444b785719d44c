#pragma once

#include <string>

namespace lightbox {

// A new logical id: a UUID of version 7 (RFC 9562 5.7). It begins with the time, so that new ids
// lie side by side in the store's index. Safe from any thread.
[[nodiscard]] std::string new_id();

}  // namespace lightbox
