#include "imaging/merge_plan.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "fhir/index_values.h"
#include "fhir/json_edit.h"
#include "fhir/resource.h"
#include "fhir/rewrite.h"
#include "fhir/search.h"
#include "ingest/study_plan.h"
#include "rest/everything.h"

namespace lightbox::imaging {
namespace {

using fhir::Json;
using fhir::JsonDocument;
using store::Identity;
using store::IdentityKind;

const fhir::ResourceType& patient_type() {
  static const fhir::ResourceType& type = *fhir::Definitions::r4().resource_type("Patient");
  return type;
}

Problem refuse(std::string_view code, std::string diagnostics) {
  return problem(ProblemKind::unprocessable, code, std::move(diagnostics));
}

// A stored resource on its way to its next version.
struct Edited {
  store::StoredResource stored;
  JsonDocument document;
  bool is_changed = false;

  [[nodiscard]] Json& root() const { return *document.root(); }
};

Json* member(JsonDocument& document, std::string_view name, std::string_view text) {
  return document.make(Json::Kind::string, name, document.copy(text));
}

Json& list_of(Edited& resource, std::string_view name) {
  if (Json* list = resource.root().find(name)) return *list;
  Json* made = resource.document.make(Json::Kind::array, name);
  JsonDocument::append(resource.root(), made);
  return *made;
}

class MergePlanning {
 public:
  MergePlanning(const MergeContext& context, const std::string& source, const std::string& target)
      : context_(context), source_("Patient/" + source), target_("Patient/" + target) {}

  Result<MergePlan> run() {
    if (source_ == target_) {
      return refuse("business-rule",
                    fmt::format("Source and target are the same patient, {}", source_));
    }
    TRY(auto source, read(source_, "source"));
    TRY(auto target, read(target_, "target"));
    TRY_DO(check_not_merged(target, {}));
    TRY_DO(check_not_merged(source, target_));
    TRY_DO(point_identities(source, target));
    change_source(source);
    change_target(target, source);
    TRY_DO(add(source));
    TRY_DO(add(target));
    TRY_DO(rewrite_referring());
    plan_.target = text_of(target.root());
    TRY_DO(add_undecided());
    return std::move(plan_);
  }

 private:
  Result<Edited> read(const std::string& reference, std::string_view role) const {
    auto stored = context_.store.read(patient_type(), std::string_view(reference).substr(8));
    if (!stored) {
      const ProblemKind kind = stored.error().kind;
      if (kind != ProblemKind::not_found && kind != ProblemKind::gone) {
        return std::move(stored).error();
      }
      return refuse("not-found", fmt::format("The {} {} is not there: {}", role, reference,
                                             stored.error().issues[0].diagnostics));
    }
    return parse(std::move(*stored));
  }

  [[nodiscard]] Result<Edited> parse(store::StoredResource stored) const {
    std::string text;
    store::append_resource(stored, text);
    TRY(auto document, fhir::parse_json(text, context_.limits));
    return Edited{.stored = std::move(stored), .document = std::move(document)};
  }

  [[nodiscard]] bool is_link(const Json& link, std::string_view type,
                             std::string_view to = {}) const {
    const Json* other = link.find("other");
    if (other == nullptr || link.string("type") != type) return false;
    return to.empty() ||
           fhir::comparable_reference(other->string("reference"), context_.index) == to;
  }

  // That the patient has been replaced by nobody but, perhaps, `by`.
  Result<void> check_not_merged(const Edited& patient, std::string_view by) const {
    const Json* links = patient.root().find("link");
    for (const Json* link = links == nullptr ? nullptr : links->first; link != nullptr;
         link = link->next) {
      if (!is_link(*link, "replaced-by")) continue;
      if (!by.empty() && is_link(*link, "replaced-by", by)) continue;
      return refuse("business-rule",
                    fmt::format("Patient/{} has been merged already, into {}", patient.stored.id,
                                link->find("other")->string("reference")));
    }
    return {};
  }

  void add_link(Edited& patient, std::string_view type, std::string_view to) const {
    Json& links = list_of(patient, "link");
    for (const Json* link = links.first; link != nullptr; link = link->next) {
      if (is_link(*link, type, to)) return;
    }
    JsonDocument& document = patient.document;
    Json* link = document.make(Json::Kind::object);
    Json* other = document.make(Json::Kind::object, "other");
    JsonDocument::append(*other, member(document, "reference", to));
    JsonDocument::append(*link, other);
    JsonDocument::append(*link, member(document, "type", type));
    JsonDocument::append(links, link);
    patient.is_changed = true;
  }

  void change_source(Edited& source) const {
    Json** active = fhir::link_to(source.root(), "active");
    if (*active == nullptr || (*active)->text != "false") {
      Json* made = source.document.make(Json::Kind::boolean, "active", "false");
      if (*active == nullptr) {
        JsonDocument::append(source.root(), made);
      } else {
        fhir::replace_at(active, made);
      }
      source.is_changed = true;
    }
    add_link(source, "replaced-by", target_);
  }

  static bool has_identifier(const Edited& patient, const Json& identifier) {
    const Json* list = patient.root().find("identifier");
    for (const Json* one = list == nullptr ? nullptr : list->first; one != nullptr;
         one = one->next) {
      if (one->string("system") == identifier.string("system") &&
          one->string("value") == identifier.string("value")) {
        return true;
      }
    }
    return false;
  }

