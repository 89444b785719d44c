#include "pacs/http_client.h"

#include <algorithm>
#include <charconv>
#include <curl/curl.h>
#include <fmt/format.h>
#include <mutex>
#include <optional>

#include "base/version.h"
#include "http/text.h"

namespace lightbox::pacs {
namespace {

constexpr std::size_t error_bytes_max = 500;  // of an answer that refuses, for the message

ProblemKind kind_of(long status) {
  switch (status) {
    case 401:
    case 403:
      return ProblemKind::forbidden;
    case 404:
    case 410:
      return ProblemKind::not_found;
    case 406:
      return ProblemKind::not_acceptable;
    case 408:
      return ProblemKind::unavailable;
    case 429:
      return ProblemKind::throttled;
    case 501:
    case 505:
      return ProblemKind::invalid;
    default:
      return status >= 500 ? ProblemKind::unavailable : ProblemKind::invalid;
  }
}

bool is_success(long status) { return status >= 200 && status < 300; }

// Seconds; a date is taken for nothing, since clocks differ.
std::int64_t seconds_in_ms(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr std::int64_t most = 86'400;
  if (error != std::errc{} || end != text.data() + text.size()) return 0;
  return std::clamp<std::int64_t>(seconds, 0, most) * 1000;
}

// In one line, without what terminals would obey.
std::string readable(std::string text) {
  std::ranges::replace_if(text, [](unsigned char c) { return c < ' ' || c == 0x7F; }, ' ');
  return text;
}

// What libcurl's callbacks share.
struct Exchange {
  CURL* handle = nullptr;
  const std::function<bool()>& is_stopped;
  HttpBody& body;
  HttpHead head = {};
  bool has_begun = false;
  std::optional<Problem> problem = std::nullopt;  // of the body
  std::string refusal = {};
};

std::size_t take_field(char* data, std::size_t size, std::size_t count, void* exchange) {
  auto& head = static_cast<Exchange*>(exchange)->head;
  std::string_view line(data, size * count);
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) head = {};  // after a 100 (Continue), the next one's
  const auto colon = line.find(':');
  if (colon == line.npos) return size * count;
  const std::string_view name = line.substr(0, colon);
  std::string_view value = line.substr(colon + 1);
  while (value.starts_with(' ')) value.remove_prefix(1);
  if (http::equals_ignoring_case(name, "Content-Type")) head.content_type = value;
  if (http::equals_ignoring_case(name, "Warning")) {
    head.has_warning = head.has_warning || value.starts_with("299");
  }
  if (http::equals_ignoring_case(name, "Retry-After")) head.retry_after_ms = seconds_in_ms(value);
  return size * count;
}

// Any other count than that of the bytes ends the request.
std::size_t take_bytes(char* data, std::size_t size, std::size_t count, void* opaque) {
  Exchange& exchange = *static_cast<Exchange*>(opaque);
  const std::string_view bytes(data, size * count);
  curl_easy_getinfo(exchange.handle, CURLINFO_RESPONSE_CODE, &exchange.head.status);
  if (!is_success(exchange.head.status)) {
    const std::size_t room = error_bytes_max - exchange.refusal.size();
    exchange.refusal += bytes.substr(0, room);
    return bytes.size();
  }
  if (!exchange.has_begun) {
    exchange.has_begun = true;
    if (auto begun = exchange.body.begin(exchange.head); !begun) {
      exchange.problem = std::move(begun).error();
      return 0;
    }
  }
  if (auto taken = exchange.body.take(bytes); !taken) {
    exchange.problem = std::move(taken).error();
    return 0;
  }
  return bytes.size();
}

int look_around(void* exchange, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Exchange*>(exchange)->is_stopped() ? 1 : 0;
}

void start_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

}  // namespace

struct HttpClient::Impl {
  const SourceOptions& source;
  const DicomwebAccess& access;
  const std::function<bool()>& is_stopped;
  CURL* handle = nullptr;
  std::int64_t retry_after_ms = 0;

  void set_up(Exchange& exchange, const std::string& url, curl_slist* fields) const {
    const auto set = [&](CURLoption option, auto value) {
      curl_easy_setopt(handle, option, value);
    };
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_HTTPHEADER, fields);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(source.connect_timeout_ms));
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>((source.timeout_ms + 999) / 1000));
    set(CURLOPT_TCP_NODELAY, 1L);
    set(CURLOPT_HEADERFUNCTION, take_field);
    set(CURLOPT_HEADERDATA, &exchange);
    set(CURLOPT_WRITEFUNCTION, take_bytes);
    set(CURLOPT_WRITEDATA, &exchange);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, look_around);
    set(CURLOPT_XFERINFODATA, &exchange);
    if (!access.certificate_file.empty()) {
      set(CURLOPT_SSLCERT, access.certificate_file.c_str());
      set(CURLOPT_SSLKEY, access.key_file.c_str());
    }
    if (!access.ca_file.empty()) set(CURLOPT_CAINFO, access.ca_file.c_str());
  }

  [[nodiscard]] curl_slist* fields(const std::string& accept) const {
    curl_slist* list = curl_slist_append(nullptr, ("Accept: " + accept).c_str());
    list = curl_slist_append(list, fmt::format("User-Agent: lightbox/{}", version).c_str());
    if (!access.token.empty()) {
      list = curl_slist_append(list, ("Authorization: Bearer " + access.token).c_str());
    }
    for (const std::string& header : access.headers) {
      list = curl_slist_append(list, header.c_str());
    }
    return list;
  }
};

HttpClient::HttpClient(const SourceOptions& source, const std::function<bool()>& is_stopped)
    : impl_(new Impl{.source = source,
                     .access = std::get<DicomwebAccess>(source.access),
                     .is_stopped = is_stopped}) {
  start_curl();
  impl_->handle = curl_easy_init();
}

HttpClient::~HttpClient() { curl_easy_cleanup(impl_->handle); }

std::int64_t HttpClient::retry_after_ms() const { return impl_->retry_after_ms; }

Result<HttpHead> HttpClient::get(const std::string& url, const std::string& accept,
                                 HttpBody& body) {
  CURL* handle = impl_->handle;
  curl_easy_reset(handle);  // the connection stays open
  Exchange exchange{.handle = handle, .is_stopped = impl_->is_stopped, .body = body};
  curl_slist* fields = impl_->fields(accept);
  impl_->set_up(exchange, url, fields);
  const CURLcode done = curl_easy_perform(handle);
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &exchange.head.status);
  curl_slist_free_all(fields);
  impl_->retry_after_ms = exchange.head.retry_after_ms;
  if (exchange.problem) return std::move(*exchange.problem);
  if (done != CURLE_OK) {
    return problem(ProblemKind::unavailable, fmt::format("{}: {}", url, curl_easy_strerror(done)));
  }
  if (!is_success(exchange.head.status)) {
    return problem(kind_of(exchange.head.status),
                   fmt::format("{}: the server answered {}{}{}", url, exchange.head.status,
                               exchange.refusal.empty() ? "" : ": ", readable(exchange.refusal)));
  }
  if (!exchange.has_begun) TRY_DO(body.begin(exchange.head));
  return exchange.head;
}

}  // namespace lightbox::pacs
