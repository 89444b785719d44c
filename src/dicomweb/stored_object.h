#pragma once

// An instance of the archive that is to be read for an answer (ingest/stored_object.h).

#include <boost/asio/awaitable.hpp>

#include "dicomweb/api.h"
#include "ingest/stored_object.h"

namespace lightbox::dicomweb {

using ingest::StoredObject;

// Opens it: on this thread, or in the lane when that takes its time.
boost::asio::awaitable<Result<void>> open(Api& api, StoredObject& object);

}  // namespace lightbox::dicomweb
