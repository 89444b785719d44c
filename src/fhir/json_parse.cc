// parse_json. simdjson's first stage finds the tokens (and checks UTF-8, quotes and control
// characters) at gigabytes a second; the tree is built here, so that numbers keep their text, every
// token is checked against RFC 8259 and a finding has its line and column. simdjson's own second
// stages do not: DOM parses numbers, On-Demand skips what nobody asks for.

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <simdjson.h>
#include <unordered_set>
#include <vector>

#include "fhir/findings.h"
#include "fhir/json.h"
#include "fhir/json_text.h"

namespace lightbox::fhir {
namespace {

using Tokenizer = simdjson::internal::dom_parser_implementation;

// One tokenizer a thread, kept between calls unless it has grown large.
class ThreadTokenizer {
 public:
  // nullptr: no memory.
  Tokenizer* get(std::size_t bytes) {
    if (tokenizer_ && tokenizer_->capacity() >= bytes) return tokenizer_.get();
    const std::size_t capacity = std::max<std::size_t>(bytes, 16 * 1024);
    tokenizer_.reset();
    if (simdjson::get_active_implementation()->create_dom_parser_implementation(
            capacity, 1, tokenizer_) != simdjson::SUCCESS) {
      tokenizer_.reset();
    }
    return tokenizer_.get();
  }

  void shrink() {
    constexpr std::size_t kept_bytes_max = 1024 * 1024;
    if (tokenizer_ && tokenizer_->capacity() > kept_bytes_max) tokenizer_.reset();
  }

 private:
  std::unique_ptr<Tokenizer> tokenizer_;
};

ThreadTokenizer& thread_tokenizer() {
  static thread_local ThreadTokenizer tokenizer;
  return tokenizer;
}

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

struct Failure {
  std::size_t offset = 0;
  std::string what;
  std::string_view code = "structure";
};

// Builds the tree from the tokens. The grammar is checked by a loop with a stack of the containers
// that are open, not by recursion.
class TreeBuilder {
 public:
  TreeBuilder(std::string_view text, const Tokenizer& tokenizer, JsonDocument& document,
              const Limits& limits)
      : text_(text),
        token_(tokenizer.structural_indexes.get()),
        end_(token_ + tokenizer.n_structural_indexes),
        document_(document),
        limits_(limits) {
    // At least every second token is a comma, a colon or a closing bracket, but for the brackets
    // that malformed text leaves open.
    const std::size_t open_max = limits.json_depth_max + 1;
    const std::size_t possible = (tokenizer.n_structural_indexes + 1 + open_max) / 2 + 1;
    const std::size_t nodes = std::min(possible, limits.json_nodes_max);
    nodes_ = static_cast<Json*>(document.allocate(nodes * sizeof(Json), alignof(Json)));
  }

  // nullptr: see failure().
  Json* build() {
    Json* root = value({});
    if (root == nullptr) return nullptr;
    if (root->is(Json::Kind::array) || root->is(Json::Kind::object)) {
      if (!fill(root)) return nullptr;
    }
    if (token_ != end_) return fail(*token_, "expected the end after the JSON value");
    return root;
  }

  [[nodiscard]] const Failure& failure() const { return failure_; }
  [[nodiscard]] bool has_duplicate_keys() const { return has_duplicate_keys_; }

 private:
  struct Open {
    Json* container = nullptr;
    Json* last = nullptr;
    std::uint64_t key_filter = 0;  // which hashes of keys were seen: most objects need no more
  };

  // What may come next in the innermost open container.
  enum class Expect { item_or_end, item, comma_or_end };

