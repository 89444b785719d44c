#include "dicom/dictionary.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "base/embedded.h"

namespace lightbox::dicom {
namespace {

// The columns of a row; those that are missing are empty.
std::array<std::string_view, 3> columns_of(std::string_view row) {
  std::array<std::string_view, 3> columns;
  for (std::string_view& column : columns) {
    const std::size_t end = std::min(row.find('\t'), row.size());
    column = row.substr(0, end);
    row.remove_prefix(std::min(end + 1, row.size()));
  }
  return columns;
}

template <typename Take>
void for_each_row(std::string_view text, Take take) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view row = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!row.empty() && row[0] != '#') take(columns_of(row));
  }
}

// Tags by a hash table with open addresses, at most a third full: the reader asks it for each
// element of an implicit data set.
class TagTable {
 public:
  TagTable() {
    for_each_row(embedded_dicom_elements(), [&](const auto& row) { add(row); });
    by_keyword_.reserve(entries_.size());
    for (const DictionaryEntry& entry : entries_) by_keyword_.push_back(&entry);
    std::ranges::stable_sort(by_keyword_, {}, &DictionaryEntry::keyword);
  }

  [[nodiscard]] const DictionaryEntry* find(Tag tag) const {
    for (std::size_t slot = slot_of(tag);; slot = (slot + 1) % slots_.size()) {
      if (slots_[slot] == 0) return nullptr;
      const DictionaryEntry& entry = entries_[slots_[slot] - 1];
      if (entry.tag == tag) return &entry;
    }
  }

  [[nodiscard]] const DictionaryEntry* find(std::string_view keyword) const {
    const auto found =
        std::ranges::lower_bound(by_keyword_, keyword, {}, &DictionaryEntry::keyword);
    return found != by_keyword_.end() && (*found)->keyword == keyword ? *found : nullptr;
  }

 private:
  static std::size_t slot_of(Tag tag) { return (tag * 2654435769U) >> 18U; }

  void add(const std::array<std::string_view, 3>& row) {
    std::string tag(row[0]);
    std::ranges::replace(tag, 'x', '0');
    const std::string_view vrs = row[1];
    const Vr vr = vr_of(vrs.substr(0, 2)).value_or(Vr::UN);
    const Vr other = vrs.size() > 3 ? vr_of(vrs.substr(3)).value_or(vr) : vr;
    entries_.push_back(
        {.tag = tag_of(tag).value_or(0), .vr = vr, .other_vr = other, .keyword = row[2]});
    std::size_t slot = slot_of(entries_.back().tag);
    while (slots_[slot] != 0) slot = (slot + 1) % slots_.size();
    slots_[slot] = static_cast<std::uint16_t>(entries_.size());
  }

  std::vector<DictionaryEntry> entries_;
  std::array<std::uint16_t, 1U << 14U> slots_{};  // index of the entry and one; 0: none
  std::vector<const DictionaryEntry*> by_keyword_;
};

const TagTable& tag_table() {
  static const TagTable table;
  return table;
}

// Curves, overlays and variable pixel data repeat in even groups, Source Image IDs in their
// elements (PS3.5 7.6): the tag of the first of them.
Tag first_of_repeating(Tag tag) {
  const unsigned group = tag >> 24U;
  if ((tag >> 8U) == 0x002031) return tag & 0xFFFFFF00U;
  if (group == 0x50 || group == 0x60 || group == 0x7F) return tag & 0xFF00FFFFU;
  return tag;
}

struct UidTable {
  UidTable() {
    for_each_row(embedded_dicom_uids(), [&](const auto& row) {
      const bool is_storage = row[1] == "storage-class";
      const UidKind kind = is_storage || row[1] == "sop-class" ? UidKind::sop_class
                           : row[1] == "transfer-syntax"       ? UidKind::transfer_syntax
                                                               : UidKind::other;
      all.push_back({.uid = row[0], .kind = kind, .name = row[2]});
      if (is_storage) storage_classes.push_back(all.back());
      if (kind == UidKind::transfer_syntax) transfer_syntaxes.push_back(all.back());
    });
  }

  std::vector<UidEntry> all;  // sorted by UID, as the file is
  std::vector<UidEntry> storage_classes;
  std::vector<UidEntry> transfer_syntaxes;
};

const UidTable& uid_table() {
  static const UidTable table;
  return table;
}

}  // namespace

std::optional<DictionaryEntry> find_tag(Tag tag) {
  if (is_private(tag)) return std::nullopt;
  const DictionaryEntry* found = tag_table().find(tag);
  if (found == nullptr) found = tag_table().find(first_of_repeating(tag));
  return found == nullptr ? std::nullopt : std::optional(*found);
}

std::optional<DictionaryEntry> find_keyword(std::string_view keyword) {
  const DictionaryEntry* found = tag_table().find(keyword);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

std::optional<UidEntry> find_uid(std::string_view uid) {
  const auto& all = uid_table().all;
  const auto found = std::ranges::lower_bound(all, uid, {}, &UidEntry::uid);
  return found != all.end() && found->uid == uid ? std::optional(*found) : std::nullopt;
}

const std::vector<UidEntry>& storage_sop_classes() { return uid_table().storage_classes; }
const std::vector<UidEntry>& transfer_syntaxes() { return uid_table().transfer_syntaxes; }

}  // namespace lightbox::dicom
