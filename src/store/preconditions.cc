#include "store/preconditions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lightbox::store {
namespace {

Problem failed(std::string text) {
  return problem(ProblemKind::precondition_failed, "conflict", std::move(text));
}

std::string describe(const VersionSet& set) {
  if (set.kind == VersionSet::Kind::any) return "any version";
  if (set.versions.empty()) return "a version of another server";
  return fmt::format("version {}", fmt::join(set.versions, " or "));
}

}  // namespace

Result<void> Preconditions::check(const fhir::ResourceType& type, std::string_view id,
                                  VersionState current) const {
  if (if_match.is_asked()) {
    if (current.version == 0 || (if_match.kind == VersionSet::Kind::any && !current.is_live)) {
      return failed(fmt::format("{}/{} does not exist, but If-Match asks for {}", type.name, id,
                                describe(if_match)));
    }
    if (!if_match.has(current.version)) {
      return failed(fmt::format("{}/{} has version {}, but If-Match asks for {}", type.name, id,
                                current.version, describe(if_match)));
    }
  }
  if (current.is_live && if_none_match.has(current.version)) {
    return failed(fmt::format("{}/{} exists already, with version {}, which If-None-Match excludes",
                              type.name, id, current.version));
  }
  return {};
}

}  // namespace lightbox::store
