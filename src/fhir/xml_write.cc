#include "fhir/xml_write.h"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

#include "base/xml_text.h"
#include "fhir/definitions.h"
#include "fhir/narrative_entities.h"
#include "fhir/validate.h"

namespace lightbox::fhir {
namespace {

// Narrative: what XML has not in common with HTML and JSON is replaced, the rest is as it is.
void append_narrative(std::string_view div, std::string& out) {
  std::size_t at = std::min(div.find_first_not_of(" \t\r\n"), div.size());
  while (at < div.size()) {
    const std::string_view rest = div.substr(at);
    std::size_t length = 1;
    if (rest.starts_with("<![CDATA[") || rest.starts_with("<!--")) {
      const std::string_view closing = rest.starts_with("<!--") ? "-->" : "]]>";
      length = std::min(rest.find(closing), rest.size());  // no entities in these
      out += rest.substr(0, length);
    } else if (rest.front() == '&') {
      length = std::min(rest.find(';'), rest.size() - 1) + 1;
      const std::string_view name = rest.substr(1, length - 2);
      const bool is_xml =
          name == "lt" || name == "gt" || name == "amp" || name == "quot" || name == "apos";
      const std::uint32_t code_point = is_xml ? 0 : html_entity(name);
      if (code_point == 0) {
        out += rest.substr(0, length);
      } else {
        fmt::format_to(std::back_inserter(out), "&#{};", code_point);
      }
    } else if (const std::size_t forbidden = xml_forbidden_length(div, at); forbidden > 0) {
      length = forbidden;
      out += xml_replacement;
    } else {
      out += rest.front();
    }
    at += length;
  }
}

class Writer {
 public:
  Writer(XmlStyle style, std::string& out) : style_(style), out_(out) {}

  Result<void> resource(const Json& value) {
    TRY(const ResourceType* type, resource_type_of(value));
    indent();
    out_ += '<';
    out_ += type->name;
    if (depth_ == 0) out_ += R"( xmlns="http://hl7.org/fhir")";
    return content(value, *type->elements, type->name, Attributes::none);
  }

 private:
  enum class Attributes { none, id, id_and_url };

  // A member of an object with its "_name".
  struct Entry {
    ComplexType::Slot slot;
    std::size_t order = 0;
    const Json* value = nullptr;
    const Json* part = nullptr;
  };

  // The rest of the element whose start tag's name has been written.
  Result<void> content(const Json& object, const ComplexType& type, std::string_view name,
                       Attributes attributes) {
    if (!object.is(Json::Kind::object)) return mismatch(name);
    if (attributes != Attributes::none) attribute("id", object.find("id"));
    if (attributes == Attributes::id_and_url) attribute("url", object.find("url"));
    const std::size_t begin = entries_.size();
    TRY_DO(collect(object, type, attributes));
    const std::size_t end = entries_.size();
    if (begin == end) {
      out_ += "/>";
      return {};
    }
    out_ += '>';
    ++depth_;
    for (std::size_t at = begin; at < end; ++at) TRY_DO(element(Entry(entries_[at])));
    --depth_;
    entries_.resize(begin);
    indent();
    close(name);
    return {};
  }

  // Puts the object's members onto entries_, in the order of the definitions.
  Result<void> collect(const Json& object, const ComplexType& type, Attributes attributes) {
    const auto begin = static_cast<std::ptrdiff_t>(entries_.size());
    for (const Json* member = object.first; member != nullptr; member = member->next) {
      const bool is_part = member->key.starts_with('_');
      const std::string_view name = member->key.substr(is_part ? 1 : 0);
      if (attributes == Attributes::none && name == "resourceType") continue;
      if (attributes != Attributes::none && name == "id") continue;
      if (attributes == Attributes::id_and_url && name == "url") continue;
      const ComplexType::Slot slot = type.find(name);
      if (slot.element == nullptr) {
        return problem(ProblemKind::internal,
                       fmt::format("{} has no element {}", type.name, quoted(name)));
      }
      auto entry = std::find_if(entries_.begin() + begin, entries_.end(),
                                [&](const Entry& other) { return other.slot.type == slot.type; });
      if (entry == entries_.end()) {
        const auto order = static_cast<std::size_t>(slot.element - type.elements.data());
        entry = entries_.insert(entry, Entry{.slot = slot, .order = order});
      }
      (is_part ? entry->part : entry->value) = member;
    }
    std::stable_sort(entries_.begin() + begin, entries_.end(),
                     [](const Entry& a, const Entry& b) { return a.order < b.order; });
    return {};
  }

