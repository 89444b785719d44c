#pragma once

// What stands between the parts of a multipart/related answer (RFC 2046 5.1, RFC 2387). One
// boundary for each answer.

#include <string>
#include <string_view>

namespace lightbox::dicomweb {

class Multipart {
 public:
  // `type`: of the parts.
  explicit Multipart(std::string_view type);

  // multipart/related; type="…"; boundary=…
  [[nodiscard]] std::string content_type() const;
  // Delimiter and header of the next part. `location` may be empty. The header comes first thing:
  // there are clients that look for it in the first bytes of the part.
  [[nodiscard]] std::string begin_part(std::string_view content_type, std::string_view location);
  // The last delimiter.
  [[nodiscard]] std::string end() const;

 private:
  std::string type_;
  std::string boundary_;
  bool has_parts_ = false;
};

}  // namespace lightbox::dicomweb
