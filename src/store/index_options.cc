#include "store/index_options.h"

#include <cstdlib>
#include <fmt/format.h>

namespace lightbox::store {

std::string options_text(const fhir::IndexOptions& options) {
  std::string text = fmt::format("{}", options.zone_offset_minutes);
  if (options.full_text == fhir::FullText::narrative) text += " narrative";
  if (options.full_text == fhir::FullText::content) text += " content";
  for (const std::string& base : options.own_bases) text.append("\n").append(base);
  return text;
}

fhir::IndexOptions options_of(std::string_view text) {
  fhir::IndexOptions options;
  std::size_t end = text.find('\n');
  const std::string_view first = text.substr(0, end);
  options.zone_offset_minutes = std::atoi(std::string(first).c_str());
  if (first.ends_with(" narrative")) options.full_text = fhir::FullText::narrative;
  if (first.ends_with(" content")) options.full_text = fhir::FullText::content;
  while (end != std::string_view::npos) {
    text.remove_prefix(end + 1);
    end = text.find('\n');
    options.own_bases.emplace_back(text.substr(0, end));
  }
  return options;
}

}  // namespace lightbox::store
