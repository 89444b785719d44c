#include "fhir/rewrite.h"

#include <array>

namespace lightbox::fhir {
namespace {

class Rewriting {
 public:
  Rewriting(JsonDocument& document, const UrlRewriter& rewriter)
      : document_(document), rewriter_(rewriter) {}

  void resource(Json& value) {
    const std::string_view name = value.string("resourceType");
    const ResourceType* type = Definitions::r4().resource_type(name);
    if (type != nullptr && name != "Bundle") object(value, *type->elements);
  }

  [[nodiscard]] std::vector<UrlEdit> take() && { return std::move(edits_); }

 private:
  void object(Json& value, const ComplexType& type) {
    for (Json* child = value.first; child != nullptr; child = child->next) {
      if (child->key.starts_with('_')) {
        for_each_item(*child, [this](Json& item) { object(item, *element_); });
        continue;
      }
      const ComplexType::Slot slot = type.find(child->key);
      if (slot.type == nullptr) continue;
      for_each_item(*child, [&](Json& item) { element(item, *slot.type); });
    }
  }

  template <typename Visit>
  static void for_each_item(Json& value, Visit visit) {
    if (!value.is(Json::Kind::array)) return visit(value);
    for (Json* item = value.first; item != nullptr; item = item->next) visit(*item);
  }

  void element(Json& value, const ElementType& type) {
    if (type.is_resource) return resource(value);
    if (type.complex != nullptr) {
      if (type.complex == reference_) {
        Json* literal = value.find("reference");
        if (literal != nullptr) url(*literal, FoundUrl::Place::reference, &type);
      }
      return object(value, *type.complex);
    }
    switch (type.primitive) {
      case Primitive::uri:
      case Primitive::url:
      case Primitive::oid:
      case Primitive::uuid:
        return url(value, FoundUrl::Place::uri, nullptr);
      case Primitive::xhtml:
        return narrative(value);
      default:
        return;
    }
  }

  void url(Json& value, FoundUrl::Place place, const ElementType* type) {
    if (!value.is(Json::Kind::string)) return;
    if (const auto instead = rewriter_({place, value.text, type})) replace(value, *instead);
  }

  void replace(Json& value, std::string_view text) {
    edits_.push_back({&value, value.text});
    value.text = document_.copy(text);
  }

  // The div is well-formed, and its attributes' values are quoted: they were validated.
  void narrative(Json& value) {
    const std::string_view div = value.text;
    std::string text;
    std::size_t copied = 0;
    for (std::size_t at = div.find('<'); at != std::string_view::npos; at = div.find('<', at)) {
      if (div.substr(at).starts_with("<!--")) {
        at = div.find("-->", at);
        continue;
      }
      const std::size_t end = tag_end(div, at);
      for (const std::string_view name : {"href", "src"}) {
        const std::string_view old = attribute(div.substr(at, end - at), name);
        if (old.empty()) continue;
        const auto instead = rewriter_({FoundUrl::Place::narrative, old, nullptr});
        if (!instead) continue;
        const auto place = static_cast<std::size_t>(old.data() - div.data());
        text.append(div.substr(copied, place - copied)).append(*instead);
        copied = place + old.size();
      }
      at = end;
    }
    if (copied > 0) replace(value, text.append(div.substr(copied)));
  }

  // Where the tag that begins at `at` ends: a '>' in a value does not end it.
  static std::size_t tag_end(std::string_view div, std::size_t at) {
    char quote = '\0';
    for (; at < div.size(); ++at) {
      const char c = div[at];
      if (quote != '\0') {
        if (c == quote) quote = '\0';
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '>') {
        return at;
      }
    }
    return div.size();
  }

  // The value of an attribute of a tag; empty without it.
  static std::string_view attribute(std::string_view tag, std::string_view name) {
    std::size_t at = 0;
    while (at < tag.size()) {
      const std::size_t equals = tag.find('=', at);
      if (equals == std::string_view::npos) return {};
      const std::size_t open = tag.find_first_of("\"'", equals);
      if (open == std::string_view::npos) return {};
      const std::size_t close = tag.find(tag[open], open + 1);
      if (close == std::string_view::npos) return {};
      const std::size_t last = tag.find_last_not_of(" \t\r\n", equals - 1);
      const std::size_t before = tag.find_last_of(" \t\r\n", last);
      if (before != std::string_view::npos && before >= at &&
          tag.substr(before + 1, last - before) == name) {
        return tag.substr(open + 1, close - open - 1);
      }
      at = close + 1;
    }
    return {};
  }

  JsonDocument& document_;
  const UrlRewriter& rewriter_;
  const ComplexType* reference_ = Definitions::r4().complex_type("Reference");
  const ComplexType* element_ = Definitions::r4().complex_type("Element");
  std::vector<UrlEdit> edits_;
};

}  // namespace

std::vector<UrlEdit> rewrite_urls(JsonDocument& document, Json& resource,
                                  const UrlRewriter& rewriter) {
  Rewriting rewriting(document, rewriter);
  rewriting.resource(resource);
  return std::move(rewriting).take();
}

}  // namespace lightbox::fhir
