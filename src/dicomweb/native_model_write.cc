#include <fmt/format.h>

#include "base/xml_text.h"
#include "dicom/character_set.h"
#include "dicom/dictionary.h"
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

void append_data_set(const DataSet& data_set, std::string& out);

void append_values(const Element& element, const DataSet& data_set, std::string& out) {
  std::size_t number = 0;
  for (const DataSet& item : element.items) {
    out += fmt::format(R"(<Item number="{}">)", ++number);
    append_data_set(item, out);
    out += "</Item>";
  }
  if (element.vr == Vr::US) {
    for (std::size_t i = 0; i + 1 < element.value.size(); i += 2) {
      const auto low = static_cast<unsigned char>(element.value[i]);
      const auto high = static_cast<unsigned char>(element.value[i + 1]);
      append_value(++number, std::to_string(low + high * 256), out);
    }
  } else if (dicom::is_text(element.vr) && !element.value.empty()) {
    for (const auto& text : dicom::texts_of(element, data_set.character_set)) {
      append_value(++number, text, out);
    }
  }
}

void append_data_set(const DataSet& data_set, std::string& out) {
  for (const Element& element : data_set.elements) {
    out += fmt::format(R"(<DicomAttribute tag="{}" vr="{}")", dicom::text_of(element.tag),
                       dicom::name_of(element.vr));
    if (const auto entry = dicom::find_tag(element.tag)) {
      out += fmt::format(R"( keyword="{}")", entry->keyword);
    }
    out += '>';
    append_values(element, data_set, out);
    out += "</DicomAttribute>";
  }
}

}  // namespace

std::string write_native_model(const DataSet& data_set) {
  std::string out = R"(<?xml version="1.0" encoding="UTF-8"?>)"
                    "\n"
                    R"(<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM")"
                    R"( xml:space="preserve">)";
  append_data_set(data_set, out);
  out += "</NativeDicomModel>\n";
  return out;
}

}  // namespace lightbox::dicomweb
