#pragma once

// The head of an HTTP/1.1 request (RFC 9112) to a Request, without I/O. The grammar is
// Boost.Beast's; what Beast lets pass and this server does not is checked on top: bare line feeds,
// folded lines, more than one way to tell a body's length, Host, the form of the target. Pure; safe
// from any thread.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"
#include "http/message.h"

namespace lightbox::http {

// A request that HTTP itself breaks on. After it, the connection cannot be used any more.
struct Refusal {
  Problem problem;
  int status = 0;  // where no ProblemKind has it (417, 505); else 0: by the kind
};

// How the message goes on after its head.
struct Framing {
  enum class Body : unsigned char { none, length, chunked };
  Body body = Body::none;
  std::uint64_t content_length = 0;
  bool is_http_1_0 = false;
  bool keeps_alive = true;
  bool expects_continue = false;
  bool is_gzip = false;       // the body, by Content-Encoding
  bool accepts_gzip = false;  // the answer, by Accept-Encoding
};

// The head at the start of `bytes`. Returns how many bytes it took; 0 when it is not complete yet
// (call again with the same bytes and more). `request` is overwritten, except for remote_address
// and is_tls.
std::expected<std::size_t, Refusal> parse_request_head(std::string_view bytes, const Limits& limits,
                                                       Request& request, Framing& framing);

}  // namespace lightbox::http
