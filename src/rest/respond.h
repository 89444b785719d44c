#pragma once

// What create, read, vread and update have in common: a version of a resource as a response.

#include <optional>
#include <string>

#include "fhir/resource.h"
#include "fhir/subset.h"
#include "http/message.h"
#include "rest/api.h"
#include "store/store.h"

namespace lightbox::rest {

// "W/\"3\""
[[nodiscard]] std::string etag(std::uint64_t version);

// ETag and Last-Modified, the latter also in full.
void add_version_fields(std::uint64_t version, std::int64_t updated_ms, http::Response& response);

// 200 with the resource, or 304 by If-None-Match / If-Modified-Since (R4, http.html#cread).
[[nodiscard]] http::Response version_response(const Call& call,
                                              const store::StoredResource& version,
                                              const fhir::Subset& subset = {});

// The answer to a write: the resource, nothing, or an OperationOutcome, as Prefer asks.
struct Written {
  int status = 200;
  const store::Operation* operation = nullptr;  // its body is the stored form
  store::OperationResult result;
};
[[nodiscard]] http::Response written_response(const Call& call, const Written& written);

// What a delete did, in words; `id` is empty for one with criteria.
[[nodiscard]] std::string describe_removal(const fhir::ResourceType& type, std::string_view id,
                                           const store::OperationResult& result);

// Commits one operation and waits for it without holding the thread.
boost::asio::awaitable<Result<store::OperationResult>> commit(Call& call,
                                                              store::Operation operation);
// The same of several, all or none.
boost::asio::awaitable<store::CommitResult> commit_all(Call& call,
                                                       std::vector<store::Operation> operations);

// The request's body as a checked resource of this type.
Result<fhir::Resource> parse_body(const Call& call, const fhir::ResourceType& type);

}  // namespace lightbox::rest
