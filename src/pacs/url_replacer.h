#pragma once

// Puts this server's URLs into the place of a source's, in text that comes in pieces: JSON, XML, or
// a field. Nothing of the text is understood but its URLs:
//
//   http://pacs/dicom-web/studies/1.2       a base of the source, wherever it stands
//   http:\/\/pacs\/dicom-web\/studies\/1.2  the same as JSON may write it; so is what replaces it
//   "BulkDataURI": "http://other/dicom-web/studies/1.2    where bulk data is, at a host by another
//   uri="http://other/dicom-web/studies/1.2               name, when path and "/studies/" follow
//
// What may still become one of these when more comes is kept: a URL's length. Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lightbox::pacs {

class UrlReplacer {
 public:
  // URLs without a slash at their end. `bulk_data_base`, one of the bases, is the one whose path
  // counts at other hosts.
  UrlReplacer(std::vector<std::string> bases, std::string_view bulk_data_base,
              std::string replacement);

  // Appends to `out` what is decided.
  void write(std::string_view bytes, std::string& out);
  // The end of the text.
  void finish(std::string& out);

  // A whole text.
  [[nodiscard]] std::string replaced(std::string_view text);

 private:
  enum class Slashes : std::uint8_t { plain, escaped };
  struct Base {
    std::string text;
    Slashes slashes;
  };
  struct Match {
    enum class Kind : std::uint8_t { none, undecided, found };
    Kind kind = Kind::none;
    std::size_t length = 0;
    Slashes slashes = Slashes::plain;
  };
  enum class End : std::uint8_t { may_go_on, is_here };

  // All of waiting_ that is decided, and at the end the rest.
  void decide(End end, std::string& out);
  // What stands at this position of waiting_, where a URL begins.
  [[nodiscard]] Match match(std::size_t at, End end) const;
  [[nodiscard]] Match match_other_host(std::size_t at, Slashes slashes) const;

  std::vector<Base> bases_;  // the longest first
  std::string path_[2];      // by Slashes: of bulk_data_base, then "/studies/"
  std::string replacement_[2];
  std::string waiting_;  // what is decided of it stays as long as it may be looked back at
  std::size_t decided_ = 0;
};

}  // namespace lightbox::pacs
