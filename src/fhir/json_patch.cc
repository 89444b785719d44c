#include "fhir/json_patch.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <optional>
#include <span>

#include "fhir/json_edit.h"
#include "fhir/patch_fault.h"
#include "fhir/validate.h"

namespace lightbox::fhir {
namespace {

using Kind = JsonPatchOperation::Kind;
using Tokens = std::span<const std::string>;

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::add:
      return "add";
    case Kind::remove:
      return "remove";
    case Kind::replace:
      return "replace";
    case Kind::move:
      return "move";
    case Kind::copy:
      return "copy";
    case Kind::test:
      return "test";
  }
  return "";
}

std::string pointer_text(Tokens tokens) {
  std::string text;
  for (const std::string& token : tokens) {
    text += '/';
    for (const char c : token) {
      if (c == '~') {
        text += "~0";
      } else if (c == '/') {
        text += "~1";
      } else {
        text += c;
      }
    }
  }
  return text.empty() ? "the document" : text;
}

// RFC 6901, section 4: digits without leading zeros.
std::optional<std::size_t> array_index(std::string_view token) {
  if (token.empty() || (token.size() > 1 && token.front() == '0')) return std::nullopt;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc{} || end != token.data() + token.size()) return std::nullopt;
  return index;
}

// "Patient.name[0].given"; empty when the document is no resource.
std::string expression_at(const Json& root, const JsonPointer& pointer) {
  std::string text(root.string("resourceType"));
  if (text.empty()) return text;
  for (const std::string& token : pointer.tokens) {
    const bool is_name = !token.empty() && std::ranges::all_of(token, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    });
    if (is_name) {
      text += '.' + token;
    } else if (array_index(token)) {
      text += '[' + token + ']';
    } else {
      break;
    }
  }
  return text;
}

// The text of a value for a message.
std::string shown(const Json& value) {
  if (value.is(Json::Kind::object) || value.is(Json::Kind::array)) {
    return std::string(described(value.kind));
  }
  std::string text;
  write_json(value, text);
  constexpr std::size_t shown_max = 80;
  return text.size() <= shown_max ? text : quoted(value.text);
}

class Applier {
 public:
  Applier(JsonDocument& document, const Limits& limits) : document_(document), limits_(limits) {}

  Tried<void> apply(const JsonPatchOperation& operation) {
    const Tokens path = operation.path.tokens;
    switch (operation.kind) {
      case Kind::add:
        return add_copy(path, *operation.value);
      case Kind::remove:
        return remove(path);
      case Kind::replace:
        return replace(path, *operation.value);
      case Kind::move:
        return move(operation.from.tokens, path);
      case Kind::copy:
        return copy(operation.from.tokens, path);
      case Kind::test:
        return test(path, *operation.value);
    }
    return {};
  }

 private:
  // Where a value is, or would be added.
  struct Spot {
    Json* parent = nullptr;
    Json** link = nullptr;
  };

  Tried<void> spend(std::size_t steps) {
    steps_ += steps;
    if (steps_ <= limits_.patch_steps_max) return {};
    return fault("the patch is too much work (patch_steps_max): send it in parts", "too-costly");
  }

  // Counts what is about to be copied: nothing is ever freed before the end.
  Tried<void> afford(const JsonExtent& extent) {
    nodes_ += extent.nodes;
    bytes_ += extent.bytes;
    if (nodes_ > limits_.json_nodes_max) {
      return fault(fmt::format("the patch adds more than {} JSON values (json_nodes_max)",
                               limits_.json_nodes_max),
                   "too-costly");
    }
    if (bytes_ > limits_.body_bytes_max) {
      return fault(
          fmt::format("the patch adds more than {} bytes (body_bytes_max)", limits_.body_bytes_max),
          "too-costly");
    }
    return spend(extent.nodes);
  }

  [[nodiscard]] Tried<void> check_depth(Tokens path, const JsonExtent& extent) const {
    // A scalar is a level of its own in an extent, but none of nesting.
    if (path.size() + extent.depth <= limits_.json_depth_max + 1) return {};
    return fault(fmt::format("the result would be nested more than {} levels deep (json_depth_max)",
                             limits_.json_depth_max),
                 "too-long");
  }

  // The link that holds the child which `tokens.back()` names of what is at the tokens before it.
  Tried<Spot> child_spot(Json& parent, Tokens tokens) {
    const std::string& token = tokens.back();
    const Tokens above = tokens.first(tokens.size() - 1);
    if (auto spent = spend(parent.size); !spent) return std::unexpected(spent.error());
    if (parent.is(Json::Kind::object)) return Spot{&parent, link_to(parent, token)};
    if (!parent.is(Json::Kind::array)) {
      return fault(
          fmt::format("{} is {}: there is nothing in it", pointer_text(above), shown(parent)));
    }
    if (token == "-") return Spot{&parent, link_at(parent, parent.size)};
    const auto index = array_index(token);
    if (!index) {
      return fault(
          fmt::format("{} is an array: expected an index without leading zeros, or -, not "
                      "{}",
                      pointer_text(above), quoted(token)));
    }
    if (*index > parent.size) {
      return fault(fmt::format("{} has {} items, so there is no {}", pointer_text(above),
                               parent.size, *index));
    }
    return Spot{&parent, link_at(parent, *index)};
  }