  // Everything below `root`, an array or object whose opening bracket has been taken.
  bool fill(Json* root) {
    open_.push_back({.container = root});
    Expect expect = Expect::item_or_end;
    while (!open_.empty()) {
      const bool is_object = open_.back().container->is(Json::Kind::object);
      if (token_ == end_) return unclosed(is_object);
      const char c = text_[*token_];
      if (expect != Expect::item && c == (is_object ? '}' : ']')) {
        ++token_;
        open_.pop_back();
        expect = Expect::comma_or_end;
      } else if (expect == Expect::comma_or_end) {
        if (c != ',') return unexpected(is_object);
        ++token_;
        expect = Expect::item;
      } else {
        const Json* child = item(open_.back());
        if (child == nullptr) return false;
        const bool has_children = child->is(Json::Kind::array) || child->is(Json::Kind::object);
        expect = has_children ? Expect::item_or_end : Expect::comma_or_end;
      }
    }
    return true;
  }

  // The next child of `open`, which becomes the innermost container if it is one itself.
  Json* item(Open& open) {
    std::string_view key;
    if (open.container->is(Json::Kind::object) && !member(key)) return nullptr;
    Json* child = value(key);
    if (child == nullptr) return nullptr;
    append(open, child);
    if (!child->is(Json::Kind::array) && !child->is(Json::Kind::object)) return child;
    return descend(child) ? child : nullptr;
  }

  bool descend(Json* container) {
    if (open_.size() >= limits_.json_depth_max) {
      fail(token_[-1],
           fmt::format("nested more than {} levels deep (json_depth_max)", limits_.json_depth_max));
      failure_.code = "too-long";
      return false;
    }
    open_.push_back({.container = container});
    return true;
  }

  void append(Open& open, Json* child) {
    (open.last == nullptr ? open.container->first : open.last->next) = child;
    open.last = child;
    ++open.container->size;
    if (!open.container->is(Json::Kind::object)) return;
    const std::string_view key = child->key;
    const unsigned hash = key.empty() ? 0U
                                      : static_cast<unsigned char>(key.front()) * 7U +
                                            static_cast<unsigned char>(key.back()) * 31U +
                                            static_cast<unsigned>(key.size());
    const std::uint64_t bit = std::uint64_t{1} << (hash & 63U);
    if ((open.key_filter & bit) != 0 && !has_duplicate_keys_) check_duplicate(open, child);
    open.key_filter |= bit;
  }

  // Linear in a small object; a large one is looked at once, when the tree is complete.
  void check_duplicate(const Open& open, const Json* child) {
    if (open.container->size > 64) {
      has_duplicate_keys_ = true;  // perhaps: the caller looks
      return;
    }
    for (const Json* other = open.container->first; other != child; other = other->next) {
      if (other->key == child->key) has_duplicate_keys_ = true;
    }
  }

  bool member(std::string_view& key) {
    if (text_[*token_] != '"') {
      fail(*token_, "expected a member name in double quotes");
      return false;
    }
    const std::uint32_t start = *token_++;
    const auto unescaped = unescape(start);
    if (!unescaped) return false;
    key = *unescaped;
    if (token_ == end_ || text_[*token_] != ':') {
      fail(offset(), "expected ':' after the member name");
      return false;
    }
    ++token_;
    return true;
  }

  // The value at the token: complete for a scalar, with only its opening bracket taken for an array
  // or object. nullptr after fail().
  Json* value(std::string_view key) {
    if (token_ == end_) return fail(text_.size(), "expected a value");
    if (node_count_ == limits_.json_nodes_max) {
      fail(*token_, fmt::format("more than {} values (json_nodes_max)", limits_.json_nodes_max));
      failure_.code = "too-costly";
      return nullptr;
    }
    const std::uint32_t start = *token_++;
    switch (text_[start]) {
      case '{':
        return make(Json::Kind::object, key, {});
      case '[':
        return make(Json::Kind::array, key, {});
      case '"': {
        const auto string = unescape(start);
        return string ? make(Json::Kind::string, key, *string) : nullptr;
      }
      case '}':
      case ']':
      case ',':
      case ':':
        return fail(start, "expected a value");
      default:
        return scalar(key, start);
    }
  }

  Json* scalar(std::string_view key, std::uint32_t start) {
    const std::string_view token = token_text(start);
    if (token == "true" || token == "false") return make(Json::Kind::boolean, key, token);
    if (token == "null") return make(Json::Kind::null, key, {});
    if (is_json_number(token)) return make(Json::Kind::number, key, token);
    const bool numeric = token[0] == '-' || (token[0] >= '0' && token[0] <= '9');
    return fail(start, numeric ? "not a number as JSON writes it" : "expected a value");
  }

