#pragma once

// The second half of a check: what becomes of its findings. One thread at a time.

#include "ingest/check.h"

namespace lightbox::ingest {

// Rows without a good file first, then unindexed files, which may be what those rows lack.
Result<void> repair_findings(Archive& archive, const CheckOptions& options, CheckReport& report);

// As problems of kind `check`; those of earlier checks that have been mended are taken away.
Result<void> list_findings(Archive& archive, const CheckReport& report);

}  // namespace lightbox::ingest