  Result<void> element(const Entry& entry) {
    if (!entry.slot.element->is_list) return item(entry.slot, entry.value, entry.part);
    for (const Json* list : {entry.value, entry.part}) {
      if (list != nullptr && !list->is(Json::Kind::array)) return mismatch(list->key);
    }
    const Json* value = first_of(entry.value);
    const Json* part = first_of(entry.part);
    for (; value != nullptr || part != nullptr; value = next_of(value), part = next_of(part)) {
      TRY_DO(item(entry.slot, value, part));
    }
    return {};
  }

  static const Json* first_of(const Json* list) { return list == nullptr ? nullptr : list->first; }
  static const Json* next_of(const Json* item) { return item == nullptr ? nullptr : item->next; }

  // One element. `value` or `part` may be nullptr, or null in a list.
  Result<void> item(const ComplexType::Slot& slot, const Json* value, const Json* part) {
    const std::string_view name = slot.type->json_name;
    if (value != nullptr && value->is(Json::Kind::null)) value = nullptr;
    if (part != nullptr && part->is(Json::Kind::null)) part = nullptr;
    indent();
    if (slot.type->primitive == Primitive::xhtml) {
      if (value == nullptr || !value->is(Json::Kind::string)) return mismatch(name);
      append_narrative(value->text, out_);
      return {};
    }
    out_ += '<';
    out_ += name;
    if (slot.type->primitive != Primitive::none) return primitive(name, value, part);
    if (value == nullptr) return mismatch(name);
    if (slot.type->is_resource) return held_resource(name, *value);
    return content(*value, *slot.type->complex, name,
                   slot.type->complex == extension_type_ ? Attributes::id_and_url : Attributes::id);
  }

  Result<void> held_resource(std::string_view name, const Json& value) {
    out_ += '>';
    ++depth_;
    TRY_DO(resource(value));
    --depth_;
    indent();
    close(name);
    return {};
  }

  Result<void> primitive(std::string_view name, const Json* value, const Json* part) {
    if (value != nullptr && (value->is(Json::Kind::array) || value->is(Json::Kind::object))) {
      return mismatch(name);
    }
    if (part != nullptr) attribute("id", part->find("id"));
    attribute("value", value);
    const Json* extensions = part == nullptr ? nullptr : part->find("extension");
    if (extensions == nullptr) {
      out_ += "/>";
      return {};
    }
    out_ += '>';
    ++depth_;
    TRY_DO(element({.slot = extension_slot_, .value = extensions}));
    --depth_;
    indent();
    close(name);
    return {};
  }

  void attribute(std::string_view name, const Json* value) {
    if (value == nullptr) return;
    out_ += ' ';
    out_ += name;
    out_ += "=\"";
    append_xml_text(value->text, out_);
    out_ += '"';
  }

  void close(std::string_view name) {
    out_ += "</";
    out_ += name;
    out_ += '>';
  }

  void indent() {
    if (style_ == XmlStyle::compact) return;
    out_ += '\n';
    out_.append(depth_ * 2, ' ');
  }

  static Problem mismatch(std::string_view name) {
    return problem(ProblemKind::internal,
                   fmt::format("{} does not have the form that R4 gives it", name));
  }

  XmlStyle style_;
  std::string& out_;
  std::size_t depth_ = 0;
  std::vector<Entry> entries_;
  const ComplexType* extension_type_ = Definitions::r4().complex_type("Extension");
  ComplexType::Slot extension_slot_ = Definitions::r4().complex_type("Element")->find("extension");
};

}  // namespace

Result<std::string> write_xml(const Json& resource, XmlStyle style) {
  std::string out = R"(<?xml version="1.0" encoding="UTF-8"?>)";
  TRY_DO(Writer(style, out).resource(resource));
  if (style == XmlStyle::pretty) out += '\n';
  return out;
}

}  // namespace lightbox::fhir
