#pragma once

// The second half of a check: what becomes of its findings. One thread at a time.

#include <string_view>

#include "ingest/check.h"

namespace lightbox::ingest {

// The issue-type code of what a check has put in quarantine because its bytes are not those that
// arrived. It is never retried: it may read well.
inline constexpr std::string_view damaged_code = "exception";

// Rows without a good file first, then unindexed files, which may be what those rows lack.
Result<void> repair_findings(Archive& archive, const CheckOptions& options, CheckReport& report);

// As problems of kind `check`; those of earlier checks that have been mended are taken away.
Result<void> list_findings(Archive& archive, const CheckReport& report);

}  // namespace lightbox::ingest
