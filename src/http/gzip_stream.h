#pragma once

// gzip in pieces, so that a large body can be worked on a slice at a time and others have their
// turn in between. One thread at a time.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct z_stream_s;

namespace lightbox::http {

class GzipWriter {
 public:
  enum class End { no, yes };
  GzipWriter();
  ~GzipWriter();
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;

  void start();  // a new gzip member; what was begun before is dropped
  // Appends to `out` what is ready of the compressed bytes; with End::yes, all of them.
  void write(std::string_view plain, End end, std::string& out);

 private:
  std::unique_ptr<z_stream_s> stream_;
};

class GzipReader {
 public:
  explicit GzipReader(std::size_t plain_bytes_max);
  ~GzipReader();
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  // Appends to `plain`. `too_large` as soon as it would grow past the limit, `invalid` on what is
  // not gzip; `plain` then holds some prefix. Several members in a row are one text (RFC 1952 2.2).
  Result<bool> read(std::string_view compressed, std::string& plain);
  // `invalid` when the input ended inside a member.
  Result<bool> finish() const;

 private:
  std::unique_ptr<z_stream_s> stream_;
  std::size_t plain_bytes_max_;
  bool is_between_members_ = false;
};

}  // namespace lightbox::http
