#pragma once

// The head of a response as bytes (RFC 9112 4). Pure.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"

namespace lightbox::http {

enum class Persistence : unsigned char {
  implied,     // HTTP/1.1 goes on unless told otherwise
  keep_alive,  // HTTP/1.0 has to be told
  close,
};

// How a client knows where the body ends (RFC 9112 6.3).
enum class BodyFraming : unsigned char { length, chunked, until_close };
enum class Coding : unsigned char { identity, gzip };

struct ResponseHead {
  std::string_view date;  // IMF-fixdate
  Persistence persistence = Persistence::implied;
  BodyFraming framing = BodyFraming::length;
};

// Appends status line, Date, the response's fields, Content-Length or Transfer-Encoding, Connection
// and the empty line.
// Fields that are the server's (Content-Length, Date, Connection, Transfer-Encoding) are left out
// when the handler gave them; false, and nothing usable in `out`, when a field has a character that
// would break the head.
[[nodiscard]] bool append_head(const Response& response, const ResponseHead& head,
                               std::string& out);

// "Not Found"; "" for a status that is not known here.
[[nodiscard]] std::string_view reason(int status);

// 1xx, 204 and 304 have no body, and the first two no Content-Length either.
[[nodiscard]] bool may_have_body(int status);

// "Tue, 15 Nov 1994 08:12:31 GMT" (RFC 9110 5.6.7).
[[nodiscard]] std::string http_date(std::int64_t seconds_since_1970);

// Compresses when that is worth it and says so in the fields. False when the response stays as it
// is. A response that could have been compressed gets Vary: Accept-Encoding either way, for caches.
[[nodiscard]] bool wants_gzip(Response& response, bool client_accepts);
// Content-Encoding, and a strong ETag made weak: the bytes are no longer those it was made for.
void mark_as_gzip(Response& response);

}  // namespace lightbox::http
