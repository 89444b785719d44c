#pragma once

// One instance as a Part 10 object in the transfer syntax in which it is to go out.

#include <boost/asio/awaitable.hpp>
#include <string_view>

#include "dicomweb/stored_object.h"

namespace lightbox::dicomweb {

using ingest::InstanceSegments;

// `transfer_syntax` as InstanceForm::transfer_syntax_for gave it. Opens the object: on this thread,
// or in the lane when it takes its time. Fails as StoredObject::open, and as
// dicom::to_explicit_little_endian.
boost::asio::awaitable<Result<InstanceSegments>> instance_segments(
    Api& api, StoredObject& object, std::string_view transfer_syntax);

}  // namespace lightbox::dicomweb
