#pragma once

// A whole instance in another transfer syntax (ingest/transcode_instance.h), in the pixel lane.

#include <boost/asio/awaitable.hpp>
#include <string>

#include "dicomweb/instance_segments.h"

namespace lightbox::dicomweb {

// The object must have been opened. Fails as ingest::InstanceTranscoder.
boost::asio::awaitable<Result<InstanceSegments>> transcode_instance(Api& api, StoredObject& object,
                                                                    std::string transfer_syntax);

}  // namespace lightbox::dicomweb
