#include "dicomweb/failure_reason.h"

namespace lightbox::dicomweb {

FailureReason failure_reason_of(const ingest::Admitted& admitted) {
  if (admitted.outcome == ingest::Admitted::Outcome::conflict) {
    return FailureReason::duplicate_instance;
  }
  switch (admitted.problem.kind) {
    case ProblemKind::insufficient_storage:
    case ProblemKind::unavailable:
    case ProblemKind::throttled:
      return FailureReason::out_of_resources;
    case ProblemKind::too_large:
      return FailureReason::too_large;
    case ProblemKind::precondition_failed:
      return FailureReason::study_mismatch;
    case ProblemKind::not_found:
      return FailureReason::missing_bulk_data;
    case ProblemKind::unsupported_media_type:
      return FailureReason::unsupported_transfer_syntax;
    case ProblemKind::not_supported:
      return FailureReason::unreferenced_part;
    case ProblemKind::invalid:
    case ProblemKind::unprocessable:
      return FailureReason::cannot_understand;
    default:
      return FailureReason::processing_failure;
  }
}

}  // namespace lightbox::dicomweb
