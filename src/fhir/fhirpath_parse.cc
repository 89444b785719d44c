// FHIRPath's grammar (hl7.org/fhirpath/N1, appendix B) by recursive descent; binary operators by
// precedence.

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "fhir/fhirpath.h"
#include "fhir/fhirpath_lexer.h"
#include "fhir/fhirpath_tree.h"
#include "fhir/index.h"
#include "fhir/validate.h"

namespace lightbox::fhir {
namespace {

using Node = FhirPathNode;
using Token = FhirPathToken;
using ValueKind = FhirPathValue::Kind;

constexpr std::uint32_t depth_max = 128;
constexpr std::size_t text_bytes_max = 64 * 1024;

struct Operator {
  std::string_view text;
  int precedence = 0;  // the higher binds the closer
};
constexpr std::array operators = {
    Operator{"*", 11},  Operator{"/", 11}, Operator{"div", 11}, Operator{"mod", 11},
    Operator{"+", 10},  Operator{"-", 10}, Operator{"&", 10},   Operator{"is", 9},
    Operator{"as", 9},  Operator{"|", 8},  Operator{"<", 7},    Operator{">", 7},
    Operator{"<=", 7},  Operator{">=", 7}, Operator{"=", 6},    Operator{"~", 6},
    Operator{"!=", 6},  Operator{"!~", 6}, Operator{"in", 5},   Operator{"contains", 5},
    Operator{"and", 4}, Operator{"or", 3}, Operator{"xor", 3},  Operator{"implies", 2},
};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), lexer_(text) {}

  Result<std::uint32_t> parse() {
    if (text_.size() > text_bytes_max) {
      return problem(ProblemKind::invalid, "too-long",
                     fmt::format("The FHIRPath expression is {} bytes long; at most {} are taken",
                                 text_.size(), text_bytes_max));
    }
    TRY_DO(advance());
    TRY(const std::uint32_t root, expression(0));
    if (token_.kind != Token::Kind::end) return unexpected("an operator or the end");
    return root;
  }

  [[nodiscard]] FhirPathTree take() && { return std::move(tree_); }

 private:
  Result<void> advance() {
    TRY(token_, lexer_.next());
    return {};
  }

  [[nodiscard]] bool at(std::string_view symbol) const {
    return token_.kind == Token::Kind::symbol && token_.text == symbol;
  }

  [[nodiscard]] Problem wrong(std::string_view what) const {
    return fhirpath_problem(text_, token_.offset, what);
  }

  [[nodiscard]] Problem unexpected(std::string_view expected) const {
    return wrong(fmt::format("expected {}, not {}", expected,
                             token_.kind == Token::Kind::end ? "the end" : quoted(token_.text)));
  }

  Result<void> take_symbol(std::string_view symbol) {
    if (!at(symbol)) return unexpected(symbol);
    return advance();
  }

  Result<std::uint32_t> add(Node node) {
    std::uint32_t below = node.focus == Node::no_focus ? 0 : tree_.nodes[node.focus].depth;
    for (const std::uint32_t argument : node.arguments) {
      below = std::max(below, tree_.nodes[argument].depth);
    }
    node.depth = below + 1;
    if (node.depth > depth_max) return wrong("the expression is nested too deeply");
    tree_.nodes.push_back(std::move(node));
    return static_cast<std::uint32_t>(tree_.nodes.size() - 1);
  }

  // 0: the token is no binary operator.
  [[nodiscard]] int precedence() const {
    if (token_.kind != Token::Kind::symbol && token_.kind != Token::Kind::identifier) return 0;
    for (const Operator& known : operators) {
      if (known.text == token_.text) return known.precedence;
    }
    return 0;
  }

  Result<std::uint32_t> expression(int least) {
    if (++open_ > depth_max) return wrong("the expression is nested too deeply");
    TRY(std::uint32_t left, unary());
    while (true) {
      const int binding = precedence();
      if (binding == 0 || binding < least) break;
      Node node{.kind = Node::Kind::binary, .text = token_.text, .focus = left};
      TRY_DO(advance());
      if (node.text == "is" || node.text == "as") {
        node.kind = Node::Kind::type_operator;
        TRY(node.type, type_name());
      } else {
        TRY(const std::uint32_t right, expression(binding + 1));
        node.arguments.push_back(right);
      }
      TRY(left, add(std::move(node)));
    }
    --open_;
    return left;
  }

  Result<std::uint32_t> unary() {
    if (!at("-") && !at("+")) return path();
    const bool is_minus = at("-");
    TRY_DO(advance());
    if (++open_ > depth_max) return wrong("the expression is nested too deeply");
    TRY(const std::uint32_t operand, unary());
    --open_;
    if (!is_minus) return operand;
    return add({.kind = Node::Kind::unary_minus, .text = "-", .focus = operand});
  }

  // A term, and what follows it with . and [].
  Result<std::uint32_t> path() {
    TRY(std::uint32_t left, term());
    while (true) {
      if (at(".")) {
        TRY_DO(advance());
        TRY(left, invocation(left));
      } else if (at("[")) {
        TRY_DO(advance());
        TRY(const std::uint32_t index, expression(0));
        TRY_DO(take_symbol("]"));
        TRY(left,
            add({.kind = Node::Kind::indexer, .text = "[]", .focus = left, .arguments = {index}}));
      } else {
        return left;
      }
    }
  }

