#pragma once

// The DICOM JSON model (PS3.18 annex F), both ways.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"
#include "dicom/data_set.h"

namespace lightbox::dicom {

struct JsonOptions {
  // Which elements of the top level are written; nullptr: all. Group lengths and (0008,0005) never
  // as they came: what is written is UTF-8, and says so where the source had a character set.
  std::function<bool(Tag)> includes = nullptr;
  // The BulkDataURI of an element whose value was not kept; its path is that of the element, items
  // included ("7FE00010", "54000100/1/54001010"). nullptr: such an element is written without a
  // value.
  std::function<std::string(std::string_view path)> bulk_uri = nullptr;
};

// Appends the data set as one JSON object. Text is UTF-8, by the data set's character sets. Numbers
// of IS and DS are JSON numbers where they are such, else strings (F.2.2.2's note). Elements longer
// than limits.dicom_inline_bytes_max that are not text are bulk data already.
void append_json(const DataSet& data_set, const JsonOptions& options, std::string& out);

// Appends `text` as a JSON string, quotes included. What is not UTF-8 becomes U+FFFD.
void append_json_string(std::string_view text, std::string& out);

// A data set that was read from DICOM JSON. Owns its bytes. Text values are UTF-8
// (character_set "ISO_IR 192").
class ParsedJson {
 public:
  // An object, or with parse_all an array of such. `invalid` with the path to what is wrong.
  static Result<ParsedJson> parse(std::string_view text, const Limits& limits);
  static Result<std::vector<ParsedJson>> parse_all(std::string_view text, const Limits& limits);
  ParsedJson(ParsedJson&&) noexcept;
  ParsedJson& operator=(ParsedJson&&) noexcept;
  ~ParsedJson();

  [[nodiscard]] const DataSet& data_set() const;
  // The BulkDataURI of an element at the path above; "" when it has none.
  [[nodiscard]] std::string_view bulk_uri(std::string_view path) const;

 private:
  struct Impl;
  explicit ParsedJson(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lightbox::dicom
