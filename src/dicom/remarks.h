#pragma once

// What a reader put right, for the list of problems: few, each once.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace lightbox::dicom {

class Remarks {
 public:
  [[nodiscard]] bool is_full() const { return all_.size() == most; }
  void add(std::string remark) {
    if (is_full() || std::ranges::find(all_, remark) != all_.end()) return;
    all_.push_back(std::move(remark));
  }
  [[nodiscard]] std::vector<std::string> take() && { return std::move(all_); }

 private:
  static constexpr std::size_t most = 8;
  std::vector<std::string> all_;
};

}  // namespace lightbox::dicom
