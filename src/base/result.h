#pragma once

// Failures as values. A Problem is what went wrong, in terms that every layer shares; it becomes an
// HTTP status in one place (http/status.cc) and a DIMSE status in another.
// Problems are for expected failures: bad input, a missing resource, a full disk. Errors of the
// programmer are assertions. Libraries' exceptions are caught at the library's edge.

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lightbox {

// What a caller can do about it. The comment names the HTTP status (http/status.cc).
enum class ProblemKind {
  invalid,                 // 400: the request or its content is wrong
  forbidden,               // 403
  not_found,               // 404
  gone,                    // 410: it was there and has been deleted
  method_not_allowed,      // 405: the id or URL does not allow this interaction
  not_acceptable,          // 406
  request_timeout,         // 408
  conflict,                // 409
  precondition_failed,     // 412
  too_large,               // 413
  uri_too_long,            // 414
  unsupported_media_type,  // 415
  misdirected,             // 421: a Host that is not ours
  unprocessable,           // 422: well-formed, but breaks a rule of the resource's type
  throttled,               // 429
  header_too_large,        // 431
  internal,                // 500
  not_supported,           // 501
  unavailable,             // 503: try again later (also: writes stopped after a failed fsync)
  too_costly,              // 503: the search needed more time than it is allowed
  insufficient_storage,    // 507: no room on the disk
};

enum class Severity { fatal, error, warning, information };

// One finding, as OperationOutcome.issue (R4, operationoutcome.html).
struct Issue {
  Severity severity = Severity::error;
  std::string_view code;    // of http://hl7.org/fhir/issue-type; a literal
  std::string diagnostics;  // what is wrong, the value, and what would be right
  std::string expression;   // FHIRPath-style: "ImagingStudy.series[2].uid"; may be empty
};

struct Problem {
  ProblemKind kind = ProblemKind::internal;
  std::vector<Issue> issues;  // never empty
};

// The issue-type code that goes with a kind when there is nothing more exact to say.
[[nodiscard]] std::string_view issue_code(ProblemKind kind);

// A Problem with one issue of severity error.
[[nodiscard]] Problem problem(ProblemKind kind, std::string diagnostics);
[[nodiscard]] Problem problem(ProblemKind kind, std::string_view code, std::string diagnostics,
                              std::string expression = {});

template <typename T>
class [[nodiscard]] Result : public std::expected<T, Problem> {
 public:
  using std::expected<T, Problem>::expected;
  Result(Problem problem) : std::expected<T, Problem>(std::unexpected(std::move(problem))) {}
};

}  // namespace lightbox

// TRY(auto x, expression): x is the value, or the enclosing function returns the problem.
#define LIGHTBOX_CONCAT_(a, b) a##b
#define LIGHTBOX_CONCAT(a, b) LIGHTBOX_CONCAT_(a, b)
#define TRY_IMPL(result, declaration, ...)                          \
  auto result = (__VA_ARGS__);                                      \
  if (!(result)) return std::unexpected(std::move(result).error()); \
  declaration = std::move(*(result))
#define TRY(declaration, ...) \
  TRY_IMPL(LIGHTBOX_CONCAT(try_result_, __LINE__), declaration, __VA_ARGS__)
#define TRY_DO(...)                                                         \
  do {                                                                      \
    auto try_result = (__VA_ARGS__);                                        \
    if (!try_result) return std::unexpected(std::move(try_result).error()); \
  } while (false)
