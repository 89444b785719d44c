#pragma once

// Frames of one instance as an answer.

#include "dicomweb/accept.h"
#include "dicomweb/api.h"
#include "dicomweb/stored_object.h"

namespace lightbox::dicomweb {

// All of them, in order. The object has been opened.
boost::asio::awaitable<http::Response> respond_with_all_frames(Call& call, const Accept& accept,
                                                               StoredObject& object);

}  // namespace lightbox::dicomweb
