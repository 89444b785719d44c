#pragma once

// Retrievals of what only other archives have the bytes of: passed on to one that speaks DICOMweb,
// or brought here first.

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <vector>

#include "dicomweb/api.h"
#include "store/dicom_index.h"

namespace lightbox::dicomweb {

enum class Needed : std::uint8_t { metadata, bytes };

// What another archive answers of what the URL names, or why it does not; nullopt: what is needed
// of it is here, or is here now, or there is no such thing.
boost::asio::awaitable<std::optional<http::Response>> answer_from_elsewhere(Call& call,
                                                                            Needed needed);

// Brings these here, all at once. Nothing is done when they are. Fails as ingest::Fetcher::fetch.
boost::asio::awaitable<Result<void>> bring(Api& api, std::vector<store::DicomSelection> selections);

}  // namespace lightbox::dicomweb
