#include "fhir/resource.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <fmt/format.h>
#include <iterator>
#include <utility>

#include "fhir/validate.h"

namespace lightbox::fhir {
namespace {

// Members that the server sets when it sends a resource.
bool is_server_meta(std::string_view key) {
  return key == "versionId" || key == "lastUpdated" || key == "_versionId" || key == "_lastUpdated";
}

// `value` in `width` digits, leading zeros included, at `to`.
void write_digits(std::int64_t value, std::size_t width, char* to) {
  for (std::size_t at = width; at-- > 0; value /= 10) to[at] = static_cast<char>('0' + value % 10);
}

}  // namespace

Result<Resource> parse_resource(std::string_view text, const Limits& limits) {
  TRY(ParsedJson parsed, parse_json_with_duplicates(text, limits));
  std::vector<Issue> issues = std::move(parsed.duplicate_keys);
  const Result<const ResourceType*> type = resource_type_of(*parsed.document.root());
  std::ranges::move(type ? validate(*parsed.document.root(), {}, limits) : type.error().issues,
                    std::back_inserter(issues));
  if (!issues.empty()) return Problem{ProblemKind::invalid, std::move(issues)};
  return Resource{.document = std::move(parsed.document), .type = *type};
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '.';
  });
}

std::string to_stored(const Json& resource) {
  std::string stored;
  stored.reserve(1024);
  bool is_first = true;
  const auto write_member = [&stored](const Json& member) {
    write_json_string(member.key, stored);
    stored += ':';
    write_json(member, stored);
  };
  if (const Json* meta = resource.find("meta")) {
    for (const Json* member = meta->first; member != nullptr; member = member->next) {
      if (is_server_meta(member->key)) continue;
      if (!std::exchange(is_first, false)) stored += ',';
      write_member(*member);
    }
  }
  stored += '}';
  for (const Json* member = resource.first; member != nullptr; member = member->next) {
    if (member->key == "resourceType" || member->key == "id" || member->key == "meta") continue;
    stored += ',';
    write_member(*member);
  }
  stored += '}';
  return stored;
}

void append_resource(const Meta& meta, std::string_view stored, std::string& out) {
  out.reserve(out.size() + stored.size() + meta.type.size() + meta.id.size() + 128);
  out += R"({"resourceType":")";
  out += meta.type;
  out += R"(","id":")";
  out += meta.id;
  out += R"(","meta":{"versionId":")";
  fmt::format_to(std::back_inserter(out), "{}", meta.version);
  out += R"(","lastUpdated":")";
  append_instant(meta.updated_ms, out);
  out += '"';
  if (!stored.starts_with('}')) out += ',';
  out += stored;
}

std::string format_instant(std::int64_t ms) {
  std::string out;
  append_instant(ms, out);
  return out;
}

void append_instant(std::int64_t ms, std::string& out) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds{ms}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  std::array<char, 24> text{"0000-00-00T00:00:00.000"};
  write_digits(static_cast<int>(date.year()), 4, &text[0]);
  write_digits(static_cast<unsigned>(date.month()), 2, &text[5]);
  write_digits(static_cast<unsigned>(date.day()), 2, &text[8]);
  write_digits(clock.hours().count(), 2, &text[11]);
  write_digits(clock.minutes().count(), 2, &text[14]);
  write_digits(clock.seconds().count(), 2, &text[17]);
  write_digits(clock.subseconds().count(), 3, &text[20]);
  text[23] = 'Z';
  out.append(text.data(), text.size());
}

}  // namespace lightbox::fhir