  Result<std::uint32_t> term() {
    switch (token_.kind) {
      case Token::Kind::identifier:
        if (token_.text == "true" || token_.text == "false") return literal(ValueKind::boolean);
        return invocation(Node::no_focus);
      case Token::Kind::quoted:
        return invocation(Node::no_focus);
      case Token::Kind::string:
        return literal(ValueKind::string);
      case Token::Kind::number:
        return number();
      case Token::Kind::date:
      case Token::Kind::date_time:
        if (!parse_date(token_.text, 0)) {
          return wrong(fmt::format("@{} is no date or time", token_.text));
        }
        return literal(token_.kind == Token::Kind::date ? ValueKind::date : ValueKind::date_time);
      case Token::Kind::time:
        return literal(ValueKind::time);
      case Token::Kind::symbol:
        return symbol();
      case Token::Kind::end:
        break;
    }
    return unexpected("an expression");
  }

  Result<std::uint32_t> literal(ValueKind kind) {
    Node node{.kind = Node::Kind::literal, .value_kind = kind, .text = token_.text};
    TRY_DO(advance());
    return add(std::move(node));
  }

  Result<std::uint32_t> number() {
    const bool is_decimal = token_.text.find('.') != std::string::npos;
    TRY(const std::uint32_t node, literal(is_decimal ? ValueKind::decimal : ValueKind::integer));
    static constexpr std::array<std::string_view, 8> units = {
        "year", "month", "week", "day", "hour", "minute", "second", "millisecond"};
    std::string_view unit =
        token_.kind == Token::Kind::identifier ? token_.text : std::string_view{};
    if (unit.ends_with('s')) unit.remove_suffix(1);
    const bool has_unit = std::ranges::find(units, unit) != units.end();
    if (has_unit || token_.kind == Token::Kind::string) {
      return wrong("quantities (a number with a unit) are not supported");
    }
    return node;
  }

  Result<std::uint32_t> symbol() {
    if (at("(")) {
      TRY_DO(advance());
      TRY(const std::uint32_t inner, expression(0));
      TRY_DO(take_symbol(")"));
      return inner;
    }
    if (at("{")) {
      TRY_DO(advance());
      TRY_DO(take_symbol("}"));
      return add({.kind = Node::Kind::empty});
    }
    if (at("$")) return special();
    if (at("%")) {
      TRY_DO(advance());
      if (token_.kind == Token::Kind::end || token_.kind == Token::Kind::symbol) {
        return unexpected("a name after %");
      }
      Node node{.kind = Node::Kind::variable, .text = token_.text};
      TRY_DO(advance());
      return add(std::move(node));
    }
    return unexpected("an expression");
  }

  Result<std::uint32_t> special() {
    TRY_DO(advance());
    Node node;
    if (token_.text == "this") {
      node.kind = Node::Kind::this_;
    } else if (token_.text == "index") {
      node.kind = Node::Kind::index;
    } else {
      return unexpected("$this or $index");
    }
    TRY_DO(advance());
    return add(std::move(node));
  }

  // A name or a call. After a dot the keywords are names: `name.is(string)`, `x.contains('a')`.
  Result<std::uint32_t> invocation(std::uint32_t focus) {
    if (focus != Node::no_focus && at("$")) return special();
    const bool is_word =
        token_.kind == Token::Kind::identifier || token_.kind == Token::Kind::quoted;
    if (!is_word) return unexpected("the name of an element or a function");
    Node node{.kind = Node::Kind::name, .text = token_.text, .focus = focus};
    TRY_DO(advance());
    if (!at("(")) return add(std::move(node));
    node.kind = Node::Kind::call;
    TRY_DO(advance());
    while (!at(")")) {
      if (!node.arguments.empty()) TRY_DO(take_symbol(","));
      TRY(const std::uint32_t argument, expression(0));
      node.arguments.push_back(argument);
    }
    TRY_DO(advance());
    return add(std::move(node));
  }

  // HumanName, FHIR.HumanName, System.String
  Result<std::string> type_name() {
    const auto is_word = [this] {
      return token_.kind == Token::Kind::identifier || token_.kind == Token::Kind::quoted;
    };
    if (!is_word()) return unexpected("the name of a type");
    std::string name = token_.text;
    TRY_DO(advance());
    if (!at(".")) return name;
    TRY_DO(advance());
    if (!is_word()) return unexpected("the name of a type");
    name += '.' + token_.text;
    TRY_DO(advance());
    return name;
  }

  std::string_view text_;
  FhirPathLexer lexer_;
  Token token_;
  FhirPathTree tree_;
  std::uint32_t open_ = 0;
};

}  // namespace

Result<FhirPath> FhirPath::parse(std::string_view text) {
  Parser parser(text);
  TRY(const std::uint32_t root, parser.parse());
  return FhirPath(std::make_shared<const FhirPathTree>(std::move(parser).take()), root);
}

FhirPath::Split FhirPath::split() const {
  const FhirPathNode& last = tree_->nodes[start_];
  if (last.kind != FhirPathNode::Kind::name) return {std::nullopt, {}};
  if (last.focus == FhirPathNode::no_focus) return {std::nullopt, last.text};
  return {FhirPath(tree_, last.focus), last.text};
}

}  // namespace lightbox::fhir
