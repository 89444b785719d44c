// The loader of definitions/terminology.tsv (docs/definitions.md).

#include "base/embedded.h"
#include "fhir/definitions_tables.h"
#include "fhir/terminology.h"

namespace lightbox::fhir {
namespace {

struct BuiltIn {
  std::unordered_map<std::string_view, std::shared_ptr<const CodeSystem>> code_systems;
  std::unordered_map<std::string_view, std::shared_ptr<const ValueSetContent>> value_sets;
};

class Loader {
 public:
  BuiltIn load(std::string_view tsv) {
    while (!tsv.empty()) {
      const std::string_view line = take(tsv, "\n");
      if (!line.empty() && line.front() != '#') add(line);
    }
    return std::move(built_in_);
  }

 private:
  void add(std::string_view line) {
    std::string_view rest = line;
    const std::string_view kind = take_column(rest);
    if (kind == "codesystem") {
      add_code_system(rest);
    } else if (kind == "concept") {
      add_concept(rest, line);
    } else if (kind == "valueset") {
      add_value_set(rest);
    } else if (kind == "alias") {
      built_in_.value_sets.emplace(take_column(rest), value_set_);
    } else if (kind == "include" || kind == "exclude") {
      part_ = &(kind == "include" ? value_set_->includes : value_set_->excludes).emplace_back();
      part_->system = take_column(rest);
      part_->version = take_column(rest);
    } else if (kind == "code") {
      const std::string_view code = take_column(rest);
      part_->codes.push_back({.code = code, .display = take_column(rest)});
    } else if (kind == "filter") {
      ValueSetFilter& filter = part_->filters.emplace_back();
      filter.property = take_column(rest);
      filter.op = take_column(rest);
      filter.value = take_column(rest);
    } else if (kind == "import") {
      part_->imports.push_back(take_column(rest));
    } else {
      malformed("unknown row", line);
    }
  }

  void add_code_system(std::string_view rest) {
    system_ = std::make_shared<CodeSystem>();
    system_->url = take_column(rest);
    system_->version = take_column(rest);
    system_->name = take_column(rest);
    system_->content = take_column(rest);
    system_->is_case_sensitive = take_column(rest) == "c";
    system_->title = take_column(rest);
    built_in_.code_systems.emplace(system_->url, system_);
  }

  void add_concept(std::string_view rest, std::string_view line) {
    Concept made;
    made.code = take_column(rest);
    made.display = take_column(rest);
    std::string_view parents = take_column(rest);
    const std::string_view flags = take_column(rest);
    while (!parents.empty()) pending_.emplace_back(made.code, take(parents, ","));
    made.is_abstract = flags.find('a') != std::string_view::npos;
    made.is_inactive = flags.find('i') != std::string_view::npos;
    const auto place = static_cast<std::uint32_t>(system_->concepts.size());
    if (!system_->by_code.emplace(system_->key(made.code), place).second)
      malformed("a code twice", line);
    system_->concepts.push_back(std::move(made));
    // A parent may come later than its child: all parents known so far are resolved again.
    std::erase_if(pending_, [this](const auto& pair) {
      const auto child = system_->by_code.find(system_->key(pair.first));
      const auto parent = system_->by_code.find(system_->key(pair.second));
      if (child == system_->by_code.end() || parent == system_->by_code.end()) return false;
      system_->concepts[child->second].parents.push_back(parent->second);
      return true;
    });
  }

  void add_value_set(std::string_view rest) {
    value_set_ = std::make_shared<ValueSetContent>();
    value_set_->url = take_column(rest);
    value_set_->version = take_column(rest);
    value_set_->name = take_column(rest);
    value_set_->title = take_column(rest);
    built_in_.value_sets.emplace(value_set_->url, value_set_);
  }

  BuiltIn built_in_;
  std::shared_ptr<CodeSystem> system_;
  std::shared_ptr<ValueSetContent> value_set_;
  ValueSetPart* part_ = nullptr;
  std::vector<std::pair<std::string_view, std::string_view>> pending_;
};

const BuiltIn& built_in() {
  static const BuiltIn& loaded = *new BuiltIn(Loader().load(embedded_terminology()));
  return loaded;
}

template <typename Table>
auto find(const Table& table, std::string_view url, std::string_view version) ->
    typename Table::mapped_type {
  const auto found = table.find(url);
  if (found == table.end()) return nullptr;
  return version.empty() || version == found->second->version ? found->second : nullptr;
}

}  // namespace

std::shared_ptr<const CodeSystem> built_in_code_system(std::string_view url,
                                                       std::string_view version) {
  return find(built_in().code_systems, url, version);
}

std::shared_ptr<const ValueSetContent> built_in_value_set(std::string_view url,
                                                          std::string_view version) {
  return find(built_in().value_sets, url, version);
}

}  // namespace lightbox::fhir
