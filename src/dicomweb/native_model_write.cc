#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <optional>

#include "base/xml_text.h"
#include "dicom/base64.h"
#include "dicom/character_set.h"
#include "dicom/dictionary.h"
#include "dicom/encoding.h"
#include "dicomweb/native_model.h"

namespace lightbox::dicomweb {
namespace {

using dicom::DataSet;
using dicom::Element;
using dicom::Vr;

void append_value(std::size_t number, std::string_view text, std::string& out) {
  if (text.empty()) return;
  out += fmt::format(R"(<Value number="{}">)", number);
  append_xml_text(text, out);
  out += "</Value>";
}

std::string_view take_until(char separator, std::string_view& text) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

// PS3.5 6.2.1.1: groups of components.
void append_person_name(std::size_t number, std::string_view name, std::string& out) {
  constexpr std::array<std::string_view, 3> groups = {"Alphabetic", "Ideographic", "Phonetic"};
  constexpr std::array<std::string_view, 5> components = {"FamilyName", "GivenName", "MiddleName",
                                                          "NamePrefix", "NameSuffix"};
  if (name.empty()) return;
  out += fmt::format(R"(<PersonName number="{}">)", number);
  for (const std::string_view group : groups) {
    std::string_view rest = take_until('=', name);
    if (rest.empty()) continue;
    out += fmt::format("<{}>", group);
    for (const std::string_view component : components) {
      const std::string_view text = take_until('^', rest);
      if (text.empty()) continue;
      out += fmt::format("<{}>", component);
      append_xml_text(text, out);
      out += fmt::format("</{}>", component);
    }
    out += fmt::format("</{}>", group);
  }
  out += "</PersonName>";
}

template <typename Number>
void append_numbers(std::string_view bytes, std::string& out) {
  for (std::size_t i = 0; (i + 1) * sizeof(Number) <= bytes.size(); ++i) {
    Number number{};
    std::memcpy(&number, bytes.data() + i * sizeof(Number), sizeof(Number));
    append_value(i + 1, fmt::format("{}", number), out);
  }
}

void append_tags(std::string_view bytes, std::string& out) {
  for (std::size_t i = 0; (i + 1) * 4 <= bytes.size(); ++i) {
    const dicom::Tag tag = dicom::read_tag(bytes.data() + i * 4, dicom::ByteOrder::little_endian);
    append_value(i + 1, dicom::text_of(tag), out);
  }
}

class Writer {
 public:
  Writer(const BulkUri& bulk_uri, std::string& out) : bulk_uri_(bulk_uri), out_(out) {}

  void write(const DataSet& data_set, const std::string& path) {
    for (const Element& element : data_set.elements) {
      const auto creator = creator_of(element.tag, data_set);
      const dicom::Tag shown = creator ? element.tag & 0xFFFF00FFU : element.tag;
      out_ += fmt::format(R"(<DicomAttribute tag="{}" vr="{}")", dicom::text_of(shown),
                          dicom::name_of(element.vr));
      if (const auto entry = dicom::find_tag(element.tag); entry && !entry->keyword.empty()) {
        out_ += fmt::format(R"( keyword="{}")", entry->keyword);
      }
      if (creator) {
        out_ += R"( privateCreator=")";
        append_xml_text(*creator, out_);
        out_ += '"';
      }
      out_ += '>';
      write_content(element, data_set, path + dicom::text_of(element.tag));
      out_ += "</DicomAttribute>";
    }
  }

 private:
  // PS3.5 7.8.1: of (gggg,xxee) it is (gggg,00xx), and PS3.19 A.1.5.2 writes (gggg,00ee).
  static std::optional<std::string> creator_of(dicom::Tag tag, const DataSet& data_set) {
    const dicom::Tag block = tag >> 8U & 0xFFU;
    if (!dicom::is_private(tag) || block == 0) return std::nullopt;
    const std::string creator = data_set.text((tag & 0xFFFF0000U) | block);
    return creator.empty() ? std::nullopt : std::optional(creator);
  }

  void write_content(const Element& element, const DataSet& data_set, const std::string& path) {
    if (element.vr == Vr::SQ) return write_items(element, path);
    if (element.value.empty()) {
      const std::string uri = bulk_uri_ ? bulk_uri_(path) : std::string();
      if (uri.empty()) return;
      out_ += R"(<BulkData uri=")";
      append_xml_text(uri, out_);
      out_ += R"("/>)";
    } else if (dicom::is_text(element.vr)) {
      write_texts(element, data_set);
    } else {
      write_bytes(element);
    }
  }

  void write_items(const Element& element, const std::string& path) {
    std::size_t number = 0;
    for (const DataSet& item : element.items) {
      out_ += fmt::format(R"(<Item number="{}">)", ++number);
      write(item, fmt::format("{}/{}/", path, number));
      out_ += "</Item>";
    }
  }

  void write_texts(const Element& element, const DataSet& data_set) {
    std::size_t number = 0;
    for (const auto& text : dicom::texts_of(element, data_set.character_set)) {
      ++number;
      element.vr == Vr::PN ? append_person_name(number, text, out_)
                           : append_value(number, text, out_);
    }
  }

  void write_bytes(const Element& element) {
    switch (element.vr) {
      case Vr::AT:
        return append_tags(element.value, out_);
      case Vr::FL:
        return append_numbers<float>(element.value, out_);
      case Vr::FD:
        return append_numbers<double>(element.value, out_);
      case Vr::SL:
        return append_numbers<std::int32_t>(element.value, out_);
      case Vr::SS:
        return append_numbers<std::int16_t>(element.value, out_);
      case Vr::SV:
        return append_numbers<std::int64_t>(element.value, out_);
      case Vr::UL:
        return append_numbers<std::uint32_t>(element.value, out_);
      case Vr::US:
        return append_numbers<std::uint16_t>(element.value, out_);
      case Vr::UV:
        return append_numbers<std::uint64_t>(element.value, out_);
      default:
        out_ += "<InlineBinary>";
        dicom::append_base64(element.value, out_);
        out_ += "</InlineBinary>";
    }
  }

  const BulkUri& bulk_uri_;
  std::string& out_;
};

}  // namespace

std::string write_native_model(const DataSet& data_set, const BulkUri& bulk_uri) {
  std::string out = R"(<?xml version="1.0" encoding="UTF-8"?>)"
                    "\n"
                    R"(<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM")"
                    R"( xml:space="preserve">)";
  Writer(bulk_uri, out).write(data_set, "");
  out += "</NativeDicomModel>\n";
  return out;
}

}  // namespace lightbox::dicomweb
