#include "fhir/narrative.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <vector>

#include "fhir/narrative_entities.h"

namespace lightbox::fhir {
namespace {

// The lists of the invariant txt-1. Sorted.
constexpr auto allowed_elements = std::to_array<std::string_view>(
    {"a",    "abbr",  "acronym", "b",        "big", "blockquote", "br",    "caption",
     "cite", "code",  "col",     "colgroup", "dd",  "dfn",        "div",   "dl",
     "dt",   "em",    "h1",      "h2",       "h3",  "h4",         "h5",    "h6",
     "hr",   "i",     "img",     "li",       "ol",  "p",          "pre",   "q",
     "samp", "small", "span",    "strong",   "sub", "sup",        "table", "tbody",
     "td",   "tfoot", "th",      "thead",    "tr",  "tt",         "ul",    "var"});
constexpr auto allowed_attributes = std::to_array<std::string_view>(
    {"abbr",       "accesskey",   "align",       "alt",        "axis",   "bgcolor", "border",
     "cellhalign", "cellpadding", "cellspacing", "cellvalign", "char",   "charoff", "charset",
     "cite",       "class",       "colspan",     "compact",    "coords", "dir",     "frame",
     "headers",    "height",      "href",        "hreflang",   "hspace", "id",      "lang",
     "longdesc",   "name",        "nowrap",      "rel",        "rev",    "rowspan", "rules",
     "scope",      "shape",       "span",        "src",        "start",  "style",   "summary",
     "tabindex",   "title",       "type",        "valign",     "value",  "vspace",  "width",
     "xml:lang",   "xml:space",   "xmlns"});
static_assert(std::ranges::is_sorted(allowed_elements));
static_assert(std::ranges::is_sorted(allowed_attributes));

constexpr std::string_view xhtml_namespace = "http://www.w3.org/1999/xhtml";
constexpr std::size_t depth_max = 256;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.' || c == ':' || (c & 0x80) != 0;
}

// The characters that XML allows: section 2.2.
bool is_xml_character(unsigned long code) {
  return code == 9 || code == 10 || code == 13 || (code >= 0x20 && code <= 0xD7FF) ||
         (code >= 0xE000 && code <= 0xFFFD) || (code >= 0x10000 && code <= 0x10FFFF);
}

// What a browser would read from an attribute: entities resolved, without white space and control
// characters, in lower case. Named entities matter only where they can spell a scheme.
std::string as_browser_reads(std::string_view value) {
  std::string read;
  while (!value.empty()) {
    char c = value.front();
    std::size_t length = 1;
    if (c == '&') {
      const std::string_view name = value.substr(1, std::min(value.find(';'), value.size()) - 1);
      length = name.size() + 2;
      unsigned code = 0;
      if (name == "colon") c = ':';
      if (name.starts_with('#')) {
        const bool hexadecimal = name.size() > 1 && (name[1] == 'x' || name[1] == 'X');
        const char* digits = name.data() + (hexadecimal ? 2 : 1);
        std::from_chars(digits, name.data() + name.size(), code, hexadecimal ? 16 : 10);
        c = code < 0x80 ? static_cast<char>(code) : '?';
      }
    }
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (static_cast<unsigned char>(c) > 0x20) read += c;
    value.remove_prefix(std::min(length, value.size()));
  }
  return read;
}

class Checker {
 public:
  explicit Checker(std::string_view text) : rest_(text) {}

  std::string check() {
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
    if (!starts_with_div())
      return "expected the text to start with <div xmlns=\"" + std::string(xhtml_namespace) + "\">";
    while (error_.empty() && !rest_.empty()) {
      rest_.front() == '<' ? markup() : text();
    }
    if (!error_.empty()) return error_;
    if (!open_.empty()) return fmt::format("<{}> is not closed", open_.back());
    if (!has_content_) return "expected some text or an image in the div";
    return {};
  }

 private:
  [[nodiscard]] bool starts_with_div() const {
    return rest_.starts_with("<div") && rest_.size() > 4 && !is_name_byte(rest_[4]);
  }

  void fail(std::string what) {
    if (error_.empty()) error_ = std::move(what);
    rest_ = {};
  }

  void text() {
    const std::string_view run = rest_.substr(0, rest_.find('<'));
    rest_.remove_prefix(run.size());
    if (std::ranges::all_of(run, is_space)) return;
    if (open_.empty()) return fail("expected nothing after </div>");
    if (run.contains("]]>")) return fail("\"]]>\" must not stand in text");
    has_content_ = true;
    references(run);
  }

  void markup() {
    if (rest_.starts_with("<!--")) return comment();
    if (rest_.starts_with("<![CDATA[")) return cdata();
    if (rest_.starts_with("<!")) return fail("<!DOCTYPE and other declarations are not allowed");
    if (rest_.starts_with("<?")) return fail("processing instructions are not allowed");
    if (rest_.starts_with("</")) return closing_tag();
    opening_tag();
  }

  void comment() {
    const std::size_t end = rest_.find("--", 4);
    if (end == std::string_view::npos || !rest_.substr(end).starts_with("-->")) {
      return fail("a comment must end with --> and have no -- within");
    }
    // A browser that reads HTML ends these at once, and what follows would be markup.
    const std::string_view content = rest_.substr(4, end - 4);
    if (content.starts_with('>') || content.starts_with("->")) {
      return fail("a comment must not start with > or ->");
    }
    rest_.remove_prefix(end + 3);
  }

  void cdata() {
    if (open_.empty()) return fail("expected nothing after </div>");
    const std::size_t end = rest_.find("]]>");
    if (end == std::string_view::npos) return fail("a CDATA section is not closed");
    const std::string_view content = rest_.substr(9, end - 9);
    // To a browser that reads HTML it is a comment that ends at the first ">".
    if (content.contains('>')) return fail("\">\" in a CDATA section: write text with &gt;");
    if (!std::ranges::all_of(content, is_space)) has_content_ = true;
    rest_.remove_prefix(end + 3);
  }

