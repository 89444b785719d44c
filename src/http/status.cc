#include "http/status.h"

namespace lightbox::http {

int status_of(ProblemKind kind) {
  switch (kind) {
    case ProblemKind::invalid:
      return 400;
    case ProblemKind::forbidden:
      return 403;
    case ProblemKind::not_found:
      return 404;
    case ProblemKind::method_not_allowed:
      return 405;
    case ProblemKind::not_acceptable:
      return 406;
    case ProblemKind::request_timeout:
      return 408;
    case ProblemKind::conflict:
      return 409;
    case ProblemKind::gone:
      return 410;
    case ProblemKind::precondition_failed:
      return 412;
    case ProblemKind::too_large:
      return 413;
    case ProblemKind::uri_too_long:
      return 414;
    case ProblemKind::unsupported_media_type:
      return 415;
    case ProblemKind::misdirected:
      return 421;
    case ProblemKind::unprocessable:
      return 422;
    case ProblemKind::throttled:
      return 429;
    case ProblemKind::header_too_large:
      return 431;
    case ProblemKind::internal:
      return 500;
    case ProblemKind::not_supported:
      return 501;
    case ProblemKind::unavailable:
      return 503;
    case ProblemKind::too_costly:
      return 503;
    case ProblemKind::insufficient_storage:
      return 507;
  }
  return 500;
}

}  // namespace lightbox::http
