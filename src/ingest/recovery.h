#pragma once

// What the arrivals log has after a crash is taken in again: its file and its row may be on the
// disk, or either, or neither, or a part of the file.

#include "base/result.h"
#include "ingest/archive.h"
#include "ingest/arrival_log.h"

namespace lightbox::ingest {

// Once more for the same is harmless. What Archive::add refuses is listed as there; fails when it
// cannot be kept.
Result<void> recover(Archive& archive, const Arrival& arrival);

}  // namespace lightbox::ingest
