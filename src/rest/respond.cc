#include "rest/respond.h"

#include <fmt/format.h>

#include "fhir/resource.h"
#include "fhir/xml_read.h"
#include "http/response_head.h"
#include "rest/condition.h"
#include "rest/outcome.h"

namespace lightbox::rest {
namespace {

std::string resource_text(const fhir::ResourceType& type, std::string_view id,
                          std::uint64_t version, std::int64_t updated_ms, std::string_view body) {
  std::string text;
  text.reserve(body.size() + 160);
  fhir::append_resource({.type = type.name, .id = id, .version = version, .updated_ms = updated_ms},
                        body, text);
  return text;
}

}  // namespace

std::string etag(std::uint64_t version) { return fmt::format("W/\"{}\"", version); }

void add_version_fields(std::uint64_t version, std::int64_t updated_ms, http::Response& response) {
  response.fields.emplace_back("ETag", etag(version));
  response.fields.emplace_back("Last-Modified", http::http_date(updated_ms / 1000));
  response.modified_ms = updated_ms;
}

http::Response version_response(const Call& call, const store::StoredResource& version,
                                const fhir::Subset& subset) {
  http::Response response;
  if (is_not_modified(call.request, version)) {
    response.status = 304;
    response.fields.emplace_back("Vary", "Accept");
  } else {
    std::string text =
        resource_text(*version.type, version.id, version.version, version.updated_ms, version.body);
    if (subset.kind != fhir::Subset::Kind::whole) {
      std::string shaped;
      fhir::append_subset(subset, fhir::Role::match, *version.type, text, shaped);
      text = std::move(shaped);
    }
    response = json_response(200, std::move(text), call.wants);
  }
  add_version_fields(version.version, version.updated_ms, response);
  return response;
}

http::Response written_response(const Call& call, const Written& written) {
  const store::Operation& operation = *written.operation;
  const store::OperationResult& result = written.result;
  http::Response response{.status = written.status, .fields = {}, .body = {}};
  switch (call.wants.prefer_return) {
    case PreferReturn::minimal:
      break;
    case PreferReturn::representation:
      response = json_response(written.status,
                               resource_text(*operation.type, operation.id, result.version,
                                             result.updated_ms, operation.body),
                               call.wants);
      break;
    case PreferReturn::operation_outcome: {
      std::string body;
      append_information(fmt::format("{}/{} is stored as version {}", operation.type->name,
                                     operation.id, result.version),
                         body);
      response = json_response(written.status, std::move(body), call.wants);
      break;
    }
  }
  add_version_fields(result.version, result.updated_ms, response);
  response.fields.emplace_back(
      "Location", fmt::format("{}/{}/{}/_history/{}", call.base, operation.type->name, operation.id,
                              result.version));
  return response;
}

std::string describe_removal(const fhir::ResourceType& type, std::string_view id,
                             const store::OperationResult& result) {
  if (id.empty()) return fmt::format("{} {} deleted", result.removed, type.name);
  const bool was_there = result.outcome == store::OperationResult::Outcome::removed;
  return fmt::format("{}/{} {}", type.name, id, was_there ? "was deleted" : "was not there");
}

boost::asio::awaitable<Result<store::OperationResult>> commit(Call& call,
                                                              store::Operation operation) {
  std::vector<store::Operation> operations;
  operations.push_back(std::move(operation));
  auto pending = commit_all(call, std::move(operations));
  auto result = co_await std::move(pending);
  if (!result) co_return std::move(result).error();
  co_return std::move(result->front());
}

boost::asio::awaitable<store::CommitResult> commit_all(Call& call,
                                                       std::vector<store::Operation> operations) {
  auto shared = std::make_shared<std::vector<store::Operation>>(std::move(operations));
  store::Store& store = call.api.store();
  std::function<void(std::function<void(store::CommitResult)>)> start =
      [&store, shared](std::function<void(store::CommitResult)> done) {
        store.commit(std::move(*shared), std::move(done));
      };
  return http::await_callback<store::CommitResult>(std::move(start));
}

Result<fhir::Resource> parse_body(const Call& call, const fhir::ResourceType& type) {
  TRY(const Format format, content_format(call.request));
  if (call.request.body.empty()) {
    return problem(
        ProblemKind::invalid, "required",
        fmt::format("The request has no body; it must be one {} as JSON or XML", type.name));
  }
  const auto parse = format == Format::xml ? fhir::parse_resource_xml : fhir::parse_resource;
  TRY(auto resource, parse(call.request.body, call.api.options().limits));
  if (resource.type != &type) {
    return problem(ProblemKind::invalid, "invalid",
                   fmt::format("The body is of resourceType '{}', but the URL says '{}'",
                               resource.type->name, type.name),
                   std::string(resource.type->name));
  }
  return resource;
}

}  // namespace lightbox::rest
