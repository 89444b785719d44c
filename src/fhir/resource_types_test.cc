// For every one of R4's resource types a resource with every element filled, made from the
// definitions themselves: valid, and the same after a round trip.

#include <gtest/gtest.h>
#include <iostream>
#include <string>

#include "fhir/resource.h"

namespace lightbox::fhir {
namespace {

constexpr std::size_t depth_max = 4;

class Maker {
 public:
  // `round` turns through the types of choices.
  explicit Maker(std::size_t round) : round_(round) {}

  std::string resource(const ResourceType& type) {
    text_ = "{\"resourceType\":\"" + std::string(type.name) + "\"";
    members(*type.elements, 0);
    text_ += '}';
    return std::move(text_);
  }

  [[nodiscard]] std::size_t elements() const { return elements_; }

 private:
  // The elements of `type`, each after a comma.
  void members(const ComplexType& type, std::size_t depth) {
    const bool is_extension = type.name == "Extension";
    for (const Element& element : type.elements) {
      if (element.name == "contained" || (is_extension && element.name == "extension")) continue;
      const bool needed = element.min > 0 || (is_extension && element.name == "value");
      if (depth >= depth_max && !needed && element.name != "reference" && element.name != "code" &&
          element.name != "coding") {
        continue;
      }
      if (element.name == "extension" && depth > 1) continue;
      const ElementType& chosen = element.types[(round_ + depth) % element.types.size()];
      const bool is_recursive = chosen.complex != nullptr && depth >= depth_max;
      const ElementType& used = is_recursive ? smallest(element) : chosen;
      member(element, used, depth);
    }
  }

  static const ElementType& smallest(const Element& element) {
    for (const ElementType& type : element.types) {
      if (type.primitive != Primitive::none) return type;
    }
    return element.types.front();
  }

  void member(const Element& element, const ElementType& type, std::size_t depth) {
    ++elements_;
    text_ += ",\"" + std::string(type.json_name) + "\":";
    if (element.is_list) text_ += '[';
    value(element, type, depth);
    if (element.is_list) text_ += ']';
  }

  void value(const Element& element, const ElementType& type, std::size_t depth) {
    if (type.primitive != Primitive::none) {
      text_ += primitive(element, type.primitive);
    } else if (type.is_resource) {
      text_ += R"({"resourceType":"Basic","code":{"text":"x"}})";
    } else if (type.name == "Reference") {
      const std::string_view target =
          type.targets.empty() ? "Patient" : type.targets[round_ % type.targets.size()]->name;
      text_ += "{\"reference\":\"" + std::string(target) + "/1\",\"display\":\"x\"}";
    } else if (element.binding != nullptr && type.name == "CodeableConcept") {
      text_ += "{\"coding\":[{\"system\":\"" + std::string(element.binding->system) +
               "\",\"code\":\"" + std::string(element.binding->codes.front()) + "\"}]}";
    } else {
      const std::size_t start = text_.size();
      members(*type.complex, depth + 1);
      if (text_.size() == start) text_ += R"(,"extension":[{"url":"http://a.b","valueCode":"x"}])";
      text_[start] = '{';
      text_ += '}';
    }
  }

  [[nodiscard]] std::string primitive(const Element& element, Primitive type) const {
    if (element.binding != nullptr && type == Primitive::code) {
      const auto& codes = element.binding->codes;
      return "\"" + std::string(codes[round_ % codes.size()]) + "\"";
    }
    if (element.path == "Reference.type") return "\"Patient\"";
    switch (type) {
      case Primitive::boolean:
        return "true";
      case Primitive::integer:
        return "-7";
      case Primitive::positiveInt:
        return "1";
      case Primitive::unsignedInt:
        return "0";
      case Primitive::decimal:
        return "1.00";
      case Primitive::date:
        return "\"2024-02-29\"";
      case Primitive::dateTime:
        return "\"2024-06-15T10:30:00+02:00\"";
      case Primitive::instant:
        return "\"2024-06-15T10:30:00.000Z\"";
      case Primitive::time:
        return "\"14:30:00\"";
      case Primitive::base64Binary:
        return "\"AAAA\"";
      case Primitive::uri:
      case Primitive::url:
      case Primitive::canonical:
        return "\"http://example.org/x\"";
      case Primitive::oid:
        return "\"urn:oid:1.2.3\"";
      case Primitive::uuid:
        return "\"urn:uuid:c757873d-ec9a-4326-a141-556f43239520\"";
      case Primitive::xhtml:
        return R"("<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>")";
      default:
        return "\"x\"";
    }
  }

  std::size_t round_;
  std::string text_;
  std::size_t elements_ = 0;
};

TEST(ResourceTypes, EachIsValidWithEveryElement) {
  std::size_t types = 0;
  std::size_t elements = 0;
  for (const ResourceType& type : Definitions::r4().resource_types()) {
    for (std::size_t round = 0; round < 3; ++round) {
      Maker maker(round);
      const std::string text = maker.resource(type);
      const auto resource = parse_resource(text);
      ASSERT_TRUE(resource) << type.name << ": " << resource.error().issues.front().expression
                            << " " << resource.error().issues.front().diagnostics;
      const std::string stored = to_stored(resource->json());
      std::string sent;
      append_resource({.type = type.name, .id = "x", .version = 1, .updated_ms = 0}, stored, sent);
      const auto again = parse_resource(sent);
      ASSERT_TRUE(again) << type.name;
      EXPECT_EQ(to_stored(again->json()), stored);
      elements += maker.elements();
    }
    ++types;
  }
  std::cout << types << " types with " << elements << " elements\n";
  EXPECT_EQ(types, 146U);
  EXPECT_GT(elements, 100'000U);
}

// Each required element of each type is missed when it is not there.
TEST(ResourceTypes, EachMissesItsRequiredElements) {
  std::size_t required = 0;
  for (const ResourceType& type : Definitions::r4().resource_types()) {
    const auto document = parse_json("{\"resourceType\":\"" + std::string(type.name) + "\"}");
    const auto issues = validate(*document->root());
    std::size_t expected = 0;
    for (const Element& element : type.elements->elements) expected += element.min > 0;
    EXPECT_EQ(issues.size(), expected) << type.name;
    for (const Issue& issue : issues) EXPECT_EQ(issue.code, "required") << type.name;
    required += expected;
  }
  EXPECT_GT(required, 200U);
}

}  // namespace
}  // namespace lightbox::fhir
