#include "rest/condition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <fmt/format.h>
#include <vector>

#include "rest/negotiate.h"

namespace lightbox::rest {
namespace {

struct ETags {
  bool is_any = false;                    // *
  std::vector<std::uint64_t> versions;    // of those that can be one of ours
  bool has_others = false;                // an ETag that none of ours is
  std::optional<std::string_view> wrong;  // what is no ETag
};

ETags parse_etags(std::string_view list) {
  ETags tags;
  for (std::string_view item : split_list(list, ',')) {
    std::string_view opaque = item;
    if (opaque.starts_with("W/")) opaque.remove_prefix(2);
    const bool is_quoted = opaque.size() >= 2 && opaque.front() == '"' && opaque.back() == '"';
    if (is_quoted) opaque = opaque.substr(1, opaque.size() - 2);
    std::uint64_t version = 0;
    const auto [end, error] =
        std::from_chars(opaque.data(), opaque.data() + opaque.size(), version);
    if (item == "*") {
      tags.is_any = true;
    } else if (error == std::errc{} && end == opaque.data() + opaque.size()) {
      tags.versions.push_back(version);
    } else if (is_quoted) {
      tags.has_others = true;
    } else if (!tags.wrong) {
      tags.wrong = item;
    }
  }
  return tags;
}

bool has(const ETags& tags, std::uint64_t version) {
  return tags.is_any || std::ranges::find(tags.versions, version) != tags.versions.end();
}

// The current version; nullopt when there is none, or it is deleted.
Result<std::optional<std::uint64_t>> current_version(const Call& call,
                                                     const fhir::ResourceType& type,
                                                     std::string_view id) {
  const auto found = call.api.store().read(type, id);
  if (found) return std::optional(found->version);
  const ProblemKind kind = found.error().kind;
  if (kind == ProblemKind::not_found || kind == ProblemKind::gone) {
    return std::optional<std::uint64_t>();
  }
  return found.error();
}

Problem failed(const fhir::ResourceType& type, std::string_view id, std::string_view field,
               std::string_view value, std::optional<std::uint64_t> current) {
  const std::string is = current ? fmt::format("has version {}", *current) : "does not exist";
  return problem(ProblemKind::precondition_failed,
                 fmt::format("{}/{} {}, but {} is '{}'", type.name, id, is, field, value));
}

Problem no_etags(std::string_view field, std::string_view wrong) {
  return problem(
      ProblemKind::invalid, "value",
      fmt::format("{} has '{}'; it must be ETags of this server, such as W/\"3\"", field, wrong));
}

}  // namespace

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  // RFC 9110 5.6.7: as it is sent today, by RFC 850, and by C's asctime.
  static constexpr std::array forms = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
                                       "%a %b %e %H:%M:%S %Y"};
  const std::string copy(text);
  for (const char* form : forms) {
    std::tm parts{};
    const char* end = strptime(copy.c_str(), form, &parts);
    if (end != nullptr && *end == '\0') return timegm(&parts);
  }
  return std::nullopt;
}

// RFC 9110 13.2.2: If-Modified-Since is heard only without If-None-Match.
bool is_not_modified(const http::Request& request, const store::StoredResource& version) {
  const std::string none_match = request.field_list("If-None-Match");
  if (!none_match.empty()) return has(parse_etags(none_match), version.version);
  const auto since = parse_http_date(request.field("If-Modified-Since"));
  return since && version.updated_ms / 1000 <= *since;
}

Result<WriteCondition> write_condition(const Call& call, const fhir::ResourceType& type,
                                       std::string_view id) {
  WriteCondition condition;
  const std::string match = call.request.field_list("If-Match");
  const ETags wanted = parse_etags(match);
  if (wanted.wrong) return no_etags("If-Match", *wanted.wrong);
  if (wanted.versions.size() == 1 && !wanted.is_any && !wanted.has_others) {
    condition.if_version = wanted.versions.front();
  } else if (!match.empty()) {
    // The store compares with one version: that of the list which is current now.
    TRY(const auto current, current_version(call, type, id));
    if (!current || !has(wanted, *current)) return failed(type, id, "If-Match", match, current);
    condition.if_version = current;
  }
  const std::string none_match = call.request.field_list("If-None-Match");
  const ETags unwanted = parse_etags(none_match);
  if (unwanted.wrong) return no_etags("If-None-Match", *unwanted.wrong);
  condition.if_absent = unwanted.is_any;
  if (!unwanted.versions.empty() && !unwanted.is_any) {
    TRY(const auto current, current_version(call, type, id));
    if (current && has(unwanted, *current)) {
      return failed(type, id, "If-None-Match", none_match, current);
    }
  }
  return condition;
}

}  // namespace lightbox::rest
