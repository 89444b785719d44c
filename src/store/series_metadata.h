#pragma once

// How the metadata of instances is kept. Those of a series say nearly the same: what one of them
// said is the dictionary by which all are compressed. So each takes a hundred bytes or two, and is
// as fast to read as plain text. Immutable; safe from any thread.

#include <memory>
#include <string>
#include <string_view>

namespace lightbox::store {

class SeriesMetadata {
 public:
  static std::shared_ptr<const SeriesMetadata> made_of(std::string_view metadata);
  // Of a row; nullptr: it is damaged.
  static std::shared_ptr<const SeriesMetadata> stored(std::string_view content);
  ~SeriesMetadata();
  SeriesMetadata(const SeriesMetadata&) = delete;
  SeriesMetadata& operator=(const SeriesMetadata&) = delete;

  // For the row.
  [[nodiscard]] const std::string& content() const { return content_; }
  [[nodiscard]] std::string compress(std::string_view metadata) const;
  // In place of what `out` had; false: it is damaged, or of another series.
  [[nodiscard]] bool decompress(std::string_view compressed, std::string& out) const;

 private:
  struct Dictionary;
  SeriesMetadata(std::string text, std::string content);

  std::string text_;
  std::string content_;
  std::unique_ptr<Dictionary> dictionary_;
};

}  // namespace lightbox::store