  void change_target(Edited& target, const Edited& source) const {
    const Json* list = source.root().find("identifier");
    for (const Json* one = list == nullptr ? nullptr : list->first; one != nullptr;
         one = one->next) {
      if (has_identifier(target, *one)) continue;
      Json* copy = fhir::copy_json(*one, {}, target.document);
      Json* use = member(target.document, "use", "old");
      if (Json** former = fhir::link_to(*copy, "use"); *former != nullptr) {
        fhir::replace_at(former, use);
      } else {
        fhir::insert_at(*copy, &copy->first, use);
      }
      JsonDocument::append(list_of(target, "identifier"), copy);
      target.is_changed = true;
    }
    add_link(target, "replaces", source_);
  }

  // What DICOM knows the source by: its rows, and its identifiers, for what has not come yet.
  Result<void> point_identities(const Edited& source, const Edited& target) {
    TRY(auto rows, context_.store.dicom().identities(patient_type(), source.stored.id));
    for (Identity& row : rows) {
      if (row.kind != IdentityKind::patient) continue;
      point(row.key, ingest::merged_rank);
    }
    const Json* list = source.root().find("identifier");
    for (const Json* one = list == nullptr ? nullptr : list->first; one != nullptr;
         one = one->next) {
      if (one->string("value").empty()) continue;
      const std::string key = fmt::format("{}|{}", one->string("system"), one->string("value"));
      TRY(const auto known, context_.store.dicom().identity(IdentityKind::patient, key));
      if (known) continue;
      // What both are known by says something of the target.
      point(key, has_identifier(target, *one) ? "" : ingest::merged_rank);
    }
    return {};
  }

  void point(const std::string& key, std::string_view rank) {
    const auto is_it = [&](const Identity& row) { return row.key == key; };
    if (std::ranges::any_of(plan_.identities, is_it)) return;
    plan_.identities.push_back({.kind = IdentityKind::patient,
                                .key = key,
                                .type = &patient_type(),
                                .id = target_.substr(8),
                                .projected = {},
                                .rank = std::string(rank)});
  }

  static std::string text_of(const Json& root) {
    std::string text;
    fhir::write_json(root, text);
    return text;
  }

  Result<void> add(const Edited& resource) {
    if (!resource.is_changed) return {};
    const auto& [stored, document, is_changed] = resource;
    plan_.operations.push_back(
        {.kind = store::Operation::Kind::put,
         .type = stored.type,
         .id = stored.id,
         .body = fhir::to_stored(*document.root()),
         .index = fhir::index_resource(*stored.type, *document.root(), context_.index),
         .preconditions = {.if_match = store::VersionSet::of(stored.version)}});
    return {};
  }

  // --- What refers to the source
  // ------------------------------------------------------------------

  static std::vector<const fhir::SearchParameter*> parameters_to_patients(
      const fhir::ResourceType& from) {
    std::vector<const fhir::SearchParameter*> parameters;
    for (const auto& parameter : from.search_parameters) {
      if (parameter.type != fhir::SearchType::reference) continue;
      if (parameter.targets.empty() ||
          std::ranges::find(parameter.targets, &patient_type()) != parameter.targets.end()) {
        parameters.push_back(&parameter);
      }
    }
    return parameters;
  }

  Result<void> rewrite_referring() {
    for (const auto& type : fhir::Definitions::r4().resource_types()) {
      const auto parameters = parameters_to_patients(type);
      if (parameters.empty()) continue;
      fhir::SearchQuery query;
      query.type = &type;
      query.criteria = {rest::refers_to(parameters, source_)};
      query.count = context_.limits.page_size_max;
      do {
        TRY(auto page,
            context_.store.search(query, {.time_us = context_.limits.search_timeout_ms * 1000}));
        for (auto& match : page.matches) TRY_DO(rewrite(std::move(match)));
        query.cursor = std::move(page.next_cursor);
      } while (!query.cursor.empty());
    }
    return {};
  }

  Result<void> rewrite(store::StoredResource stored) {
    if (stored.type == &patient_type() &&
        (stored.id == source_.substr(8) || stored.id == target_.substr(8))) {
      return {};
    }
    TRY(auto resource, parse(std::move(stored)));
    const auto edits =
        fhir::rewrite_urls(resource.document, resource.root(),
                           [&](const fhir::FoundUrl& url) -> std::optional<std::string> {
                             if (url.place != fhir::FoundUrl::Place::reference) return std::nullopt;
                             if (url.text.find("/_history/") != std::string_view::npos)
                               return std::nullopt;
                             if (fhir::comparable_reference(url.text, context_.index) != source_)
                               return std::nullopt;
                             return target_;
                           });
    if (edits.empty()) return {};
    resource.is_changed = true;
    const store::StoredResource& of = resource.stored;
    if (++rewritten_ > context_.limits.merged_resources_max) {
      return refuse("too-costly",
                    fmt::format("More than {} resources refer to {} (merged_resources_max); "
                                "nothing was changed",
                                context_.limits.merged_resources_max, source_));
    }
    ++plan_.referring[of.type->name];
    TRY(const auto identities, context_.store.dicom().identities(*of.type, of.id));
    for (const Identity& identity : identities) {
      if (identity.kind == IdentityKind::study) plan_.changed_studies.push_back(identity.key);
    }
    return add(resource);
  }

  // Studies whose patient or own resource could not be told may be told now.
  Result<void> add_undecided() {
    TRY(const auto studies, context_.store.dicom().studies_with_problem(
                                "multiple-matches", context_.limits.merged_resources_max));
    plan_.changed_studies.insert(plan_.changed_studies.end(), studies.begin(), studies.end());
    return {};
  }

  const MergeContext& context_;
  std::string source_;  // "Patient/1"
  std::string target_;
  std::size_t rewritten_ = 0;
  MergePlan plan_;
};

}  // namespace

Result<MergePlan> plan_merge(const MergeContext& context, const std::string& source,
                             const std::string& target) {
  return MergePlanning(context, source, target).run();
}

}  // namespace lightbox::imaging
