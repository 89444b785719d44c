#pragma once

// A whole instance in another transfer syntax, frame by frame in the pixel lane. Its bytes lie in
// memory while they are few, then in a file without a name.

#include <boost/asio/awaitable.hpp>
#include <string>

#include "dicomweb/instance_segments.h"

namespace lightbox::dicomweb {

// The object must have been opened. Fails as Transcoder; `insufficient_storage`.
boost::asio::awaitable<Result<InstanceSegments>> transcode_instance(Api& api, StoredObject& object,
                                                                    std::string transfer_syntax);

}  // namespace lightbox::dicomweb