  [[nodiscard]] static PatchFault missing(const Json& parent, Tokens tokens) {
    const std::string above = pointer_text(tokens.first(tokens.size() - 1));
    if (parent.is(Json::Kind::array)) {
      return {fmt::format("{} has {} items, so there is no {}", above, parent.size, tokens.back())};
    }
    return {fmt::format("{} has no member {}", above, quoted(tokens.back()))};
  }

  // Where the value at `tokens` is, which are not empty.
  Tried<Spot> existing(Tokens tokens) {
    auto spot = place(tokens);
    if (spot && *spot->link == nullptr) return std::unexpected(missing(*spot->parent, tokens));
    return spot;
  }

  // Where the value at `tokens` is or would be added; all above it must be there.
  Tried<Spot> place(Tokens tokens) {
    Json* parent = document_.root();
    for (std::size_t count = 1; count < tokens.size(); ++count) {
      auto spot = child_spot(*parent, tokens.first(count));
      if (!spot) return spot;
      if (*spot->link == nullptr) return std::unexpected(missing(*parent, tokens.first(count)));
      parent = *spot->link;
    }
    return child_spot(*parent, tokens);
  }

  Tried<Json*> find(Tokens tokens) {
    if (tokens.empty()) return document_.root();
    auto spot = existing(tokens);
    if (!spot) return std::unexpected(spot.error());
    return *spot->link;
  }

  // RFC 6902, 4.1. `value` is the document's own by now.
  Tried<void> add(Tokens path, Json* value) {
    if (path.empty()) {
      value->key = {};
      document_.set_root(value);
      return {};
    }
    auto spot = place(path);
    if (!spot) return std::unexpected(spot.error());
    if (spot->parent->is(Json::Kind::array)) {
      value->key = {};
      insert_at(*spot->parent, spot->link, value);
      return {};
    }
    value->key = document_.copy(path.back());
    if (*spot->link == nullptr) {
      insert_at(*spot->parent, spot->link, value);
    } else {
      replace_at(spot->link, value);
    }
    return {};
  }

  Tried<void> add_copy(Tokens path, const Json& value) {
    const JsonExtent extent = extent_of(value);
    if (auto room = afford(extent); !room) return room;
    if (auto depth = check_depth(path, extent); !depth) return depth;
    return add(path, copy_json(value, {}, document_));
  }

  // 4.2
  Tried<void> remove(Tokens path) {
    if (path.empty()) return fault("the whole document cannot be removed");
    auto spot = existing(path);
    if (!spot) return std::unexpected(spot.error());
    take_at(*spot->parent, spot->link);
    return {};
  }

  // 4.3
  Tried<void> replace(Tokens path, const Json& value) {
    if (path.empty()) return add_copy(path, value);
    auto spot = existing(path);
    if (!spot) return std::unexpected(spot.error());
    const JsonExtent extent = extent_of(value);
    if (auto room = afford(extent); !room) return room;
    if (auto depth = check_depth(path, extent); !depth) return depth;
    replace_at(spot->link, copy_json(value, (*spot->link)->key, document_));
    return {};
  }

  // 4.4: a removal from `from`, then an addition at `path`.
  Tried<void> move(Tokens from, Tokens path) {
    auto moved = find(from);
    if (!moved) return std::unexpected(moved.error());
    if (path.size() >= from.size() && std::ranges::equal(from, path.first(from.size()))) {
      if (path.size() == from.size()) return {};
      return fault(fmt::format("{} cannot be moved into its own child", pointer_text(from)));
    }
    const JsonExtent extent = extent_of(**moved);
    if (auto spent = spend(extent.nodes); !spent) return spent;
    if (auto depth = check_depth(path, extent); !depth) return depth;
    auto spot = existing(from);
    if (!spot) return std::unexpected(spot.error());
    return add(path, take_at(*spot->parent, spot->link));
  }

  // 4.5
  Tried<void> copy(Tokens from, Tokens path) {
    auto copied = find(from);
    if (!copied) return std::unexpected(copied.error());
    return add_copy(path, **copied);
  }

  // 4.6
  Tried<void> test(Tokens path, const Json& value) {
    auto found = find(path);
    if (!found) return std::unexpected(found.error());
    if (auto spent = spend(extent_of(value).nodes); !spent) return spent;
    if (equal_json(**found, value)) return {};
    return fault(fmt::format("it is {}, not {}", shown(**found), shown(value)));
  }

  JsonDocument& document_;
  const Limits& limits_;
  std::size_t steps_ = 0;
  std::size_t nodes_ = 0;  // that the patch has added
  std::size_t bytes_ = 0;
};

Problem failed(const JsonPatchOperation& operation, std::size_t index, const PatchFault& fault,
               const Json& root) {
  const bool has_from = operation.kind == Kind::move || operation.kind == Kind::copy;
  return problem(
      ProblemKind::unprocessable, fault.code,
      fmt::format("Operation {} of the patch ({} {}{}{}) fails: {}. Nothing was changed", index,
                  name_of(operation.kind), has_from ? quoted(operation.from.text) : "",
                  has_from ? " to " : "", quoted(operation.path.text), fault.what),
      expression_at(root, operation.path));
}

}  // namespace

Result<JsonDocument> apply_json_patch(const JsonPatch& patch, JsonDocument document,
                                      const Limits& limits) {
  Applier applier(document, limits);
  for (std::size_t index = 0; index < patch.size(); ++index) {
    const auto applied = applier.apply(patch[index]);
    if (!applied) return failed(patch[index], index, applied.error(), *document.root());
  }
  return document;
}

}  // namespace lightbox::fhir
