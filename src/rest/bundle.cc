#include "rest/bundle.h"

#include <fmt/format.h>

#include "base/new_id.h"
#include "fhir/json.h"
#include "fhir/resource.h"
#include "rest/outcome.h"
#include "rest/respond.h"

namespace lightbox::rest {
namespace {

void append_head(std::string_view type, std::optional<std::uint64_t> total,
                 std::span<const Link> links, std::string& out) {
  fmt::format_to(std::back_inserter(out), R"({{"resourceType":"Bundle","id":"{}","type":"{}")",
                 new_id(), type);
  if (total) fmt::format_to(std::back_inserter(out), R"(,"total":{})", *total);
  out += R"(,"link":[)";
  for (const Link& link : links) {
    if (&link != links.data()) out += ',';
    fmt::format_to(std::back_inserter(out), R"({{"relation":"{}","url":)", link.relation);
    fhir::write_json_string(link.url, out);
    out += '}';
  }
  out += ']';
}

void append_full_url(std::string_view base, const store::StoredResource& resource,
                     std::string& out) {
  out += R"("fullUrl":)";
  fhir::write_json_string(fmt::format("{}/{}/{}", base, resource.type->name, resource.id), out);
}

void append_whole(const store::StoredResource& resource, std::string& out) {
  store::append_resource(resource, out);
}

void append_body(const store::StoredResource& resource, const fhir::Subset& subset, fhir::Role role,
                 std::string& out) {
  out += R"(,"resource":)";
  if (subset.kind == fhir::Subset::Kind::whole) return append_whole(resource, out);
  std::string whole;
  append_whole(resource, whole);
  fhir::append_subset(subset, role, *resource.type, whole, out);
}

void append_contained(std::string_view base, const store::ContainedMatch& match,
                      const fhir::Subset& subset, std::string& out) {
  out += R"({"fullUrl":)";
  fhir::write_json_string(fmt::format("{}/{}", base, match.path), out);
  out += R"(,"resource":)";
  if (subset.kind == fhir::Subset::Kind::whole) {
    out += match.json;
  } else {
    fhir::append_subset(subset, fhir::Role::match, *match.type, match.json, out);
  }
  out += R"(,"search":{"mode":"match"}})";
}

std::size_t size_estimate(std::span<const store::StoredResource> resources) {
  std::size_t bytes = 1024;
  for (const auto& resource : resources) bytes += resource.body.size() + 400;
  return bytes;
}

struct Request {
  std::string_view method;
  int status;
};

Request request_of(const store::StoredResource& version) {
  switch (version.method) {
    case store::Method::create:
      return {"POST", 201};
    case store::Method::update:
      return {"PUT", version.version == 1 ? 201 : 200};
    case store::Method::remove:
      return {"DELETE", 204};
  }
  return {"PUT", 200};
}

void append_history_entry(std::string_view base, const store::StoredResource& version,
                          const fhir::Subset& subset, std::string& out) {
  out += '{';
  append_full_url(base, version, out);
  if (version.method != store::Method::remove) {
    append_body(version, subset, fhir::Role::match, out);
  }
  const auto [method, status] = request_of(version);
  const bool is_create = method == "POST";
  fmt::format_to(std::back_inserter(out),
                 R"(,"request":{{"method":"{}","url":"{}{}{}"}},)"
                 R"("response":{{"status":"{}","etag":"W/\"{}\"","lastModified":"{}"}}}})",
                 method, version.type->name, is_create ? "" : "/", is_create ? "" : version.id,
                 status, version.version, fhir::format_instant(version.updated_ms));
}

}  // namespace

std::string searchset(std::string_view base, const store::SearchPage& page,
                      std::span<const Link> links, std::span<const Issue> notes,
                      const fhir::Subset& subset) {
  std::string out;
  out.reserve(size_estimate(page.matches) + size_estimate(page.included));
  append_head("searchset", page.total, links, out);
  char separator = '[';
  // R4 bundle.html: an array is never empty.
  if (!page.matches.empty() || !page.contained.empty() || !notes.empty()) out += R"(,"entry":)";
  const std::size_t on_their_own = page.matches.size() - page.containers;
  for (std::size_t i = 0; i < page.matches.size(); ++i) {
    const auto& match = page.matches[i];
    out += separator;
    separator = ',';
    out += '{';
    append_full_url(base, match, out);
    // The elements of _elements are those of what is searched, and not of what contains it.
    append_body(match, subset, i < on_their_own ? fhir::Role::match : fhir::Role::include, out);
    out += R"(,"search":{"mode":"match"}})";
  }
  for (const auto& match : page.contained) {
    out += separator;
    separator = ',';
    append_contained(base, match, subset, out);
  }
  for (const auto& included : page.included) {
    out += ",{";
    append_full_url(base, included, out);
    append_body(included, subset, fhir::Role::include, out);
    out += R"(,"search":{"mode":"include"}})";
  }
  if (!notes.empty()) {
    out += separator;
    out += R"({"resource":)";
    append_outcome(notes, out);
    out += R"(,"search":{"mode":"outcome"}})";
    separator = ',';
  }
  if (separator == ',') out += ']';
  out += '}';
  return out;
}

std::string history_bundle(std::string_view base, const store::HistoryPage& page,
                           std::span<const Link> links, const fhir::Subset& subset) {
  std::string out;
  out.reserve(size_estimate(page.versions));
  append_head("history", page.total, links, out);
  char separator = '[';
  if (!page.versions.empty()) out += R"(,"entry":)";
  for (const auto& version : page.versions) {
    out += separator;
    separator = ',';
    append_history_entry(base, version, subset, out);
  }
  if (separator == ',') out += ']';
  out += '}';
  return out;
}

}  // namespace lightbox::rest