  Json* make(Json::Kind kind, std::string_view key, std::string_view text) {
    return new (&nodes_[node_count_++]) Json{.kind = kind, .key = key, .text = text};
  }

  // From `start` to the next token, without the white space between.
  [[nodiscard]] std::string_view token_text(std::uint32_t start) const {
    std::size_t stop = offset();
    while (is_space(text_[stop - 1])) --stop;
    return text_.substr(start, stop - start);
  }

  // The content of the string token that starts at `start`; nullopt after fail().
  std::optional<std::string_view> unescape(std::uint32_t start) {
    const std::string_view token = token_text(start);
    const std::string_view raw = token.substr(1, token.size() - 2);
    if (raw.empty() || std::memchr(raw.data(), '\\', raw.size()) == nullptr) return raw;
    char* to = static_cast<char*>(document_.allocate(raw.size(), 1));
    const Unescaped done = unescape_json(raw, to);
    if (done.error != nullptr) {
      fail(start + 1 + done.size, done.error);
      return std::nullopt;
    }
    return std::string_view{to, done.size};
  }

  [[nodiscard]] std::size_t offset() const { return token_ == end_ ? text_.size() : *token_; }

  bool unexpected(bool is_object) {
    fail(*token_,
         is_object ? "expected ',' or '}' after a member" : "expected ',' or ']' after an item");
    return false;
  }

  bool unclosed(bool is_object) {
    fail(text_.size(), is_object ? "expected ',' or '}': an object is not closed"
                                 : "expected ',' or ']': an array is not closed");
    return false;
  }

  std::nullptr_t fail(std::size_t at, std::string what) {
    failure_ = {.offset = at, .what = std::move(what)};
    return nullptr;
  }

  std::string_view text_;
  const std::uint32_t* token_;
  const std::uint32_t* end_;
  JsonDocument& document_;
  const Limits& limits_;
  Json* nodes_ = nullptr;
  std::size_t node_count_ = 0;
  std::vector<Open> open_;
  Failure failure_;
  bool has_duplicate_keys_ = false;
};

// Lines and columns of offsets that come in ascending order, in one pass over the text.
class Positions {
 public:
  explicit Positions(std::string_view text) : text_(text) {}

  std::string at(std::size_t offset) {
    for (; at_ < offset; ++at_) {
      if (text_[at_] == '\n') {
        ++line_;
        column_ = 1;
      } else if ((text_[at_] & 0xC0) != 0x80) {
        ++column_;
      }
    }
    return fmt::format("line {}, column {}", line_, column_);
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t column_ = 1;
};

// The slow look at a tree in which there may be duplicate keys: reports each, with its path.
class DuplicateKeys {
 public:
  DuplicateKeys(std::string_view text, std::size_t issues_max)
      : text_(text), positions_(text), findings_(issues_max) {}

  std::vector<Issue> find(const Json& root) {
    walk(root, {nullptr, root.string("resourceType")});
    return std::move(findings_).take();
  }

 private:
  void walk(const Json& value, const Place& place) {
    if (value.is(Json::Kind::array)) {
      std::ptrdiff_t index = 0;
      for (const Json* item = value.first; item != nullptr; item = item->next, ++index) {
        const bool is_nested = place.index >= 0;  // an array in an array
        walk(*item, is_nested ? Place{&place, {}, index} : Place{place.parent, place.name, index});
      }
      return;
    }
    std::unordered_set<std::string_view> seen;
    for (const Json* member = value.first; member != nullptr; member = member->next) {
      const bool is_root = place.name.empty() && place.index < 0;
      const Place below{is_root ? nullptr : &place, member->key};
      if (!seen.insert(member->key).second) report(*member, below);
      if (member->first != nullptr) walk(*member, below);
    }
  }

