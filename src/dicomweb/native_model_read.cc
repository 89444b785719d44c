#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <expat.h>
#include <fmt/format.h>
#include <vector>

#include "dicom/json.h"
#include "dicom/tag.h"
#include "dicom/vr.h"
#include "dicomweb/native_model.h"

namespace lightbox::dicomweb {
namespace {

// What a start tag may be, and within what.
enum class Node : unsigned char {
  model,
  attribute,
  value,
  item,
  inline_binary,
  bulk_data,
  person_name,
  name_group,      // Alphabetic, Ideographic, Phonetic
  name_component,  // FamilyName, …
};

constexpr std::array<std::string_view, 3> name_groups = {"Alphabetic", "Ideographic", "Phonetic"};
// In the order of PN's components (PS3.5 6.2.1.1).
constexpr std::array<std::string_view, 5> name_components = {
    "FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix"};

// JSON numbers in Value (PS3.18 F.2.3); IS and DS may be texts, too.
bool is_number(dicom::Vr vr) {
  switch (vr) {
    case dicom::Vr::FL:
    case dicom::Vr::FD:
    case dicom::Vr::SL:
    case dicom::Vr::SS:
    case dicom::Vr::UL:
    case dicom::Vr::US:
      return true;
    default:
      return false;
  }
}

// RFC 8259 6: what from_chars takes besides is "inf", ".5", "5." and "007".
bool is_number(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return false;
  if (text.starts_with('-')) text.remove_prefix(1);
  const auto is_digit_at = [&](std::size_t at) {
    return at < text.size() && text[at] >= '0' && text[at] <= '9';
  };
  const auto point = text.find('.');
  return is_digit_at(0) && !(text[0] == '0' && is_digit_at(1)) &&
         (point == std::string_view::npos || is_digit_at(point + 1));
}

std::string_view local_name(std::string_view name) { return name.substr(name.rfind(':') + 1); }

class Reader {
 public:
  explicit Reader(std::string& out) : parser_(XML_ParserCreate("UTF-8")), out_(out) {
    XML_SetUserData(parser_, this);
    XML_SetElementHandler(
        parser_,
        [](void* self, const XML_Char* name, const XML_Char** attributes) {
          auto& reader = *static_cast<Reader*>(self);
          if (reader.goes_on()) reader.start(local_name(name), attributes);
        },
        [](void* self, const XML_Char*) {
          auto& reader = *static_cast<Reader*>(self);
          if (reader.goes_on()) reader.end();
        });
    XML_SetCharacterDataHandler(parser_, [](void* self, const XML_Char* text, int size) {
      static_cast<Reader*>(self)->text({text, static_cast<std::size_t>(size)});
    });
    XML_SetStartDoctypeDeclHandler(
        parser_, [](void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) {
          static_cast<Reader*>(self)->fail("a DOCTYPE is not allowed");
        });
  }
  ~Reader() { XML_ParserFree(parser_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Result<void> read(std::string_view xml) {
    constexpr std::size_t slice_bytes = 1U << 20U;
    do {
      const std::string_view slice = xml.substr(0, slice_bytes);
      xml.remove_prefix(slice.size());
      const auto status =
          XML_Parse(parser_, slice.data(), static_cast<int>(slice.size()), xml.empty() ? 1 : 0);
      if (status != XML_STATUS_OK) {
        if (goes_on()) fail(XML_ErrorString(XML_GetErrorCode(parser_)));
        return problem(ProblemKind::invalid, "structure",
                       fmt::format("The metadata is not XML of the Native DICOM Model: line {}, "
                                   "column {}: {}",
                                   line_, column_, what_));
      }
    } while (!xml.empty());
    return {};
  }

 private:
  struct Frame {
    Node node;
    std::size_t count = 0;  // of members or values written
    dicom::Vr vr = dicom::Vr::UN;
    bool has_values = false;  // "Value":[ is open
  };

  // Expat reports the end of an empty element, and more, after it has been stopped.
  [[nodiscard]] bool goes_on() const { return what_.empty(); }

  void fail(std::string_view what) {
    if (!goes_on()) return;
    what_ = what;
    line_ = XML_GetCurrentLineNumber(parser_);
    column_ = XML_GetCurrentColumnNumber(parser_) + 1;
    XML_StopParser(parser_, XML_FALSE);
  }

  static std::string_view find(const XML_Char** attributes, std::string_view wanted) {
    for (; *attributes != nullptr; attributes += 2) {
      if (local_name(attributes[0]) == wanted) return attributes[1];
    }
    return {};
  }

  void start(std::string_view name, const XML_Char** attributes) {
    text_.clear();
    if (frames_.empty()) {
      if (name != "NativeDicomModel") return fail(fmt::format("<{}> is no NativeDicomModel", name));
      out_ += '{';
      frames_.push_back({.node = Node::model});
      return;
    }
    const Node within = frames_.back().node;
    if (within == Node::model || within == Node::item) {
      if (name == "DicomAttribute") return start_attribute(attributes);
    } else if (within == Node::attribute) {
      if (name == "Value") return start_value(Node::value, attributes);
      if (name == "Item") {
        start_value(Node::item, attributes);
        out_ += '{';
        return;
      }
      if (name == "PersonName") {
        start_value(Node::person_name, attributes);
        out_ += '{';
        return;
      }
      if (name == "InlineBinary") return frames_.push_back({.node = Node::inline_binary});
      if (name == "BulkData") return start_bulk_data(attributes);
    } else if (within == Node::person_name) {
      if (std::ranges::find(name_groups, name) != name_groups.end()) return start_group(name);
    } else if (within == Node::name_group) {
      const auto component = std::ranges::find(name_components, name);
      if (component != name_components.end()) {
        component_ = static_cast<std::size_t>(component - name_components.begin());
        frames_.push_back({.node = Node::name_component});
        return;
      }
    }
    fail(fmt::format("<{}> cannot stand here", name));
  }

  void start_attribute(const XML_Char** attributes) {
    const auto tag = dicom::tag_of(find(attributes, "tag"));
    const auto vr = dicom::vr_of(find(attributes, "vr"));
    if (!tag) return fail("the tag of a DicomAttribute must be eight hexadecimal digits");
    if (!vr) return fail("the vr of a DicomAttribute must be a value representation");
    if (frames_.back().count++ != 0) out_ += ',';
    out_ += fmt::format(R"("{}":{{"vr":"{}")", dicom::text_of(*tag), dicom::name_of(*vr));
    frames_.push_back({.node = Node::attribute, .vr = *vr});
  }

  // Opens the list of values, and fills it up to the number.
  void start_value(Node node, const XML_Char** attributes) {
    Frame& attribute = frames_.back();
    const std::string_view text = find(attributes, "number");
    std::size_t number = 0;
    constexpr std::size_t number_max = 1'000'000;
    std::from_chars(text.data(), text.data() + text.size(), number);
    if (number <= attribute.count || number > number_max) {
      return fail(fmt::format("the number '{}' must be {} or more", text, attribute.count + 1));
    }
    if (!attribute.has_values) out_ += R"(,"Value":[)";
    attribute.has_values = true;
    for (; attribute.count + 1 < number; ++attribute.count) {
      out_ += attribute.count == 0 ? "null" : ",null";
    }
    if (attribute.count++ != 0) out_ += ',';
    frames_.push_back({.node = node, .vr = attribute.vr});
  }

  void start_bulk_data(const XML_Char** attributes) {
    const std::string_view uri = find(attributes, "uri");
    const std::string_view uuid = find(attributes, "uuid");
    if (uri.empty() && uuid.empty()) return fail("BulkData must have a uri or uuid");
    out_ += R"(,"BulkDataURI":)";
    dicom::append_json_string(uri.empty() ? uuid : uri, out_);
    frames_.push_back({.node = Node::bulk_data});
  }

  void start_group(std::string_view name) {
    if (frames_.back().count++ != 0) out_ += ',';
    out_ += fmt::format(R"("{}":)", name);
    components_ = {};
    frames_.push_back({.node = Node::name_group});
  }

  void text(std::string_view text) { text_ += text; }

  void end() {
    const Frame frame = frames_.back();
    frames_.pop_back();
    switch (frame.node) {
      case Node::model:
      case Node::item:
      case Node::person_name:
        out_ += '}';
        break;
      case Node::attribute:
        out_ += frame.has_values ? "]}" : "}";
        break;
      case Node::value:
        if (!is_number(frame.vr)) {
          dicom::append_json_string(text_, out_);
        } else if (is_number(text_)) {
          out_ += text_;
        } else {
          fail(fmt::format("'{}' is no number, which {} is", text_.substr(0, 100),
                           dicom::name_of(frame.vr)));
        }
        break;
      case Node::inline_binary:
        std::erase_if(text_,
                      [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
        out_ += R"(,"InlineBinary":)";
        dicom::append_json_string(text_, out_);
        break;
      case Node::bulk_data:
        break;
      case Node::name_component:
        components_[component_] = text_;
        break;
      case Node::name_group:
        end_group();
        break;
    }
    text_.clear();
  }

  void end_group() {
    std::string joined;
    for (const std::string& component : components_) joined += component + '^';
    joined.erase(joined.find_last_not_of('^') + 1);
    dicom::append_json_string(joined, out_);
  }

  XML_Parser parser_;
  std::string& out_;
  std::vector<Frame> frames_;
  std::string text_;
  std::array<std::string, name_components.size()> components_;
  std::size_t component_ = 0;
  std::string what_;  // is wrong
  std::size_t line_ = 0;
  std::size_t column_ = 0;
};

}  // namespace

Result<std::string> native_model_to_json(std::string_view xml) {
  std::string json;
  TRY_DO(Reader(json).read(xml));
  return json;
}

}  // namespace lightbox::dicomweb
