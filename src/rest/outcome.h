#pragma once

// Problems as HTTP responses: issues as an OperationOutcome (R4, operationoutcome.html).

#include <span>
#include <string>

#include "base/result.h"
#include "http/message.h"
#include "rest/negotiate.h"

namespace lightbox::rest {

// Appends an OperationOutcome as compact JSON.
void append_outcome(std::span<const Issue> issues, std::string& out);

// The same of one issue that tells of something and asks for nothing.
void append_information(std::string diagnostics, std::string& out);

[[nodiscard]] http::Response problem_response(const Problem& problem, const Negotiated& wants = {});

// A resource as compact JSON, in the format and layout that the client wants, with its content
// type: the one place where an answer becomes XML.
[[nodiscard]] http::Response json_response(int status, std::string body, const Negotiated& wants);

}  // namespace lightbox::rest
