// A JSON Patch document as typed operations (RFC 6902, sections 3 and 4).

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>

#include "fhir/json_patch.h"
#include "fhir/validate.h"

namespace lightbox::fhir {
namespace {

using Kind = JsonPatchOperation::Kind;

constexpr std::array<std::string_view, 6> op_names = {"add",  "remove", "replace",
                                                      "move", "copy",   "test"};

bool needs_value(Kind kind) {
  return kind == Kind::add || kind == Kind::replace || kind == Kind::test;
}
bool needs_from(Kind kind) { return kind == Kind::move || kind == Kind::copy; }

// One token of a pointer without its escapes; nullopt when a '~' has no 0 or 1 after it.
std::optional<std::string> unescaped(std::string_view token) {
  std::string out;
  for (std::size_t at = 0; at < token.size(); ++at) {
    if (token[at] != '~') {
      out += token[at];
      continue;
    }
    const char escaped = at + 1 < token.size() ? token[++at] : '\0';
    if (escaped != '0' && escaped != '1') return std::nullopt;
    out += escaped == '0' ? '~' : '/';
  }
  return out;
}

// One operation on its way; `fault` says what is wrong with it.
class OperationReader {
 public:
  explicit OperationReader(const Json& json) : json_(json) {}

  JsonPatchOperation read() {
    if (!json_.is(Json::Kind::object)) {
      fault(fmt::format("expected an object with op and path, not {}", described(json_.kind)));
      return operation_;
    }
    read_op();
    operation_.path = pointer("path");
    if (!fault_.empty()) return operation_;
    if (needs_from(operation_.kind)) operation_.from = pointer("from");
    if (needs_value(operation_.kind)) {
      operation_.value = json_.find("value");
      if (operation_.value == nullptr) fault("its value is missing");
    }
    return operation_;
  }

  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  void fault(std::string_view what) {
    if (!fault_.empty()) fault_ += "; ";
    fault_ += what;
  }

  const Json* text_member(std::string_view name, std::string_view expected) {
    const Json* member = json_.find(name);
    if (member == nullptr) {
      fault(fmt::format("its {} is missing: expected {}", name, expected));
    } else if (!member->is(Json::Kind::string)) {
      fault(fmt::format("its {} is {}: expected {}", name, described(member->kind), expected));
    } else {
      return member;
    }
    return nullptr;
  }

  void read_op() {
    constexpr std::string_view expected = "add, remove, replace, move, copy or test";
    const Json* op = text_member("op", expected);
    if (op == nullptr) return;
    for (std::size_t at = 0; at < op_names.size(); ++at) {
      if (op_names[at] != op->text) continue;
      operation_.kind = static_cast<Kind>(at);
      return;
    }
    fault(fmt::format("its op is {}: expected {}", quoted(op->text), expected));
  }

  JsonPointer pointer(std::string_view name) {
    constexpr std::string_view expected = "a JSON Pointer, such as /name/0/family";
    JsonPointer pointer;
    const Json* member = text_member(name, expected);
    if (member == nullptr || member->text.empty()) return pointer;
    std::string_view rest = member->text;
    pointer.text = rest;
    if (!rest.starts_with('/')) {
      fault(fmt::format("its {} is {}: expected {}", name, quoted(rest), expected));
      return pointer;
    }
    while (!rest.empty()) {
      rest.remove_prefix(1);
      const std::size_t end = std::min(rest.find('/'), rest.size());
      auto token = unescaped(rest.substr(0, end));
      if (!token) {
        fault(fmt::format("its {} is {}: ~ is written ~0 there, and / is ~1", name,
                          quoted(member->text)));
        return pointer;
      }
      pointer.tokens.push_back(std::move(*token));
      rest.remove_prefix(end);
    }
    return pointer;
  }

  const Json& json_;
  JsonPatchOperation operation_;
  std::string fault_;
};

}  // namespace

Result<JsonPatch> read_json_patch(const Json& patch, const Limits& limits) {
  if (!patch.is(Json::Kind::array)) {
    return problem(ProblemKind::invalid, "structure",
                   fmt::format("A JSON Patch is an array of operations (RFC 6902), not {}",
                               described(patch.kind)));
  }
  if (patch.size > limits.patch_operations_max) {
    return problem(ProblemKind::invalid, "too-costly",
                   fmt::format("The patch has {} operations; at most {} are taken at once "
                               "(patch_operations_max)",
                               patch.size, limits.patch_operations_max));
  }
  JsonPatch operations;
  operations.reserve(patch.size);
  Findings findings(limits.issues_max);
  for (const Json* item = patch.first; item != nullptr; item = item->next) {
    OperationReader reader(*item);
    operations.push_back(reader.read());
    if (reader.fault().empty()) continue;
    findings.add(
        "structure", {},
        fmt::format("Operation {} of the patch: {}", operations.size() - 1, reader.fault()));
  }
  auto issues = std::move(findings).take();
  if (!issues.empty()) return Problem{ProblemKind::invalid, std::move(issues)};
  return operations;
}

}  // namespace lightbox::fhir
