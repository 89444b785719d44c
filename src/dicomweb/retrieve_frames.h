#pragma once

// Frames of one instance as an answer.

#include "dicomweb/accept.h"
#include "dicomweb/api.h"
#include "dicomweb/stored_object.h"

namespace lightbox::dicomweb {

// All of them, in order. The object has been opened. not_found, not_acceptable.
Result<http::Response> respond_with_all_frames(const Call& call, const Accept& accept,
                                               StoredObject& object);

}  // namespace lightbox::dicomweb