  void closing_tag() {
    rest_.remove_prefix(2);
    const std::string_view name = take_name();
    skip_space();
    if (!take('>')) return fail(fmt::format("</{} must end with >", name));
    if (open_.empty() || open_.back() != name) {
      return fail(open_.empty() ? fmt::format("</{}> closes nothing", name)
                                : fmt::format("</{}> where </{}> is expected", name, open_.back()));
    }
    open_.pop_back();
  }

  void opening_tag() {
    rest_.remove_prefix(1);
    const std::string_view name = take_name();
    if (name.empty()) return fail("\"<\" in text must be written as &lt;");
    if (!std::ranges::binary_search(allowed_elements, name)) {
      return fail(fmt::format("<{}> is not allowed in a narrative", name));
    }
    if (open_.empty() && has_root_) return fail("expected nothing after </div>");
    const bool is_root = !has_root_;
    has_root_ = true;
    attributes(name, is_root);
    if (!error_.empty()) return;
    const bool is_empty = take('/');
    if (!take('>')) return fail(fmt::format("<{} must end with >", name));
    if (is_empty) return;
    if (open_.size() == depth_max) return fail(fmt::format("more than {} levels deep", depth_max));
    open_.push_back(name);
  }

  void attributes(std::string_view element, bool is_root) {
    std::vector<std::string_view> seen;
    while (error_.empty()) {
      const bool spaced = skip_space();
      if (rest_.empty() || rest_.front() == '>' || rest_.front() == '/') break;
      const std::string_view name = take_name();
      if (!spaced || name.empty())
        return fail(fmt::format("<{}> has malformed attributes", element));
      if (std::ranges::find(seen, name) != seen.end()) {
        return fail(fmt::format("<{}> has the attribute {} twice", element, name));
      }
      seen.push_back(name);
      attribute(element, name);
    }
    if (is_root && error_.empty() && std::ranges::find(seen, "xmlns") == seen.end()) {
      fail(fmt::format("the outer <div> needs xmlns=\"{}\"", xhtml_namespace));
    }
  }

  void attribute(std::string_view element, std::string_view name) {
    skip_space();
    if (!take('=')) return fail(fmt::format("the attribute {} has no value", name));
    skip_space();
    const char quote = rest_.empty() ? '\0' : rest_.front();
    const std::size_t end =
        quote == '"' || quote == '\'' ? rest_.find(quote, 1) : std::string_view::npos;
    if (end == std::string_view::npos)
      return fail(fmt::format("the value of {} needs quotes", name));
    const std::string_view value = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    if (!std::ranges::binary_search(allowed_attributes, name)) {
      return fail(
          fmt::format("the attribute {} of <{}> is not allowed in a narrative", name, element));
    }
    if (value.contains('<')) return fail(fmt::format("\"<\" in {} must be written as &lt;", name));
    references(value);
    if (error_.empty()) attribute_value(element, name, value);
  }

  void attribute_value(std::string_view element, std::string_view name, std::string_view value) {
    if (name == "xmlns" && value != xhtml_namespace) {
      return fail(fmt::format("xmlns must be \"{}\"", xhtml_namespace));
    }
    if (element == "img" && name == "src") has_content_ = true;
    if (name == "style") {
      const std::string style = as_browser_reads(value);
      for (const std::string_view word :
           {"url(", "expression(", "javascript:", "@import", "behavior:", "\\"}) {
        if (style.contains(word)) {
          return fail(
              fmt::format("a style must be complete in itself: \"{}\" is not allowed", word));
        }
      }
    }
    if (name == "href" || name == "src" || name == "cite" || name == "longdesc") {
      const std::string address = as_browser_reads(value);
      const bool is_image = name == "src" && address.starts_with("data:image/");
      for (const std::string_view scheme : {"javascript:", "vbscript:", "data:"}) {
        if (address.starts_with(scheme) && !is_image) {
          return fail(fmt::format("{} must not be a {} address", name, scheme));
        }
      }
    }
  }

  // Every & starts a reference that XML or HTML knows.
  void references(std::string_view run) {
    for (std::size_t at = run.find('&'); at != std::string_view::npos; at = run.find('&', at + 1)) {
      const std::size_t end = run.find(';', at);
      const std::string_view name =
          end == std::string_view::npos ? std::string_view{} : run.substr(at + 1, end - at - 1);
      if (!is_reference(name)) {
        return fail(fmt::format("\"{}\" is no entity of XML or HTML: write \"&\" as &amp;",
                                run.substr(at, std::min<std::size_t>(name.size() + 2, 16))));
      }
    }
  }

  static bool is_reference(std::string_view name) {
    if (!name.starts_with('#')) return html_entity(name) != 0;
    name.remove_prefix(1);
    const int base = name.starts_with('x') ? 16 : 10;
    if (base == 16) name.remove_prefix(1);
    unsigned long code = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), code, base);
    return !name.empty() && error == std::errc{} && end == name.data() + name.size() &&
           is_xml_character(code);
  }

  std::string_view take_name() {
    const auto end = std::ranges::find_if_not(rest_, is_name_byte);
    const std::string_view name = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(name.size());
    return name;
  }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // True when there was any.
  bool skip_space() {
    const std::size_t count = std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size());
    rest_.remove_prefix(count);
    return count > 0;
  }

  std::string_view rest_;
  std::vector<std::string_view> open_;
  std::string error_;
  bool has_root_ = false;
  bool has_content_ = false;
};

}  // namespace

std::string check_narrative(std::string_view div) { return Checker(div).check(); }

}  // namespace lightbox::fhir
