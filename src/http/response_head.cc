#include "http/response_head.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <optional>

#include "http/media_type.h"
#include "http/response_body.h"
#include "http/text.h"

namespace lightbox::http {
namespace {

bool is_the_servers(std::string_view field_name) {
  switch (field_name.size()) {
    case 4:
      return equals_ignoring_case(field_name, "Date");
    case 10:
      return equals_ignoring_case(field_name, "Connection");
    case 14:
      return equals_ignoring_case(field_name, "Content-Length");
    case 17:
      return equals_ignoring_case(field_name, "Transfer-Encoding");
    default:
      return false;
  }
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_field_character);
}

void append_number(std::uint64_t number, std::string& out) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

std::pair<std::string, std::string>* find(Fields& fields, std::string_view wanted) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& field) {
    return equals_ignoring_case(field.first, wanted);
  });
  return found == fields.end() ? nullptr : &*found;
}

// nullopt: it is not known before its end.
std::optional<std::uint64_t> body_size(const Response& response) {
  return response.stream ? response.stream->size() : response.body.size();
}

// Text shrinks; images and archives are compressed already. Of a multipart body, its parts' type
// tells.
bool is_compressible(std::string_view content_type) {
  std::string_view parameters = content_type;
  const std::string_view media_type = take_until(';', parameters);
  std::string lowered(media_type);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), to_lower);
  if (lowered == "multipart/related") {
    const auto whole = parse_media_type(content_type);
    if (!whole) return false;
    lowered = whole->parameter("type");
  }
  if (lowered.starts_with("text/") || lowered.ends_with("+json") || lowered.ends_with("+xml"))
    return true;
  constexpr std::array<std::string_view, 6> others = {
      "application/json",     "application/xml",    "application/javascript",
      "application/x-ndjson", "application/ndjson", "application/wasm"};
  return lowered.ends_with("+ndjson") ||
         std::find(others.begin(), others.end(), lowered) != others.end();
}

}  // namespace

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

std::string http_date(std::int64_t seconds_since_1970) {
  constexpr std::array<const char*, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t time = seconds_since_1970;
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 64> text;
  // Not strftime: its names of days and months follow the locale.
  const int length = std::snprintf(text.data(), text.size(), "%s, %02d %s %d %02d:%02d:%02d GMT",
                                   days[parts.tm_wday], parts.tm_mday, months[parts.tm_mon],
                                   parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "";
  }
}

bool append_head(const Response& response, const ResponseHead& head, std::string& out) {
  if (response.status < 200 || response.status > 599) return false;
  out += "HTTP/1.1 ";
  append_number(static_cast<std::size_t>(response.status), out);
  out += ' ';
  out += reason(response.status);
  out += "\r\nDate: ";
  out += head.date;
  out += "\r\n";
  for (const auto& [field_name, value] : response.fields) {
    if (is_the_servers(field_name)) continue;
    if (!is_token(field_name) || !is_field_value(value)) return false;
    out += field_name;
    out += ": ";
    out += value;
    out += "\r\n";
  }
  if (may_have_body(response.status)) {
    if (head.framing == BodyFraming::length) {
      out += "Content-Length: ";
      append_number(body_size(response).value_or(0), out);
      out += "\r\n";
    } else if (head.framing == BodyFraming::chunked) {
      out += "Transfer-Encoding: chunked\r\n";
    }
  }
  if (head.persistence == Persistence::close) out += "Connection: close\r\n";
  if (head.persistence == Persistence::keep_alive) out += "Connection: keep-alive\r\n";
  out += "\r\n";
  return true;
}

bool wants_gzip(Response& response, bool client_accepts) {
  constexpr std::size_t worthwhile_bytes_min = 1024;
  if (body_size(response).value_or(worthwhile_bytes_min) < worthwhile_bytes_min ||
      !may_have_body(response.status)) {
    return false;
  }
  if (response.status == 206 || find(response.fields, "Content-Encoding") != nullptr) return false;
  const auto* content_type = find(response.fields, "Content-Type");
  if (content_type == nullptr || !is_compressible(content_type->second)) return false;
  if (auto* vary = find(response.fields, "Vary")) {
    if (!list_has(vary->second, "Accept-Encoding") && !list_has(vary->second, "*")) {
      vary->second += ", Accept-Encoding";
    }
  } else {
    response.fields.emplace_back("Vary", "Accept-Encoding");
  }
  return client_accepts;
}

void mark_as_gzip(Response& response) {
  response.fields.emplace_back("Content-Encoding", "gzip");
  auto* tag = find(response.fields, "ETag");
  if (tag != nullptr && tag->second.starts_with('"')) tag->second.insert(0, "W/");
}

}  // namespace lightbox::http
