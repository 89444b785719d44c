#include "pacs/curl_request.h"

#include <fmt/format.h>
#include <mutex>

#include "base/version.h"

namespace lightbox::pacs {

void start_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

CurlFields curl_fields(const DicomwebAccess& access, std::span<const std::string> fields) {
  curl_slist* list =
      curl_slist_append(nullptr, fmt::format("User-Agent: lightbox/{}", version).c_str());
  for (const std::string& field : fields) list = curl_slist_append(list, field.c_str());
  if (!access.token.empty()) {
    list = curl_slist_append(list, ("Authorization: Bearer " + access.token).c_str());
  }
  for (const std::string& header : access.headers) list = curl_slist_append(list, header.c_str());
  return CurlFields(list);
}

void set_up_curl(CURL* handle, const SourceOptions& source) {
  const auto& access = std::get<DicomwebAccess>(source.access);
  const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(handle, option, value); };
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // a proxy's answer is none of the source's
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(source.connect_timeout_ms));
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>((source.timeout_ms + 999) / 1000));
  set(CURLOPT_TCP_NODELAY, 1L);
  if (!access.certificate_file.empty()) {
    set(CURLOPT_SSLCERT, access.certificate_file.c_str());
    set(CURLOPT_SSLKEY, access.key_file.c_str());
  }
  if (!access.ca_file.empty()) set(CURLOPT_CAINFO, access.ca_file.c_str());
}

}  // namespace lightbox::pacs
