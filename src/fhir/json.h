#pragma once

// JSON as FHIR needs it: a tree whose numbers keep the text they came with (1.00 stays 1.00), whose
// members keep their order, and whose errors name a line and a column. Not a general JSON library:
// the scanning is simdjson's.
//
// A JsonDocument owns the arena that all its nodes and texts live in; Json pointers and views are
// valid as long as it is. Nodes can be edited and new ones made (JsonDocument::make_*), by one
// thread at a time.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"

namespace lightbox::fhir {

struct Json {
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

  Kind kind = Kind::null;
  std::uint32_t size = 0;  // array, object: how many children
  std::string_view key;    // member of an object: its name, unescaped
  std::string_view text;   // string: unescaped UTF-8; number: its literal; boolean: true|false
  Json* first = nullptr;   // array, object: the first child
  Json* next = nullptr;    // the next sibling

  [[nodiscard]] const Json* find(std::string_view name) const;  // member, or nullptr
  [[nodiscard]] Json* find(std::string_view name);
  [[nodiscard]] std::string_view string(std::string_view name) const;  // "" if not a string member
  [[nodiscard]] bool is(Kind wanted) const { return kind == wanted; }
};

class JsonDocument {
 public:
  JsonDocument();
  // With room for `bytes` before the arena allocates again.
  explicit JsonDocument(std::size_t bytes);

  [[nodiscard]] Json* root() const { return root_; }
  void set_root(Json* root) { root_ = root; }

  // All in this document's arena.
  [[nodiscard]] Json* make(Json::Kind kind, std::string_view key = {}, std::string_view text = {});
  [[nodiscard]] std::string_view copy(std::string_view text);
  [[nodiscard]] void* allocate(std::size_t bytes, std::size_t alignment);
  // Appends `child` to an array or object; walks the children that are there.
  static void append(Json& parent, Json* child);

 private:
  std::unique_ptr<std::pmr::monotonic_buffer_resource> arena_;
  Json* root_ = nullptr;
};

// Parses one JSON value (RFC 8259; UTF-8, a leading byte order mark is skipped). Fails with kind
// `invalid` and code "structure", one issue per finding: malformed JSON with line and column (both
// from 1), trailing content, duplicate keys (all of them, with their path from the root, e.g.
// "ImagingStudy.series[2].uid" when the root has a resourceType), nesting or node count over the
// limit (code "too-long" / "too-costly").
Result<JsonDocument> parse_json(std::string_view text, const Limits& limits = {});

// The same for a caller that has more to say: duplicate keys do not fail, they are listed.
struct ParsedJson {
  JsonDocument document;
  std::vector<Issue> duplicate_keys;
};
Result<ParsedJson> parse_json_with_duplicates(std::string_view text, const Limits& limits = {});

enum class JsonStyle { compact, pretty };

// Appends `value` to `out`. compact has no whitespace; pretty indents by two spaces.
void write_json(const Json& value, std::string& out, JsonStyle style = JsonStyle::compact);
// Appends `text` as a JSON string, quotes included.
void write_json_string(std::string_view text, std::string& out);
// Compact JSON text, laid out again as pretty; for `_pretty` on stored bytes. No parse of values.
std::string prettify_json(std::string_view compact);

}  // namespace lightbox::fhir
