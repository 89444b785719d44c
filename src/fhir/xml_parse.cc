#include "fhir/xml_parse.h"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <expat.h>
#include <fmt/format.h>
#include <malloc.h>
#include <optional>
#include <utility>
#include <vector>

namespace lightbox::fhir {
namespace {

// Expat's allocations while it parses on this thread. Its callbacks for memory know no parser.
struct Budget {
  std::size_t used = 0;
  std::size_t max = 0;
};
thread_local Budget budget;

void* allocate(std::size_t bytes) {
  if (budget.used + bytes > budget.max) return nullptr;
  void* memory = std::malloc(bytes);
  if (memory != nullptr) budget.used += malloc_usable_size(memory);
  return memory;
}

void release(void* memory) {
  if (memory != nullptr) budget.used -= std::min(budget.used, malloc_usable_size(memory));
  std::free(memory);
}

void* reallocate(void* memory, std::size_t bytes) {
  const std::size_t before = memory == nullptr ? 0 : malloc_usable_size(memory);
  if (budget.used - std::min(budget.used, before) + bytes > budget.max) return nullptr;
  void* moved = std::realloc(memory, bytes);
  if (moved == nullptr) return nullptr;
  budget.used = budget.used - std::min(budget.used, before) + malloc_usable_size(moved);
  return moved;
}

constexpr char separator = '\n';  // between namespace and name; no URI has one

XmlName split(const XML_Char* name) {
  const std::string_view text(name);
  const std::size_t at = text.rfind(separator);
  if (at == std::string_view::npos) return {.space = {}, .local = text};
  return {.space = text.substr(0, at), .local = text.substr(at + 1)};
}

bool is_utf8(std::string_view encoding) {
  return encoding.size() == 5 && (encoding[0] | 0x20) == 'u' && (encoding[1] | 0x20) == 't' &&
         (encoding[2] | 0x20) == 'f' && encoding.substr(3) == "-8";
}

// Expat would take it, whatever it is told (XML 1.0, appendix F.1).
bool is_utf16(std::string_view text) {
  const std::string_view start = text.substr(0, 2);
  return start == "\xFF\xFE" || start == "\xFE\xFF" || start.contains('\0');
}

// What Expat says, and what would be right where that is not plain.
std::string described(XML_Error error) {
  std::string text = XML_ErrorString(error);
  if (error == XML_ERROR_UNDEFINED_ENTITY) {
    text += ": XML has &lt; &gt; &amp; &quot; &apos; and numbers such as &#160;";
  } else if (error == XML_ERROR_INVALID_TOKEN) {
    text += ": not a character or markup that XML allows here";
  }
  return text;
}

}  // namespace

struct XmlParser::Impl {
  Impl(std::string_view given_text, XmlEvents& given_events)
      : text(given_text), events(given_events) {
    static constexpr XML_Memory_Handling_Suite memory{allocate, reallocate, release};
    // Forcing the encoding keeps the offsets those of the text.
    const char separators[] = {separator, '\0'};
    budget = {.used = 0, .max = 1024 * 1024 + 4 * text.size()};
    parser = XML_ParserCreate_MM("UTF-8", &memory, separators);
    if (parser == nullptr) return;
    XML_SetUserData(parser, this);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetStartNamespaceDeclHandler(parser, on_namespace);
    XML_SetStartDoctypeDeclHandler(parser, on_doctype);
    XML_SetXmlDeclHandler(parser, on_declaration);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (parser != nullptr) XML_ParserFree(parser);
  }

  static Impl& of(void* self) { return *static_cast<Impl*>(self); }

  static void on_start(void* self, const XML_Char* name, const XML_Char** attributes) {
    Impl& impl = of(self);
    if (impl.stopped) return;  // Expat may have events left
    impl.attributes.clear();
    for (; *attributes != nullptr; attributes += 2) {
      impl.attributes.push_back({.name = split(attributes[0]), .value = attributes[1]});
    }
    impl.events.start(split(name), impl.attributes, std::exchange(impl.declares_default, false));
  }

  static void on_end(void* self, const XML_Char* /*name*/) {
    if (!of(self).stopped) of(self).events.end();
  }

  static void on_text(void* self, const XML_Char* text, int size) {
    if (!of(self).stopped) of(self).events.text({text, static_cast<std::size_t>(size)});
  }

  static void on_namespace(void* self, const XML_Char* prefix, const XML_Char* /*uri*/) {
    if (prefix == nullptr) of(self).declares_default = true;
  }

  static void on_doctype(void* self, const XML_Char* /*name*/, const XML_Char* /*system*/,
                         const XML_Char* /*public*/, int /*has_internal_subset*/) {
    Impl& impl = of(self);
    impl.stop(
        problem(ProblemKind::invalid, "security",
                fmt::format("XML, {}: a DOCTYPE is not allowed: leave it out", impl.position())));
  }

  static void on_declaration(void* self, const XML_Char* /*version*/, const XML_Char* encoding,
                             int /*standalone*/) {
    if (encoding == nullptr || is_utf8(encoding)) return;
    Impl& impl = of(self);
    impl.stop(problem(
        ProblemKind::invalid, "structure",
        fmt::format("XML, {}: the encoding is \"{}\": expected UTF-8", impl.position(), encoding)));
  }

  void stop(Problem why) {
    if (stopped) return;
    stopped = std::move(why);
    XML_StopParser(parser, XML_FALSE);
  }

  [[nodiscard]] std::string position() const {
    return fmt::format("line {}, column {}", XML_GetCurrentLineNumber(parser),
                       XML_GetCurrentColumnNumber(parser) + 1);
  }

  Result<void> run() {
    if (parser == nullptr) return problem(ProblemKind::unavailable, "no memory to parse the XML");
    if (text.size() > INT_MAX) {
      return problem(ProblemKind::invalid, "too-long", "XML: more than 2 GB");
    }
    if (is_utf16(text)) {
      return problem(ProblemKind::invalid, "structure",
                     "XML, line 1, column 1: the text is UTF-16: expected UTF-8");
    }
    const auto status = XML_Parse(parser, text.data(), static_cast<int>(text.size()), XML_TRUE);
    if (stopped) return std::move(*stopped);
    if (status != XML_STATUS_ERROR) return {};
    const XML_Error error = XML_GetErrorCode(parser);
    if (error == XML_ERROR_NO_MEMORY) {
      return problem(ProblemKind::invalid, "too-costly",
                     "XML: too many names or attributes for its size");
    }
    return problem(ProblemKind::invalid, "structure",
                   fmt::format("XML, {}: {}", position(), described(error)));
  }

  std::string_view text;
  XmlEvents& events;
  XML_Parser parser = nullptr;
  std::vector<XmlAttribute> attributes;
  bool declares_default = false;
  std::optional<Problem> stopped;
};

XmlParser::XmlParser(std::string_view text, XmlEvents& events)
    : impl_(std::make_unique<Impl>(text, events)) {}
XmlParser::~XmlParser() = default;

Result<void> XmlParser::run() { return impl_->run(); }
void XmlParser::stop(Problem problem) { impl_->stop(std::move(problem)); }
std::string XmlParser::position() const { return impl_->position(); }

std::size_t XmlParser::begin_offset() const {
  return static_cast<std::size_t>(XML_GetCurrentByteIndex(impl_->parser));
}

std::size_t XmlParser::end_offset() const {
  return begin_offset() + static_cast<std::size_t>(XML_GetCurrentByteCount(impl_->parser));
}

}  // namespace lightbox::fhir
