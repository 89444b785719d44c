#include "pacs/http_client.h"

#include <array>
#include <fmt/format.h>
#include <optional>

#include "pacs/curl_request.h"

namespace lightbox::pacs {
namespace {

// What libcurl's callbacks share.
struct Exchange {
  const std::function<bool()>& is_stopped;
  HttpBody& body;
  HttpHeadReader reader = {};
  bool has_begun = false;
  std::optional<Problem> problem = std::nullopt;  // of the body
  std::string refusal = {};
};

std::size_t take_field(char* data, std::size_t size, std::size_t count, void* exchange) {
  static_cast<Exchange*>(exchange)->reader.add_line(std::string_view(data, size * count));
  return size * count;
}

// Any other count than that of the bytes ends the request.
std::size_t take_bytes(char* data, std::size_t size, std::size_t count, void* opaque) {
  Exchange& exchange = *static_cast<Exchange*>(opaque);
  const std::string_view bytes(data, size * count);
  const HttpHead& head = exchange.reader.head();
  if (!is_success(head.status)) {
    const std::size_t room = refusal_bytes_max - exchange.refusal.size();
    exchange.refusal += bytes.substr(0, room);
    return bytes.size();
  }
  if (!exchange.has_begun) {
    exchange.has_begun = true;
    if (auto begun = exchange.body.begin(head); !begun) {
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

}  // namespace

struct HttpClient::Impl {
  const SourceOptions& source;
  const DicomwebAccess& access;
  const std::function<bool()>& is_stopped;
  CURL* handle = nullptr;
  std::int64_t retry_after_ms = 0;

  void set_up(Exchange& exchange, const std::string& url, curl_slist* fields) const {
    set_up_curl(handle, source);
    const auto set = [&](CURLoption option, auto value) {
      curl_easy_setopt(handle, option, value);
    };
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_HTTPHEADER, fields);
    set(CURLOPT_HEADERFUNCTION, take_field);
    set(CURLOPT_HEADERDATA, &exchange);
    set(CURLOPT_WRITEFUNCTION, take_bytes);
    set(CURLOPT_WRITEDATA, &exchange);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, look_around);
    set(CURLOPT_XFERINFODATA, &exchange);
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
  Exchange exchange{.is_stopped = impl_->is_stopped, .body = body};
  const std::array own_fields = {"Accept: " + accept};
  const CurlFields fields = curl_fields(impl_->access, own_fields);
  impl_->set_up(exchange, url, fields.get());
  const CURLcode done = curl_easy_perform(handle);
  const HttpHead& head = exchange.reader.head();
  impl_->retry_after_ms = head.retry_after_ms;
  if (exchange.problem) return std::move(*exchange.problem);
  if (done != CURLE_OK) {
    return problem(ProblemKind::unavailable, fmt::format("{}: {}", url, curl_easy_strerror(done)));
  }
  if (!is_success(head.status)) {
    return problem(kind_of_status(head.status),
                   fmt::format("{}: the server answered {}{}{}", url, head.status,
                               exchange.refusal.empty() ? "" : ": ", readable(exchange.refusal)));
  }
  if (!exchange.has_begun) TRY_DO(body.begin(head));
  return head;
}

}  // namespace lightbox::pacs
