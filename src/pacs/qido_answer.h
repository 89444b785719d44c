#pragma once

// The pages of a QIDO-RS search (PS3.18 8.3.4.4 and 10.6) put together. Pure.

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "dicom/json.h"

namespace lightbox::pacs {

class QidoAnswer {
 public:
  // `key`: the attribute that tells results apart. `page_size`: what each request's limit is.
  QidoAnswer(dicom::Tag key, std::size_t page_size, std::size_t results_max)
      : key_(key), page_size_(page_size), results_max_(results_max) {}

  // Takes one page: a JSON array, or nothing (204). `has_warning`: it said that results were left
  // out. `invalid` when it is not DICOM JSON, or a result lacks its key.
  Result<void> add(std::string_view json, bool has_warning, const Limits& limits);

  // Where the next page begins; only while !is_ended().
  [[nodiscard]] std::size_t offset() const { return offset_; }
  [[nodiscard]] bool is_ended() const { return is_ended_; }
  // There are, or may be, more than were shown.
  [[nodiscard]] bool is_cut() const { return is_cut_; }
  [[nodiscard]] const std::vector<dicom::ParsedJson>& results() const { return results_; }
  // Hands out the results so far, which are kept no longer: for answers that are too long to have
  // at once. What comes again is still noticed.
  [[nodiscard]] std::vector<dicom::ParsedJson> take() { return std::exchange(results_, {}); }
  [[nodiscard]] std::size_t page_size() const { return page_size_; }

 private:
  dicom::Tag key_;
  std::size_t page_size_;
  std::size_t results_max_;
  std::size_t offset_ = 0;
  bool is_ended_ = false;
  bool is_cut_ = false;
  std::vector<dicom::ParsedJson> results_;
  std::unordered_set<std::string> keys_;
};

}  // namespace lightbox::pacs
