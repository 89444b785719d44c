#include "http/compression.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "http/gzip_stream.h"
#include "http/text.h"

namespace lightbox::http {
namespace {

// The quality of "token;q=0.5" (RFC 9110 12.4.2); what is no number counts as 1.
double quality(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view parameter = take_until(';', parameters);
    if (!equals_ignoring_case(take_until('=', parameter), "q")) continue;
    double value = 1;
    parameter = trimmed(parameter);
    std::from_chars(parameter.data(), parameter.data() + parameter.size(), value);
    return value;
  }
  return 1;
}

}  // namespace

std::string gzip(std::string_view plain) {
  // A deflate state is 256 KB: made once for each thread.
  static thread_local GzipWriter writer;
  std::string out;
  writer.start();
  writer.write(plain, GzipWriter::End::yes, out);
  return out;
}

Result<std::string> gunzip(std::string_view compressed, std::size_t bytes_max) {
  GzipReader reader(bytes_max);
  std::string plain;
  TRY_DO(reader.read(compressed, plain));
  TRY_DO(reader.finish());
  return plain;
}

bool accepts_gzip(std::string_view accept_encoding) {
  std::optional<double> gzip_quality;
  std::optional<double> identity_quality;
  std::optional<double> any_quality;
  while (!accept_encoding.empty()) {
    std::string_view item = take_until(',', accept_encoding);
    const std::string_view coding = take_until(';', item);
    if (equals_ignoring_case(coding, "gzip") || equals_ignoring_case(coding, "x-gzip")) {
      gzip_quality = quality(item);
    } else if (equals_ignoring_case(coding, "identity")) {
      identity_quality = quality(item);
    } else if (coding == "*") {
      any_quality = quality(item);
    }
  }
  const double gzip_wish = gzip_quality.value_or(any_quality.value_or(0));
  return gzip_wish > 0 && gzip_wish >= identity_quality.value_or(0);
}

}  // namespace lightbox::http
