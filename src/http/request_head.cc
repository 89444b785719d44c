#include "http/request_head.h"

#include <boost/beast/http/basic_parser.hpp>
#include <cstring>
#include <fmt/format.h>
#include <optional>
#include <utility>

#include "http/compression.h"
#include "http/text.h"

namespace lightbox::http {
namespace {

namespace beast = boost::beast;
using beast::http::error;

constexpr std::size_t header_fields_max = 256;

Refusal refusal(ProblemKind kind, std::string diagnostics, int status = 0) {
  return {problem(kind, std::move(diagnostics)), status};
}

Refusal bad_request(std::string diagnostics) {
  return refusal(ProblemKind::invalid, std::move(diagnostics));
}

Refusal limit_refusal(ProblemKind kind, std::string_view what, std::string_view limit_name,
                      std::size_t limit) {
  return refusal(kind, fmt::format("{} is larger than {} ({} bytes)", what, limit_name, limit));
}

Method to_method(beast::http::verb verb) {
  switch (verb) {
    case beast::http::verb::get:
      return Method::get;
    case beast::http::verb::head:
      return Method::head;
    case beast::http::verb::post:
      return Method::post;
    case beast::http::verb::put:
      return Method::put;
    case beast::http::verb::patch:
      return Method::patch;
    case beast::http::verb::delete_:
      return Method::delete_;
    case beast::http::verb::options:
      return Method::options;
    default:
      return Method::other;
  }
}

// Beast's push parser, writing straight into a Request.
class HeadParser final : public beast::http::basic_parser<true> {
 public:
  HeadParser(Request& request, std::size_t fields_max)
      : request_(&request), fields_max_(fields_max) {
    header_limit(~std::uint32_t{0});  // parse_request_head has looked already
    body_limit(boost::none);          // and counts the body itself
    eager(true);
  }

  bool is_http_1_0 = false;

