// CodeSystem and ValueSet resources as values (R4, codesystem.html, valueset.html).

#include "fhir/terminology.h"

namespace lightbox::fhir {
namespace {

bool is_inactive_status(std::string_view value) {
  return value == "deprecated" || value == "retired" || value == "inactive";
}

class CodeSystemReader {
 public:
  explicit CodeSystemReader(CodeSystem& system) : system_(system) {}

  void read(const Json& resource) {
    system_.url = resource.string("url");
    system_.version = resource.string("version");
    system_.name = resource.string("name");
    system_.title = resource.string("title");
    system_.content = resource.string("content");
    if (const Json* flag = resource.find("caseSensitive")) {
      system_.is_case_sensitive = flag->text == "true";
    }
    // R4, codesystem.html#hierarchy: other kinds of nesting do not mean that one is the other.
    const std::string_view meaning = resource.string("hierarchyMeaning");
    nests_ = meaning.empty() || meaning == "is-a";
    add_all(resource.find("concept"), nullptr);
    for (const auto& [child, parent] : links_) link(child, parent);
  }

 private:
  void add_all(const Json* concepts, const Json* parent) {
    if (concepts == nullptr) return;
    for (const Json* item = concepts->first; item != nullptr; item = item->next) {
      add(*item);
      if (nests_ && parent != nullptr) {
        links_.emplace_back(item->string("code"), parent->string("code"));
      }
      add_all(item->find("concept"), item);
    }
  }

  void add(const Json& item) {
    Concept made{.code = item.string("code"),
                 .display = item.string("display"),
                 .definition = item.string("definition"),
                 .parents = {},
                 .is_abstract = false,
                 .is_inactive = false,
                 .json = &item};
    if (const Json* properties = item.find("property")) {
      for (const Json* one = properties->first; one != nullptr; one = one->next) {
        add_property(*one, made);
      }
    }
    const auto place = static_cast<std::uint32_t>(system_.concepts.size());
    if (system_.by_code.emplace(system_.key(made.code), place).second) {
      system_.concepts.push_back(std::move(made));
    }
  }

  // The properties that R4 itself defines (codesystem-concept-properties.html), and HL7 v3's.
  void add_property(const Json& property, Concept& made) {
    const std::string_view code = property.string("code");
    const std::string_view value = property_value(property);
    if (code == "notSelectable" || code == "abstract") made.is_abstract |= value == "true";
    if (code == "inactive") made.is_inactive |= value == "true";
    if (code == "status") made.is_inactive |= is_inactive_status(value);
    if (code == "parent" || code == "subsumedBy") links_.emplace_back(made.code, value);
    if (code == "child") links_.emplace_back(value, made.code);
  }

  void link(std::string_view child, std::string_view parent) {
    const auto below = system_.by_code.find(system_.key(child));
    const auto above = system_.by_code.find(system_.key(parent));
    if (below == system_.by_code.end() || above == system_.by_code.end()) return;
    if (below->second != above->second) {
      system_.concepts[below->second].parents.push_back(above->second);
    }
  }

  CodeSystem& system_;
  bool nests_ = true;
  std::vector<std::pair<std::string_view, std::string_view>> links_;  // child, parent
};

ValueSetPart read_part(const Json& json) {
  ValueSetPart part;
  part.system = json.string("system");
  part.version = json.string("version");
  const auto each = [&json](std::string_view name, auto&& add) {
    const Json* list = json.find(name);
    if (list == nullptr) return;
    for (const Json* item = list->first; item != nullptr; item = item->next) add(*item);
  };
  each("concept", [&part](const Json& item) {
    part.codes.push_back(
        {.code = item.string("code"), .display = item.string("display"), .json = &item});
  });
  each("filter", [&part](const Json& item) {
    part.filters.push_back({.property = item.string("property"),
                            .op = item.string("op"),
                            .value = item.string("value")});
  });
  each("valueSet", [&part](const Json& item) { part.imports.push_back(item.text); });
  return part;
}

void read_parts(const Json* list, std::vector<ValueSetPart>& parts) {
  if (list == nullptr) return;
  for (const Json* item = list->first; item != nullptr; item = item->next) {
    parts.push_back(read_part(*item));
  }
}

}  // namespace

std::string_view property_value(const Json& property) {
  for (const Json* member = property.first; member != nullptr; member = member->next) {
    if (!member->key.starts_with("value")) continue;
    return member->is(Json::Kind::object) ? member->string("code") : member->text;
  }
  return {};
}

std::shared_ptr<const CodeSystem> read_code_system(JsonDocument document) {
  auto system = std::make_shared<CodeSystem>();
  system->document = std::move(document);
  CodeSystemReader(*system).read(*system->document.root());
  return system;
}

std::shared_ptr<const ValueSetContent> read_value_set(JsonDocument document) {
  auto content = std::make_shared<ValueSetContent>();
  content->document = std::move(document);
  const Json& resource = *content->document.root();
  content->url = resource.string("url");
  content->version = resource.string("version");
  content->name = resource.string("name");
  content->title = resource.string("title");
  if (const Json* compose = resource.find("compose")) {
    if (const Json* inactive = compose->find("inactive")) {
      content->has_inactive = inactive->text != "false";
    }
    read_parts(compose->find("include"), content->includes);
    read_parts(compose->find("exclude"), content->excludes);
  } else {
    content->expansion = resource.find("expansion");
  }
  return content;
}

}  // namespace lightbox::fhir
