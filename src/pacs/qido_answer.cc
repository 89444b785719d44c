#include "pacs/qido_answer.h"

#include <fmt/format.h>

#include "pacs/window.h"

namespace lightbox::pacs {

Result<void> QidoAnswer::add(std::string_view json, bool has_warning, const Limits& limits) {
  std::vector<dicom::ParsedJson> page;
  if (!json.empty()) {
    TRY(page, dicom::ParsedJson::parse_all(json, limits));
  }
  const std::size_t before = keys_.size();
  for (dicom::ParsedJson& result : page) {
    const std::string_view key = result.data_set().first(key_);
    if (key.empty()) {
      return problem(ProblemKind::invalid,
                     fmt::format("A result is without {}", dicom::display_of(key_)));
    }
    // What a study that arrives meanwhile pushes to the next page comes again there.
    if (keys_.emplace(key).second) results_.push_back(std::move(result));
  }
  offset_ += page.size();
  const bool may_go_on =
      page.size() >= page_size_ || has_warning || is_suspiciously_round(page.size());
  if (page.empty() || !may_go_on) {
    is_ended_ = true;
  } else if (keys_.size() == before) {
    // A server that does not know offset shows the same again.
    is_ended_ = true;
    is_cut_ = true;
  } else if (keys_.size() >= results_max_) {
    is_ended_ = true;
    is_cut_ = true;
  }
  return {};
}

}  // namespace lightbox::pacs
