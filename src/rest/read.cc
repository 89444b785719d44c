// read and vread (R4, http.html#read, #vread), with their conditions (#cread).

#include <array>
#include <charconv>
#include <fmt/format.h>

#include "fhir/resource.h"
#include "rest/outcome.h"
#include "rest/published.h"
#include "rest/respond.h"
#include "rest/routes.h"
#include "store/dicom_index.h"

namespace lightbox::rest {
namespace {

// GET [type]/_name looks like a read.
Result<void> check_is_read(const Call& call) {
  const std::string& id = call.captures[1];
  if (!id.starts_with('_')) return {};
  return problem(ProblemKind::not_found, "not-supported",
                 fmt::format("{}/{} is not one of this server's interactions and operations; see "
                             "/metadata for what is",
                             call.captures[0], id));
}

Result<store::StoredResource> find(const Call& call) {
  TRY(const auto* type, call.type(0));
  TRY_DO(check_is_read(call));
  const std::string& id = call.captures[1];
  return or_published(call.api.store().read(*type, id), *type, id, publisher_of(call));
}

Result<store::StoredResource> find_version(const Call& call) {
  TRY(const auto* type, call.type(0));
  const std::string& text = call.captures[2];
  std::uint64_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return problem(ProblemKind::not_found,
                   fmt::format("There is no version '{}'; versions are numbers from 1", text));
  }
  const std::string& id = call.captures[1];
  auto found = call.api.store().read_version(*type, id, version);
  return version == 1 ? or_published(std::move(found), *type, id, publisher_of(call)) : found;
}

// What a client had created before its images came has an id of its own: it is found by the
// StudyInstanceUID too (design, decision 1).
std::optional<http::Response> redirect(const Call& call, const Problem& problem) {
  if (problem.kind != ProblemKind::not_found && problem.kind != ProblemKind::gone) {
    return std::nullopt;
  }
  const std::string& uid = call.captures[1];
  const auto identity = call.api.store().dicom().identity(store::IdentityKind::study, uid);
  if (!identity || !*identity || (*identity)->type->name != call.captures[0]) return std::nullopt;
  const std::string& id = (*identity)->id;
  if (id == uid || !call.api.store().read(*(*identity)->type, id)) return std::nullopt;
  const std::string url = fmt::format("{}/{}/{}", call.base, call.captures[0], id);
  std::string body;
  append_information(fmt::format("The study of this UID is {}", url), body);
  auto response = json_response(307, std::move(body), call.wants);
  response.fields.emplace_back("Location", url);
  return response;
}

http::Response respond(const Call& call, const Result<store::StoredResource>& found) {
  if (!found) return problem_response(found.error(), call.wants);
  const std::array types = {found->type};
  const auto subset = fhir::parse_subset(call.parameters, types);
  if (!subset) return problem_response(subset.error(), call.wants);
  return version_response(call, *found, *subset);
}

}  // namespace

boost::asio::awaitable<http::Response> read(Call& call) {
  const auto found = find(call);
  if (!found) {
    if (auto elsewhere = redirect(call, found.error())) co_return std::move(*elsewhere);
  }
  co_return respond(call, found);
}

boost::asio::awaitable<http::Response> vread(Call& call) {
  co_return respond(call, find_version(call));
}

}  // namespace lightbox::rest