 private:
  void on_request_impl(beast::http::verb verb, beast::string_view, beast::string_view target,
                       int version, beast::error_code&) override {
    is_http_1_0 = version == 10;
    request_->method = to_method(verb);
    request_->target.assign(target.data(), target.size());
  }
  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
  void on_field_impl(beast::http::field, beast::string_view field_name, beast::string_view value,
                     beast::error_code& failure) override {
    if (request_->fields.size() == fields_max_) {
      failure = error::header_limit;
      return;
    }
    request_->fields.emplace_back(std::piecewise_construct,
                                  std::forward_as_tuple(field_name.data(), field_name.size()),
                                  std::forward_as_tuple(value.data(), value.size()));
  }
  void on_header_impl(beast::error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
  std::size_t on_body_impl(beast::string_view, beast::error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, beast::error_code&) override {
    return 0;
  }
  void on_finish_impl(beast::error_code&) override {}

  Request* request_;
  std::size_t fields_max_;
};

// Line by line to the empty one: where the head ends, or 0. Finds what Beast would let pass.
struct HeadScan {
  std::size_t head_bytes = 0;
  bool has_bare_line_feed = false;
  bool has_folded_line = false;
};

HeadScan scan_head(std::string_view bytes) {
  HeadScan scan;
  std::size_t line = 0;
  while (line < bytes.size()) {
    const void* found = std::memchr(bytes.data() + line, '\n', bytes.size() - line);
    if (found == nullptr) return scan;
    const auto end = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    if (end == line || bytes[end - 1] != '\r') {
      scan.has_bare_line_feed = true;
      return scan;
    }
    if (line > 0 && (bytes[line] == ' ' || bytes[line] == '\t')) {
      scan.has_folded_line = true;
      return scan;
    }
    if (end == line + 1) {
      scan.head_bytes = end + 1;
      return scan;
    }
    line = end + 1;
  }
  return scan;
}

bool is_host_character(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("-._~:[]%!$&'()*+,;=").find(c) != std::string_view::npos;
}

bool is_host(std::string_view host) {
  for (const char c : host) {
    if (!is_host_character(c)) return false;
  }
  return true;
}

Refusal from_beast(const beast::error_code& failure, std::string_view bytes) {
  if (failure == error::bad_version) {
    const std::string_view line = bytes.substr(0, bytes.find('\r'));
    const std::size_t space = line.rfind(' ');
    const std::string_view version = space == std::string_view::npos ? "" : line.substr(space + 1);
    if (version.starts_with("HTTP/") && version != "HTTP/1.1" && version != "HTTP/1.0") {
      return refusal(ProblemKind::invalid,
                     "The HTTP version is not supported: this server speaks HTTP/1.1 and HTTP/1.0",
                     505);
    }
  }
  if (failure == error::header_limit) {
    return refusal(ProblemKind::header_too_large,
                   fmt::format("The request header has more than {} fields", header_fields_max));
  }
  return bad_request("The request is not valid HTTP: " + failure.message());
}

// `head_bytes` 0: the head goes on after `bytes`.
std::optional<Refusal> check_sizes(std::string_view bytes, std::size_t head_bytes,
                                   const Limits& limits) {
  // The request line also has a method and a version; the target itself is measured once parsed.
  constexpr std::size_t beside_target_max = 64;
  if (bytes.size() > limits.url_bytes_max + beside_target_max) {
    const std::string_view line = bytes.substr(0, bytes.find('\n'));
    const std::size_t target = line.find(' ');
    if (target < beside_target_max && line.size() > limits.url_bytes_max + beside_target_max) {
      return limit_refusal(ProblemKind::uri_too_long, "The URL", "url_bytes_max",
                           limits.url_bytes_max);
    }
  }
  if ((head_bytes != 0 ? head_bytes : bytes.size()) > limits.header_bytes_max) {
    return limit_refusal(ProblemKind::header_too_large, "The request header", "header_bytes_max",
                         limits.header_bytes_max);
  }
  return std::nullopt;
}

// RFC 9112 3.2: origin-form, absolute-form and asterisk-form. An authority-form belongs to CONNECT,
// which reaches the handler as Method::other with an empty path.
std::optional<Refusal> check_target(Request& request, const Limits& limits) {
  std::string_view rest = request.target;
  if (rest.size() > limits.url_bytes_max) {
    return limit_refusal(ProblemKind::uri_too_long, "The URL", "url_bytes_max",
                         limits.url_bytes_max);
  }
  request.path.clear();
  request.query.clear();
  if (rest.find('#') != std::string_view::npos) {
    return bad_request(
        "The request target has a '#'; a fragment is not sent, and in a value it is %23");
  }
  if (rest == "*" && request.method == Method::options) {
    request.path.assign(1, '*');  // not = "*": g++ 12 warns of an overlap that is not there
    return std::nullopt;
  }
  if (!rest.starts_with('/')) {
    const std::size_t scheme_end = rest.find("://");
    const std::string_view scheme = rest.substr(0, scheme_end);
    const bool is_absolute =
        scheme_end != std::string_view::npos &&
        (equals_ignoring_case(scheme, "http") || equals_ignoring_case(scheme, "https"));
    if (!is_absolute) {
      if (request.method == Method::other) return std::nullopt;
      return bad_request("The request target is neither a path nor a URL");
    }
    rest.remove_prefix(scheme_end + 3);
    const std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
    const std::string_view authority = rest.substr(0, authority_end);
    if (authority.empty() || !is_host(authority)) {
      return bad_request("The request target has no valid authority");
    }
    // RFC 9112 3.2.2: the target's authority counts, and Host is ignored.
    for (auto& [field_name, value] : request.fields) {
      if (equals_ignoring_case(field_name, "Host")) value = authority;
    }
    rest.remove_prefix(authority_end);
  }
  const std::size_t question = std::min(rest.find('?'), rest.size());
  request.path = rest.substr(0, question);
  if (request.path.empty()) request.path.assign(1, '/');
  request.query = rest.substr(std::min(question + 1, rest.size()));
  return std::nullopt;
}

std::optional<Refusal> read_expect(std::string_view value, Framing& framing) {
  if (framing.is_http_1_0) return std::nullopt;  // RFC 9110 10.1.1: it is ignored there
  if (!equals_ignoring_case(value, "100-continue")) {
    return refusal(ProblemKind::invalid, "The only expectation that can be met is 100-continue",
                   417);
  }
  framing.expects_continue = true;
  return std::nullopt;
}

std::optional<Refusal> read_content_encoding(std::string_view value, Framing& framing) {
  const bool is_gzip = equals_ignoring_case(value, "gzip") || equals_ignoring_case(value, "x-gzip");
  const bool is_twice = framing.is_gzip;
  if (is_twice || (!is_gzip && !equals_ignoring_case(value, "identity"))) {
    return refusal(ProblemKind::unsupported_media_type,
                   fmt::format("Content-Encoding '{}' is not supported; gzip, once, is", value));
  }
  framing.is_gzip = is_gzip;
  return std::nullopt;
}

std::optional<Refusal> check_transfer_encoding(std::string_view value, const Framing& framing) {
  if (framing.is_http_1_0) return bad_request("HTTP/1.0 has no Transfer-Encoding");
  if (equals_ignoring_case(value, "chunked")) return std::nullopt;
  return refusal(ProblemKind::not_supported,
                 "The only Transfer-Encoding that is supported is chunked");
}

// What the fields say about the message itself.
std::optional<Refusal> read_fields(const Request& request, Framing& framing) {
  std::size_t hosts = 0;
  for (const auto& [field_name, value] : request.fields) {
    const auto is = [&](std::string_view wanted) {
      return equals_ignoring_case(field_name, wanted);
    };
    std::optional<Refusal> refused;
    if (is("Host")) {
      ++hosts;
      if (!is_host(value)) refused = bad_request("The Host field is not a host and port");
    } else if (is("Accept-Encoding")) {
      framing.accepts_gzip = framing.accepts_gzip || accepts_gzip(value);
    } else if (is("Expect")) {
      refused = read_expect(value, framing);
    } else if (is("Content-Encoding")) {
      refused = read_content_encoding(value, framing);
    } else if (is("Transfer-Encoding")) {
      refused = check_transfer_encoding(value, framing);
    }
    if (refused) return refused;
  }
  if (hosts > 1) return bad_request("There are two Host fields");
  if (hosts == 0 && !framing.is_http_1_0) return bad_request("The Host field is missing");
  return std::nullopt;
}

}  // namespace

std::expected<std::size_t, Refusal> parse_request_head(std::string_view bytes, const Limits& limits,
                                                       Request& request, Framing& framing) {
  // RFC 9112 2.2: an empty line before the request is ignored.
  std::size_t skipped = 0;
  while (skipped < 8 && bytes.substr(skipped).starts_with("\r\n")) skipped += 2;
  bytes.remove_prefix(skipped);

  const HeadScan scan = scan_head(bytes);
  if (auto refused = check_sizes(bytes, scan.head_bytes, limits)) {
    return std::unexpected(std::move(*refused));
  }
  if (scan.has_bare_line_feed) {
    return std::unexpected(bad_request("A line of the header ends with LF instead of CR LF"));
  }
  if (scan.has_folded_line) {
    return std::unexpected(bad_request("A field of the header goes on over more than one line"));
  }
  if (scan.head_bytes == 0) return 0;

  request.fields.clear();
  request.body.clear();
  HeadParser parser(request, header_fields_max);
  beast::error_code failure;
  const std::string_view head = bytes.substr(0, scan.head_bytes);
  const std::size_t used = parser.put({head.data(), head.size()}, failure);
  if (failure == error::need_more) failure = {};  // eager: it asks for the body
  if (failure || !parser.is_header_done() || used != head.size()) {
    if (!failure) failure = error::bad_value;
    return std::unexpected(from_beast(failure, bytes));
  }

  framing = {};
  framing.is_http_1_0 = parser.is_http_1_0;
  framing.keeps_alive = parser.keep_alive();
  if (auto refused = read_fields(request, framing)) {
    return std::unexpected(std::move(*refused));
  }
  if (auto refused = check_target(request, limits)) return std::unexpected(std::move(*refused));
  if (parser.chunked()) {
    framing.body = Framing::Body::chunked;
  } else if (const auto length = parser.content_length(); length && *length > 0) {
    framing.body = Framing::Body::length;
    framing.content_length = *length;
  }
  return skipped + used;
}

}  // namespace lightbox::http
