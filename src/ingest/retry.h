#pragma once

// What was refused and kept is tried again by today's rules, as though it had just arrived: of a
// running server (DICOMweb's problems) and of a stopped one (check).

#include "base/result.h"
#include "ingest/archive.h"
#include "store/dicom_index.h"

namespace lightbox::ingest {

// Reads a quarantined object again. When it is taken now, or known, its problems are off the list,
// its file has gone from quarantine, and its study is projected soon. Else it stays there, and the
// list says the reason that stands now, as the Problem does: unprocessable, or conflict; that also
// for a problem with which nothing was kept, and for bytes that a check found damaged, which are
// never taken. Fails as Archive::open_file and Archive::add. Any thread.
Result<Admitted> retry(Archive& archive, const store::DicomProblem& problem);

}  // namespace lightbox::ingest
