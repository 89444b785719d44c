#include "dicom/write.h"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <string>

namespace lightbox::dicom {
namespace {

constexpr std::uint32_t undefined_length = 0xFFFFFFFF;

void append_16(std::uint64_t number, std::string& out) {
  out += static_cast<char>(number & 0xFF);
  out += static_cast<char>((number >> 8U) & 0xFF);
}

void append_32(std::uint64_t number, std::string& out) {
  append_16(number, out);
  append_16(number >> 16U, out);
}

void append_tag(Tag tag, std::string& out) {
  append_16(group_of(tag), out);
  append_16(tag, out);
}

char padding_of(Vr vr) { return is_text(vr) && vr != Vr::UI ? ' ' : '\0'; }

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

class Writer {
 public:
  Writer(VrForm form, const WriteOptions& options, const ByteSink& sink)
      : form_(form), options_(options), sink_(sink) {}

  Result<void> write_whole(const DataSet& data_set) {
    character_set_ = data_set.character_set;
    needs_character_set_ = has_other_characters(data_set);
    TRY_DO(write(data_set, "", /*is_top=*/true));
    return flush();
  }

 private:
  // Small elements go out together.
  static constexpr std::size_t buffered_bytes_max = 64 * 1024;

  Result<void> flush() {
    if (out_.empty()) return {};
    TRY_DO(sink_(out_));
    out_.clear();
    return {};
  }

  static bool has_other_characters(const DataSet& data_set) {
    return std::ranges::any_of(data_set.elements, [](const Element& element) {
      return (has_character_set(element.vr) && !is_ascii(element.value)) ||
             std::ranges::any_of(element.items, has_other_characters);
    });
  }

  void append_header(Tag tag, Vr vr, std::uint64_t length) {
    append_tag(tag, out_);
    if (form_ == VrForm::implicit_vr) {
      append_32(length, out_);
      return;
    }
    out_ += name_of(vr);
    if (has_long_length(vr)) {
      out_.append(2, '\0');
      append_32(length, out_);
    } else {
      append_16(length, out_);
    }
  }

  void append_character_set() {
    std::string value = character_set_;
    if (value.size() % 2 != 0) value += ' ';
    append_header(tags::SpecificCharacterSet, Vr::CS, value.size());
    out_ += value;
  }

  Result<void> write(const DataSet& data_set, const std::string& path, bool is_top) {
    bool is_character_set_due =
        is_top && !character_set_.empty() &&
        (needs_character_set_ || data_set.find(tags::SpecificCharacterSet) != nullptr);
    for (const Element& element : data_set.elements) {
      const auto group = group_of(element.tag);
      const bool is_group_length = (element.tag & 0xFFFFU) == 0;
      if (is_group_length || group == 0 || group == 2) continue;
      if (is_character_set_due && element.tag >= tags::SpecificCharacterSet) {
        append_character_set();
        is_character_set_due = false;
      }
      if (element.tag == tags::SpecificCharacterSet) continue;
      TRY_DO(write_element(element, path + text_of(element.tag)));
      if (out_.size() >= buffered_bytes_max) TRY_DO(flush());
    }
    if (is_character_set_due) append_character_set();
    return {};
  }

  Result<void> write_element(const Element& element, const std::string& path) {
    if (element.vr == Vr::SQ) return write_sequence(element, path);
    if (options_.outer_value) {
      TRY(const auto outer, options_.outer_value(path, element));
      if (outer) return write_outer(element, path, *outer);
    }
    TRY_DO(check_length(element, path, element.value.size()));
    const std::size_t length = element.value.size() + element.value.size() % 2;
    append_header(element.tag, vr_for(element.vr, length), length);
    out_ += element.value;
    if (element.value.size() % 2 != 0) out_ += padding_of(element.vr);
    return {};
  }

  static Vr vr_for(Vr vr, std::uint64_t length) {
    const bool fits = has_long_length(vr) || length <= std::numeric_limits<std::uint16_t>::max();
    return fits ? vr : Vr::UN;
  }

  static Result<void> check_length(const Element& element, const std::string& path,
                                   std::uint64_t length) {
    if (length >= undefined_length - 1) {
      return problem(ProblemKind::invalid,
                     fmt::format("{}: the value has {} bytes; a value must be shorter than 4 GiB",
                                 path, length));
    }
    const std::size_t unit = unit_bytes(element.vr);
    if (length % unit == 0) return {};
    return problem(ProblemKind::invalid,
                   fmt::format("{}: the value has {} bytes, which is no multiple of the {} bytes "
                               "of a number of VR {}",
                               path, length, unit, name_of(element.vr)));
  }

  Result<void> write_sequence(const Element& element, const std::string& path) {
    append_header(element.tag, Vr::SQ, undefined_length);
    std::size_t number = 0;
    for (const DataSet& item : element.items) {
      append_tag(tags::Item, out_);
      append_32(undefined_length, out_);
      TRY_DO(write(item, fmt::format("{}/{}/", path, ++number), /*is_top=*/false));
      append_tag(tags::ItemDelimitationItem, out_);
      append_32(0, out_);
    }
    append_tag(tags::SequenceDelimitationItem, out_);
    append_32(0, out_);
    return {};
  }

  Result<void> write_outer(const Element& element, const std::string& path,
                           const OuterValue& outer) {
    const std::uint64_t length = outer.length + outer.length % 2;
    if (outer.is_encapsulated) {
      append_header(element.tag, Vr::OB, undefined_length);
      append_tag(tags::Item, out_);  // the Basic Offset Table
      append_32(0, out_);
      append_tag(tags::Item, out_);
      append_32(length, out_);
    } else {
      TRY_DO(check_length(element, path, outer.length));
      append_header(element.tag, vr_for(element.vr, length), length);
    }
    TRY_DO(flush());
    TRY_DO(outer.write(sink_));
    if (outer.length % 2 != 0) out_ += outer.is_encapsulated ? '\0' : padding_of(element.vr);
    if (outer.is_encapsulated) {
      append_tag(tags::SequenceDelimitationItem, out_);
      append_32(0, out_);
    }
    return {};
  }

  VrForm form_;
  const WriteOptions& options_;
  const ByteSink& sink_;
  std::string out_;
  std::string character_set_;
  bool needs_character_set_ = false;
};

}  // namespace

Result<void> write_explicit_little_endian(const DataSet& data_set, const WriteOptions& options,
                                          const ByteSink& sink) {
  return write_little_endian(data_set, VrForm::explicit_vr, options, sink);
}

Result<void> write_little_endian(const DataSet& data_set, VrForm form, const WriteOptions& options,
                                 const ByteSink& sink) {
  return Writer(form, options, sink).write_whole(data_set);
}

}  // namespace lightbox::dicom
