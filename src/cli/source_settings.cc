#include "cli/source_settings.h"

#include <fmt/format.h>
#include <optional>

namespace lightbox::cli {
namespace {

std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  return std::nullopt;
}

std::optional<std::vector<std::string>> texts_of_node(const toml::node& node) {
  std::vector<std::string> texts;
  if (const auto* list = node.as_array()) {
    for (const auto& item : *list) {
      auto text = scalar_text(item);
      if (!text) return std::nullopt;
      texts.push_back(std::move(*text));
    }
    return texts;
  }
  auto text = scalar_text(node);
  if (!text) return std::nullopt;
  texts.push_back(std::move(*text));
  return texts;
}

void read_source(std::string_view name, const toml::table& table,
                 std::vector<pacs::SourceOptions>& sources, Problem& wrongs) {
  pacs::SourceTable texts;
  for (const auto& [key, node] : table) {
    if (auto values = texts_of_node(node)) {
      texts.emplace(std::string(key.str()), std::move(*values));
      continue;
    }
    wrongs.issues.push_back(
        {.severity = Severity::error,
         .code = "value",
         .diagnostics = fmt::format("sources.{}.{} (line {}) must be a text, a number or a list of "
                                    "texts",
                                    name, key.str(), node.source().begin.line),
         .expression = {}});
  }
  auto source = pacs::parse_source(name, texts);
  if (source) {
    sources.push_back(std::move(*source));
  } else {
    for (auto& issue : source.error().issues) wrongs.issues.push_back(std::move(issue));
  }
}

}  // namespace

Result<std::vector<pacs::SourceOptions>> read_sources(const toml::table& file) {
  std::vector<pacs::SourceOptions> sources;
  const toml::node* node = file.get("sources");
  if (node == nullptr) return sources;
  const toml::table* tables = node->as_table();
  if (tables == nullptr) {
    return problem(ProblemKind::invalid, "value", "sources must be tables: [sources.NAME]");
  }
  Problem wrongs{.kind = ProblemKind::invalid, .issues = {}};
  for (const auto& [name, source] : *tables) {
    if (const toml::table* table = source.as_table()) {
      read_source(name.str(), *table, sources, wrongs);
      continue;
    }
    wrongs.issues.push_back(
        {.severity = Severity::error,
         .code = "value",
         .diagnostics = fmt::format("sources.{0} must be a table: [sources.{0}]", name.str()),
         .expression = {}});
  }
  if (!wrongs.issues.empty()) return wrongs;
  return sources;
}

}  // namespace lightbox::cli
