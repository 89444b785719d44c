#pragma once

// Frames in another transfer syntax as an answer.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dicomweb/api.h"
#include "dicomweb/frame_form.h"
#include "dicomweb/stored_object.h"

namespace lightbox::dicomweb {

// `frames` are counted from 1 and must be there; the object has been opened. Fails as Transcoder.
boost::asio::awaitable<Result<http::Response>> respond_with_transcoded(
    Api& api, StoredObject object, std::vector<std::uint32_t> frames, FrameForm form,
    std::string url);

}  // namespace lightbox::dicomweb
