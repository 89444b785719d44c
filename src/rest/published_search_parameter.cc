// SearchParameters, as the definitions table has them: for HL7's as for Lightbox's own the
// expression is that of the path which is searched.

#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "base/version.h"
#include "fhir/json.h"
#include "rest/published.h"

namespace lightbox::rest {
namespace {

using fhir::PathStep;
using fhir::SearchParameter;

bool is_own(const SearchParameter& parameter) {
  return parameter.is_own || !parameter.derived_from.empty();
}

constexpr std::size_t id_length_max = 64;

// What HL7 has one SearchParameter for, the table has a row of for each type.
struct Definition {
  std::string id;
  std::string url;
  std::vector<const SearchParameter*> rows;
};

// FHIRPath of a compiled path, behind what it starts from ("" for a composite's element).
std::string fhirpath(std::string start, const fhir::Path& path) {
  std::string text = std::move(start);
  const auto step = [&text](std::string_view what) {
    text.append(text.empty() ? "" : ".").append(what);
  };
  for (const PathStep& each : path) {
    switch (each.op) {
      case PathStep::Op::child:
        step(each.name);
        break;
      case PathStep::Op::as_type:
        step(fmt::format("as({})", each.name));
        break;
      case PathStep::Op::where_equals:
        step(fmt::format("where({}='{}')", each.name, each.argument));
        break;
      case PathStep::Op::where_resolves:
        step(fmt::format("where(resolve() is {})", each.name));
        break;
      case PathStep::Op::extension:
        step(fmt::format("extension('{}')", each.name));
        break;
      case PathStep::Op::index:
        text += fmt::format("[{}]", each.argument);
        break;
      case PathStep::Op::exists_and_not_false:
        text = fmt::format("{0}.exists() and {0} != false", text);
        break;
    }
  }
  return text;
}

// "Resource" for a parameter of every type: HL7's Resource-id is one SearchParameter.
std::string_view base_of(const SearchParameter& row) {
  constexpr std::string_view of_all = "http://hl7.org/fhir/SearchParameter/Resource-";
  return row.url.starts_with(of_all) ? "Resource" : row.resource->name;
}

std::vector<std::string> bases_of(const Definition& definition) {
  std::vector<std::string> bases;
  for (const SearchParameter* row : definition.rows) {
    if (std::ranges::find(bases, base_of(*row)) == bases.end()) bases.emplace_back(base_of(*row));
  }
  return bases;
}

std::string expression_of(const Definition& definition) {
  std::vector<std::string> parts;
  for (const SearchParameter* row : definition.rows) {
    for (const fhir::Path& path : row->paths) {
      std::string part = fhirpath(std::string(base_of(*row)), path);
      if (std::ranges::find(parts, part) == parts.end()) parts.push_back(std::move(part));
    }
  }
  return fmt::format("{}", fmt::join(parts, " | "));
}

std::vector<std::string> targets_of(const Definition& definition) {
  std::vector<std::string> targets;
  for (const SearchParameter* row : definition.rows) {
    for (const fhir::ResourceType* target : row->targets) {
      if (std::ranges::find(targets, target->name) == targets.end()) {
        targets.emplace_back(target->name);
      }
    }
  }
  std::ranges::sort(targets);
  return targets;
}

void append_string(std::string_view name, std::string_view value, std::string& out) {
  fmt::format_to(std::back_inserter(out), R"(,"{}":)", name);
  fhir::write_json_string(value, out);
}

void append_strings(std::string_view name, const std::vector<std::string>& values,
                    std::string& out) {
  if (values.empty()) return;
  fmt::format_to(std::back_inserter(out), R"(,"{}":["{}"])", name, fmt::join(values, R"(",")"));
}

void append_components(std::string_view base, const SearchParameter& parameter, std::string& out) {
  if (parameter.components.empty()) return;
  out += R"(,"component":)";
  char separator = '[';
  for (const auto& component : parameter.components) {
    std::vector<std::string> parts;
    const std::string start(component.from_resource ? "%resource" : "");
    for (const fhir::Path& path : component.paths) parts.push_back(fhirpath(start, path));
    out += separator;
    separator = ',';
    out += R"({"definition":)";
    fhir::write_json_string(definition_url(base, *component.parameter), out);
    append_string("expression", fmt::format("{}", fmt::join(parts, " | ")), out);
    out += '}';
  }
  out += ']';
}

std::string description_of(const Definition& definition) {
  const SearchParameter& first = *definition.rows.front();
  if (!first.derived_from.empty()) {
    return fmt::format("HL7's {} of {}, widened: {}", first.code, first.resource->name,
                       expression_of(definition));
  }
  if (!first.description.empty()) return std::string(first.description);
  return fmt::format("{} of {}", first.code, fmt::join(bases_of(definition), ", "));
}

std::string to_json(std::string_view base, const Definition& definition) {
  const SearchParameter& first = *definition.rows.front();
  const bool is_ours = is_own(first);
  std::string text = fmt::format(R"({{"resourceType":"SearchParameter","id":"{}")", definition.id);
  append_string("url", definition.url, text);
  text += fmt::format(R"(,"version":"{}","name":"{}")", is_ours ? version : "4.0.1", first.code);
  if (!first.derived_from.empty()) append_string("derivedFrom", first.derived_from, text);
  // HL7's are drafts, each of them.
  text += fmt::format(R"(,"status":"{}")", is_ours ? "active" : "draft");
  if (is_ours) text += fmt::format(R"(,"date":"{}")", release_date);
  append_string("description", description_of(definition), text);
  append_string("code", first.code, text);
  append_strings("base", bases_of(definition), text);
  append_string("type", search_type_name(first.type), text);
  if (const std::string path = expression_of(definition); !path.empty()) {
    append_string("expression", path, text);
    text += R"(,"xpathUsage":"normal")";
  }
  append_strings("target", targets_of(definition), text);
  append_components(base, first, text);
  return text + '}';
}

std::string own_id(const SearchParameter& parameter) {
  return fmt::format("lightbox-{}-{}", parameter.resource->name, parameter.code);
}

// What concerns a resource as a whole has no row in the table.
constexpr std::string_view whole_resource_json =
    R"({{"resourceType":"SearchParameter","id":"{0}","url":"http://hl7.org/fhir/SearchParameter/{0}",)"
    R"("version":"4.0.1","name":"{1}","status":"draft","description":"{2}","code":"{1}",)"
    R"("base":["{3}"],"type":"{4}","xpathUsage":"normal"}})";

PublishedText whole_resource(std::string_view id, std::string_view code, std::string_view base,
                             std::string_view type, std::string_view description) {
  return {std::string(id),
          fmt::format(fmt::runtime(whole_resource_json), id, code, description, base, type)};
}

}  // namespace

std::string definition_url(std::string_view base, const SearchParameter& parameter) {
  if (!is_own(parameter)) return std::string(parameter.url);
  return fmt::format("{}/SearchParameter/{}", base, own_id(parameter));
}

std::vector<PublishedText> search_parameters_of_hl7() {
  std::map<std::string_view, Definition> by_url;
  for (const auto& type : fhir::Definitions::r4().resource_types()) {
    for (const auto& parameter : type.search_parameters) {
      if (is_own(parameter)) continue;
      Definition& definition = by_url[parameter.url];
      definition.rows.push_back(&parameter);
      definition.url = parameter.url;
      // The end of one URL is longer than an id may be; HL7 has it as an id all the same.
      definition.id = parameter.url.substr(parameter.url.rfind('/') + 1).substr(0, id_length_max);
    }
  }
  std::vector<PublishedText> texts;
  texts.reserve(by_url.size() + 3);
  for (const auto& [url, definition] : by_url) {
    texts.push_back({definition.id, to_json({}, definition)});
  }
  texts.push_back(whole_resource("filter", "_filter", "Resource", "special",
                                 "An expression that the resources satisfy "
                                 "(http://hl7.org/fhir/R4/search_filter.html)"));
  texts.push_back(whole_resource("DomainResource-text", "_text", "DomainResource", "string",
                                 "Words in the narrative"));
  texts.push_back(whole_resource("Resource-content", "_content", "Resource", "string",
                                 "Words anywhere in the resource"));
  return texts;
}

std::vector<PublishedText> own_search_parameters(std::string_view base) {
  std::vector<PublishedText> texts;
  for (const auto& type : fhir::Definitions::r4().resource_types()) {
    for (const auto& parameter : type.search_parameters) {
      if (!is_own(parameter)) continue;
      const Definition definition{own_id(parameter), definition_url(base, parameter), {&parameter}};
      texts.push_back({definition.id, to_json(base, definition)});
    }
  }
  return texts;
}

}  // namespace lightbox::rest