  void report(const Json& member, const Place& place) {
    std::string where;
    const char* key = member.key.data();
    if (!findings_.is_full() && key >= text_.data() && key < text_.data() + text_.size()) {
      const auto offset = static_cast<std::size_t>(key - text_.data()) - 1;
      where = fmt::format(", again at {}", positions_.at(offset));
    }
    findings_.add(
        "structure", place,
        fmt::format("the member {} is there more than once{}", quoted(member.key), where));
  }

  std::string_view text_;
  Positions positions_;
  Findings findings_;
};

Problem malformed_json(std::string_view text, const Failure& failure) {
  const std::string found =
      failure.code == "structure" ? ", found " + found_text(text, failure.offset) : std::string{};
  return problem(
      ProblemKind::invalid, failure.code,
      fmt::format("JSON, {}: {}{}", position_text(text, failure.offset), failure.what, found));
}

// Why the first stage refused the text. It says what, not where.
Problem untokenizable(std::string_view text, simdjson::error_code error) {
  switch (error) {
    case simdjson::EMPTY:
      return malformed_json(text, {text.size(), "expected a value"});
    case simdjson::UTF8_ERROR:
      return malformed_json(text, {find_invalid_utf8(text), "the text is not valid UTF-8"});
    case simdjson::UNESCAPED_CHARS:
      return malformed_json(text, {find_string_error(text).control_character,
                                   "a control character in a string must be escaped"});
    case simdjson::UNCLOSED_STRING:
      return malformed_json(text, {find_string_error(text).unclosed, "a string is not closed"});
    case simdjson::MEMALLOC:
      return problem(ProblemKind::unavailable, "no memory to parse the JSON");
    default:
      return problem(ProblemKind::invalid, "structure",
                     fmt::format("JSON: {}", simdjson::error_message(error)));
  }
}

}  // namespace

Result<JsonDocument> parse_json(std::string_view input, const Limits& limits) {
  TRY(ParsedJson parsed, parse_json_with_duplicates(input, limits));
  if (parsed.duplicate_keys.empty()) return std::move(parsed.document);
  return Problem{ProblemKind::invalid, std::move(parsed.duplicate_keys)};
}

Result<ParsedJson> parse_json_with_duplicates(std::string_view input, const Limits& limits) {
  if (input.starts_with("\xEF\xBB\xBF")) input.remove_prefix(3);
  if (input.empty()) return problem(ProblemKind::invalid, "structure", "JSON: the text is empty");
  if (input.size() >= simdjson::SIMDJSON_MAXSIZE_BYTES - simdjson::SIMDJSON_PADDING) {
    return problem(ProblemKind::invalid, "too-long", "JSON: more than 4 GB");
  }
  Tokenizer* tokenizer = thread_tokenizer().get(input.size());
  if (tokenizer == nullptr) return untokenizable(input, simdjson::MEMALLOC);
  // The first stage may read past the end of what it is given, so it works on the document's copy.
  const std::size_t padded = input.size() + simdjson::SIMDJSON_PADDING;
  JsonDocument document(padded + input.size() * 4 + 1024);
  char* copied = static_cast<char*>(document.allocate(padded, 64));
  std::memcpy(copied, input.data(), input.size());
  std::memset(copied + input.size(), ' ', simdjson::SIMDJSON_PADDING);
  const std::string_view text{copied, input.size()};
  const auto error = tokenizer->stage1(reinterpret_cast<const std::uint8_t*>(copied), text.size(),
                                       simdjson::stage1_mode::regular);
  if (error != simdjson::SUCCESS) {
    thread_tokenizer().shrink();
    return untokenizable(text, error);
  }
  TreeBuilder builder(text, *tokenizer, document, limits);
  Json* root = builder.build();
  thread_tokenizer().shrink();
  if (root == nullptr) return malformed_json(text, builder.failure());
  ParsedJson parsed{.document = std::move(document), .duplicate_keys = {}};
  parsed.document.set_root(root);
  if (builder.has_duplicate_keys()) {
    parsed.duplicate_keys = DuplicateKeys(text, limits.issues_max).find(*root);
  }
  return parsed;
}

}  // namespace lightbox::fhir
