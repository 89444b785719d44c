#include "ingest/mapping_codes.h"

#include <array>
#include <string>
#include <unordered_map>

#include "base/embedded.h"

namespace lightbox::ingest {
namespace {

using Columns = std::array<std::string_view, 3>;
using Table = std::unordered_map<std::string_view, Columns>;

struct Tables {
  Table modality, body_part, laterality, rejection, scheme;

  Table* of(std::string_view kind) {
    if (kind == "modality") return &modality;
    if (kind == "body-part") return &body_part;
    if (kind == "laterality") return &laterality;
    if (kind == "rejection") return &rejection;
    if (kind == "scheme") return &scheme;
    return nullptr;
  }
};

std::string_view take(std::string_view& text, char delimiter) {
  const std::size_t end = text.find(delimiter);
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return taken;
}

std::string_view column(std::string_view& line) {
  const std::string_view value = take(line, '\t');
  return value == "-" ? std::string_view{} : value;
}

Tables read() {
  Tables tables;
  for (std::string_view text = embedded_dicom_codes(); !text.empty();) {
    std::string_view line = take(text, '\n');
    Table* table = tables.of(take(line, '\t'));
    if (table == nullptr) continue;  // the comment
    const std::string_view key = column(line);
    Columns columns;
    for (std::string_view& value : columns) value = column(line);
    table->emplace(key, columns);
  }
  return tables;
}

const Tables& tables() {
  static const Tables read_once = read();
  return read_once;
}

const Columns* find(const Table& table, std::string_view key) {
  const auto found = table.find(key);
  return found == table.end() ? nullptr : &found->second;
}

std::optional<SnomedCode> snomed(const Columns* columns) {
  if (columns == nullptr) return std::nullopt;
  return SnomedCode{.code = (*columns)[0], .display = (*columns)[1]};
}

}  // namespace

std::optional<ModalityCode> find_modality(std::string_view code) {
  const Columns* columns = find(tables().modality, code);
  if (columns == nullptr) return std::nullopt;
  return ModalityCode{.display = (*columns)[0], .is_acquisition = (*columns)[1] == "acquisition"};
}

std::optional<SnomedCode> find_body_part(std::string_view body_part_examined) {
  std::string key;
  for (const char c : body_part_examined) {
    if (c == ' ' || c == '-' || c == '_') continue;
    key.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  }
  return snomed(find(tables().body_part, key));
}

std::optional<SnomedCode> find_laterality(std::string_view laterality) {
  return snomed(find(tables().laterality, laterality));
}

std::optional<std::string_view> find_rejection(std::string_view code) {
  const Columns* columns = find(tables().rejection, code);
  if (columns == nullptr) return std::nullopt;
  return (*columns)[0];
}

std::string_view scheme_uri(std::string_view designator) {
  const Columns* columns = find(tables().scheme, designator);
  return columns == nullptr ? std::string_view{} : (*columns)[0];
}

}  // namespace lightbox::ingest
