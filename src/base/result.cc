#include "base/result.h"

namespace lightbox {

std::string_view issue_code(ProblemKind kind) {
  switch (kind) {
    case ProblemKind::invalid:
      return "invalid";
    case ProblemKind::forbidden:
      return "forbidden";
    case ProblemKind::not_found:
      return "not-found";
    case ProblemKind::gone:
      return "deleted";
    case ProblemKind::method_not_allowed:
      return "not-supported";
    case ProblemKind::not_acceptable:
      return "not-supported";
    case ProblemKind::request_timeout:
      return "timeout";
    case ProblemKind::conflict:
      return "conflict";
    case ProblemKind::precondition_failed:
      return "conflict";
    case ProblemKind::too_large:
      return "too-long";
    case ProblemKind::uri_too_long:
      return "too-long";
    case ProblemKind::unsupported_media_type:
      return "not-supported";
    case ProblemKind::misdirected:
      return "security";
    case ProblemKind::unprocessable:
      return "processing";
    case ProblemKind::throttled:
      return "throttled";
    case ProblemKind::header_too_large:
      return "too-long";
    case ProblemKind::internal:
      return "exception";
    case ProblemKind::not_supported:
      return "not-supported";
    case ProblemKind::unavailable:
      return "transient";
    case ProblemKind::too_costly:
      return "too-costly";
    case ProblemKind::insufficient_storage:
      return "no-store";
  }
  return "exception";
}

Problem problem(ProblemKind kind, std::string diagnostics) {
  return problem(kind, issue_code(kind), std::move(diagnostics));
}

Problem problem(ProblemKind kind, std::string_view code, std::string diagnostics,
                std::string expression) {
  Problem made{.kind = kind, .issues = {}};
  made.issues.push_back({.severity = Severity::error,
                         .code = code,
                         .diagnostics = std::move(diagnostics),
                         .expression = std::move(expression)});
  return made;
}

}  // namespace lightbox
