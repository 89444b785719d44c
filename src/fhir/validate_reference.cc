// References (R4, references.html) and contained resources.

#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include "fhir/resource.h"
#include "fhir/validate.h"

namespace lightbox::fhir {
namespace {

constexpr std::string_view profile_base = "http://hl7.org/fhir/StructureDefinition/";

std::string names_of(const std::vector<const ResourceType*>& types) {
  std::string names;
  for (const ResourceType* type : types) {
    if (!names.empty()) names += ", ";
    names += type->name;
  }
  return names;
}

// What comes after the last '/' of `text`, which is taken off with it.
std::string_view take_last_segment(std::string_view& text) {
  const std::size_t slash = text.rfind('/');
  const std::string_view segment = slash == std::string_view::npos ? text : text.substr(slash + 1);
  text = slash == std::string_view::npos ? std::string_view{} : text.substr(0, slash);
  return segment;
}

// [base/]Type/id[/_history/version]: the Type; nullptr when it has another form.
const ResourceType* type_of_literal(std::string_view text) {
  std::string_view rest = text;
  std::string_view id = take_last_segment(rest);
  if (rest.ends_with("/_history")) {
    if (!is_id(id)) return nullptr;
    take_last_segment(rest);
    id = take_last_segment(rest);
  }
  return is_id(id) ? Definitions::r4().resource_type(take_last_segment(rest)) : nullptr;
}

// Type?criteria, which a transaction resolves (R4, http.html#trules).
const ResourceType* type_of_conditional(std::string_view text) {
  const std::size_t question = text.find('?');
  if (question == std::string_view::npos) return nullptr;
  return Definitions::r4().resource_type(text.substr(0, question));
}

bool is_absolute(std::string_view text) {
  const std::size_t colon = text.find(':');
  return colon != std::string_view::npos && colon > 0 && colon < text.find_first_of("/?#");
}

class ReferenceChecker {
 public:
  ReferenceChecker(const std::vector<const ResourceType*>& targets, const Place& place,
                   ContainedResources& contained, Findings& findings)
      : targets_(targets), place_(place), contained_(contained), findings_(findings) {}

  void check(const Json& reference) {
    const Json* literal = reference.find("reference");
    const Json* type = reference.find("type");
    const ResourceType* found = nullptr;
    if (literal != nullptr && literal->is(Json::Kind::string)) found = check_literal(literal->text);
    if (type != nullptr && type->is(Json::Kind::string)) check_type(type->text, found);
  }

 private:
  // The type of the target, when it can be told.
  const ResourceType* check_literal(std::string_view text) {
    const Place place{&place_, "reference"};
    const ResourceType* type = nullptr;
    if (text.starts_with('#')) {
      if (text == "#") return nullptr;  // from a contained resource to its container
      const Json* target = contained_.find(text.substr(1));
      if (target == nullptr) {
        findings_.add("invariant", place,
                      fmt::format("{} is not in contained: expected the id of a contained resource",
                                  quoted(text)));
        return nullptr;
      }
      type = Definitions::r4().resource_type(target->string("resourceType"));
    } else if (is_absolute(text)) {
      type =
          text.starts_with("http:") || text.starts_with("https:") ? type_of_literal(text) : nullptr;
    } else {
      // Another relative URL may be one that only its author can resolve: it is no error.
      type = text.contains('?') ? type_of_conditional(text) : type_of_literal(text);
    }
    if (type != nullptr) check_target(*type, place);
    return type;
  }

  // Reference.type: a type's name, or the URL of a definition, which may be a logical model's.
  void check_type(std::string_view text, const ResourceType* found) {
    const Place place{&place_, "type"};
    const bool is_name = !is_absolute(text);
    if (text.starts_with(profile_base)) text.remove_prefix(profile_base.size());
    const ResourceType* type = Definitions::r4().resource_type(text);
    if (type == nullptr) {
      if (is_name && text != "Resource" && text != "DomainResource") {
        findings_.add("code-invalid", place,
                      fmt::format("{} is no resource type of R4", quoted(text)));
      }
      return;
    }
    if (found != nullptr && found != type) {
      findings_.add("invariant", place,
                    fmt::format("{}, but the reference is to a {}", quoted(text), found->name));
    } else if (found == nullptr) {
      check_target(*type, place);
    }
  }

  void check_target(const ResourceType& type, const Place& place) {
    if (targets_.empty() || std::ranges::find(targets_, &type) != targets_.end()) return;
    findings_.add("structure", place,
                  fmt::format("a reference to a {}: expected {}", type.name, names_of(targets_)));
  }

  const std::vector<const ResourceType*>& targets_;
  const Place& place_;
  ContainedResources& contained_;
  Findings& findings_;
};

// True when something below `value` is the text "#", as in a reference to the container.
bool refers_to_container(const Json& value) {
  if (value.is(Json::Kind::string)) return value.text == "#";
  for (const Json* child = value.first; child != nullptr; child = child->next) {
    if (refers_to_container(*child)) return true;
  }
  return false;
}

}  // namespace

void ContainedResources::list() {
  if (std::exchange(is_listed_, true)) return;
  const Json* contained = container_.find("contained");
  if (contained == nullptr || !contained->is(Json::Kind::array)) return;
  for (const Json* item = contained->first; item != nullptr; item = item->next) {
    by_id_.try_emplace(item->string("id"), Entry{.resource = item});
  }
}

const Json* ContainedResources::find(std::string_view id) {
  list();
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second.resource;
}

void ContainedResources::note_reference(std::string_view reference) {
  list();
  const auto found = by_id_.find(reference.substr(1));
  if (found != by_id_.end()) found->second.is_referenced = true;
}

void ContainedResources::check_all_are_referenced(const Place& place, Findings& findings) {
  const Json* contained = container_.find("contained");
  if (contained == nullptr || !contained->is(Json::Kind::array)) return;
  list();
  std::ptrdiff_t index = 0;
  for (const Json* item = contained->first; item != nullptr; item = item->next, ++index) {
    const std::string_view id = item->string("id");
    const auto found = by_id_.find(id);
    if (id.empty() || found == by_id_.end()) continue;  // a finding of its own
    const Place item_place{&place, "contained", index};
    if (found->second.resource != item) {
      findings.add("invariant", item_place,
                   fmt::format("the id {} is used by another contained resource", quoted(id)));
    } else if (!found->second.is_referenced && !refers_to_container(*item)) {
      findings.add("invariant", item_place,
                   fmt::format("nothing refers to this contained resource: expected a reference "
                               "\"#{}\" in the resource, or one to \"#\" in it (dom-3)",
                               id));
    }
  }
}

void check_reference(const Json& reference, const std::vector<const ResourceType*>& targets,
                     const Place& place, ContainedResources& contained, Findings& findings) {
  ReferenceChecker(targets, place, contained, findings).check(reference);
}

}  // namespace lightbox::fhir
