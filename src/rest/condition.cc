#include "rest/condition.h"

#include <array>
#include <charconv>
#include <ctime>
#include <fmt/format.h>
#include <vector>

#include "rest/negotiate.h"

namespace lightbox::rest {
namespace {

struct ETags {
  store::VersionSet ours;
  std::optional<std::string_view> wrong;  // what is no ETag
};

ETags parse_etags(std::string_view list) {
  ETags tags;
  if (!list.empty()) tags.ours.kind = store::VersionSet::Kind::listed;
  for (std::string_view item : split_list(list, ',')) {
    std::string_view opaque = item;
    if (opaque.starts_with("W/")) opaque.remove_prefix(2);
    const bool is_quoted = opaque.size() >= 2 && opaque.front() == '"' && opaque.back() == '"';
    if (is_quoted) opaque = opaque.substr(1, opaque.size() - 2);
    std::uint64_t version = 0;
    const auto [end, error] =
        std::from_chars(opaque.data(), opaque.data() + opaque.size(), version);
    if (item == "*") {
      tags.ours.kind = store::VersionSet::Kind::any;
    } else if (error == std::errc{} && end == opaque.data() + opaque.size()) {
      tags.ours.versions.push_back(version);
    } else if (!is_quoted && !tags.wrong) {  // an ETag that none of ours is matches nothing
      tags.wrong = item;
    }
  }
  return tags;
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
  if (!none_match.empty()) return parse_etags(none_match).ours.has(version.version);
  if (request.modified_since_ms) return version.updated_ms <= *request.modified_since_ms;
  const auto since = parse_http_date(request.field("If-Modified-Since"));
  return since && version.updated_ms / 1000 <= *since;
}

Result<store::Preconditions> preconditions(std::string_view if_match,
                                           std::string_view if_none_match) {
  store::Preconditions condition;
  ETags wanted = parse_etags(if_match);
  if (wanted.wrong) return no_etags("If-Match", *wanted.wrong);
  condition.if_match = std::move(wanted.ours);
  ETags unwanted = parse_etags(if_none_match);
  if (unwanted.wrong) return no_etags("If-None-Match", *unwanted.wrong);
  condition.if_none_match = std::move(unwanted.ours);
  return condition;
}

Result<store::Preconditions> preconditions(const http::Request& request) {
  return preconditions(request.field_list("If-Match"), request.field_list("If-None-Match"));
}

}  // namespace lightbox::rest
