#include "store/include.h"

#include <algorithm>
#include <deque>
#include <fmt/format.h>
#include <optional>
#include <string>
#include <unordered_set>

#include "fhir/index.h"
#include "fhir/json.h"
#include "fhir/path.h"
#include "fhir/resource.h"

namespace lightbox::store {
namespace {

using fhir::Include;
using fhir::ResourceType;
using fhir::SearchParameter;

bool may_target(const SearchParameter& parameter, const ResourceType& type) {
  return parameter.type == fhir::SearchType::reference &&
         (parameter.targets.empty() ||
          std::ranges::find(parameter.targets, &type) != parameter.targets.end());
}

std::int64_t row_parameter(const SearchParameter& parameter) {
  return fhir::index_parameter(parameter.number(), fhir::IndexVariant::value);
}

// By which a canonical finds a resource of the type; nullptr: nothing refers to it by canonical.
const SearchParameter* url_parameter(const ResourceType& type) {
  const SearchParameter* parameter = type.search_parameter("url");
  return parameter != nullptr && parameter->type == fhir::SearchType::uri ? parameter : nullptr;
}

struct Canonical {
  std::string_view url;
  std::string_view version;  // empty: any
};

Canonical split_canonical(std::string_view text) {
  const auto bar = text.rfind('|');
  if (bar == std::string_view::npos || bar == 0) return {text, {}};
  return {text.substr(0, bar), text.substr(bar + 1)};
}

// A resource with what it refers to, which is worked out when it is first asked for.
class Referrer {
 public:
  Referrer(const StoredResource& resource, const fhir::IndexOptions& options) {
    std::string text;
    append_resource(resource, text);
    Limits limits;
    limits.json_depth_max = 1'000;
    limits.json_nodes_max = SIZE_MAX;
    auto document = fhir::parse_json(text, limits);
    if (!document) return;
    document_ = std::move(*document);
    entries_ = fhir::index_resource(*resource.type, *document_->root(), options);
  }

  [[nodiscard]] bool is_damaged() const { return !document_; }
  [[nodiscard]] std::string_view member(std::string_view name) const {
    return document_->root()->string(name);
  }

  // What the parameter finds: "Patient/1", "http://x/PlanDefinition/1", and the same with "|2.0".
  [[nodiscard]] std::vector<std::string_view> references(const SearchParameter& parameter) const {
    std::vector<std::string_view> found;
    for (const fhir::TokenEntry& entry : entries_.tokens) {
      if (entry.parameter == row_parameter(parameter)) found.push_back(entry.code);
    }
    // A canonical with a version is indexed without it, too; what it refers to is the version.
    std::erase_if(found, [&](std::string_view text) {
      return std::ranges::any_of(found, [&](std::string_view other) {
        return other.size() > text.size() && other.starts_with(text) && other[text.size()] == '|';
      });
    });
    return found;
  }

 private:
  std::optional<fhir::JsonDocument> document_;
  fhir::IndexEntries entries_;
};

class Collector {
 public:
  Collector(ReaderPool::Lease& reader, const Shared& shared, std::span<const Include> includes,
            std::span<const StoredResource> matches)
      : reader_(reader), shared_(shared), includes_(includes), matches_(matches) {}

  Result<Included> run() && {
    for (const StoredResource& match : matches_) seen_.insert(name_of(*match.type, match.id));
    for (const StoredResource& match : matches_) TRY_DO(follow(match, Include::Reach::matches));
    // What is found goes to the end, and is followed in its turn.
    for (std::size_t i = 0; i < found_.size() && !is_cut_; ++i) {
      TRY_DO(follow(found_[i], Include::Reach::iterate));
    }
    Included included;
    included.is_cut = is_cut_;
    included.resources.assign(std::make_move_iterator(found_.begin()),
                              std::make_move_iterator(found_.end()));
    return included;
  }

 private:
  static std::string name_of(const ResourceType& type, std::string_view id) {
    return fmt::format("{}/{}", type.name, id);
  }

  Result<void> follow(const StoredResource& resource, Include::Reach from) {
    std::optional<Referrer> referrer;
    for (const Include& include : includes_) {
      if (is_cut_) return {};
      const bool applies =
          from == Include::Reach::matches || include.reach == Include::Reach::iterate;
      if (!applies) continue;
      if (include.direction == Include::Direction::forward) {
        if (include.source != nullptr && include.source != resource.type) continue;
        TRY_DO(follow_forward(resource, include, referrer));
      } else {
        if (include.target != nullptr && include.target != resource.type) continue;
        TRY_DO(follow_reverse(resource, include, referrer));
      }
    }
    return {};
  }

  Result<const Referrer*> look_into(const StoredResource& resource,
                                    std::optional<Referrer>& referrer) const {
    if (!referrer) referrer.emplace(resource, shared_.options.index);
    if (referrer->is_damaged()) return damaged(*resource.type, resource.id);
    return &*referrer;
  }

  // --- _include ---

  Result<void> follow_forward(const StoredResource& resource, const Include& include,
                              std::optional<Referrer>& referrer) {
    TRY(const Referrer* from, look_into(resource, referrer));
    if (include.parameter != nullptr) return follow_parameter(*from, *include.parameter, include);
    for (const SearchParameter& parameter : resource.type->search_parameters) {
      if (parameter.type != fhir::SearchType::reference) continue;
      TRY_DO(follow_parameter(*from, parameter, include));
    }
    return {};
  }

  Result<void> follow_parameter(const Referrer& from, const SearchParameter& parameter,
                                const Include& include) {
    for (const std::string_view reference : from.references(parameter)) {
      const auto slash = reference.find('/');
      const ResourceType* type = nullptr;
      if (slash != std::string_view::npos) {
        type = fhir::Definitions::r4().resource_type(reference.substr(0, slash));
      }
      if (type == nullptr) {
        TRY_DO(follow_canonical(reference, parameter, include));
      } else if (include.target == nullptr || include.target == type) {
        TRY_DO(add_current(*type, reference.substr(slash + 1)));
      }
    }
    return {};
  }

  Result<void> add_current(const ResourceType& type, std::string_view id) {
    if (seen_.contains(name_of(type, id))) return {};
    Query query(*reader_,
                "SELECT id, version, updated, method, body FROM resource WHERE type=? AND id=? AND "
                "method<2");
    query.bind(std::int64_t{type.number}).bind(id);
    if (query.next()) return add(type, query);
    return query.ok() ? Result<void>() : query.problem();
  }

  // Of several with that URL the one that was changed last.
  Result<void> follow_canonical(std::string_view reference, const SearchParameter& parameter,
                                const Include& include) {
    if (include.target != nullptr) return add_canonical(reference, *include.target);
    if (parameter.targets.empty()) {
      for (const ResourceType& type : fhir::Definitions::r4().resource_types()) {
        TRY_DO(add_canonical(reference, type));
      }
    }
    for (const ResourceType* type : parameter.targets) TRY_DO(add_canonical(reference, *type));
    return {};
  }

  Result<void> add_canonical(std::string_view reference, const ResourceType& type) {
    const SearchParameter* url = url_parameter(type);
    if (url == nullptr || shared_.counts[type.number] == 0) return {};
    const Canonical canonical = split_canonical(reference);
    Query query(*reader_,
                "SELECT r.id, r.version, r.updated, r.method, r.body FROM token_index t JOIN "
                "resource r ON r.key=t.resource WHERE t.param=? AND t.value=? AND r.method<2 ORDER "
                "BY r.updated DESC, r.key DESC");
    query.bind(row_parameter(*url)).bind(fhir::strip_uid(canonical.url));
    while (query.next()) {
      if (!canonical.version.empty()) {
        TRY(const StoredResource resource, read(type, query));
        const Referrer candidate(resource, shared_.options.index);
        if (candidate.is_damaged()) return damaged(type, resource.id);
        if (candidate.member("version") != canonical.version) continue;
      }
      return add(type, query);
    }
    return query.ok() ? Result<void>() : query.problem();
  }

  // --- _revinclude ---

  Result<void> follow_reverse(const StoredResource& resource, const Include& include,
                              std::optional<Referrer>& referrer) {
    if (include.parameter != nullptr) {
      return referring(resource, *include.source, *include.parameter, referrer);
    }
    if (include.source != nullptr) return referring_type(resource, *include.source, referrer);
    for (const ResourceType& type : fhir::Definitions::r4().resource_types()) {
      TRY_DO(referring_type(resource, type, referrer));
    }
    return {};
  }

  Result<void> referring_type(const StoredResource& resource, const ResourceType& source,
                              std::optional<Referrer>& referrer) {
    if (shared_.counts[source.number] == 0) return {};
    for (const SearchParameter& parameter : source.search_parameters) {
      TRY_DO(referring(resource, source, parameter, referrer));
    }
    return {};
  }

  Result<void> referring(const StoredResource& resource, const ResourceType& source,
                         const SearchParameter& parameter, std::optional<Referrer>& referrer) {
    if (!may_target(parameter, *resource.type)) return {};
    TRY_DO(add_referring(source, parameter, name_of(*resource.type, resource.id), {}));
    if (url_parameter(*resource.type) == nullptr) return {};
    TRY(const Referrer* to, look_into(resource, referrer));
    const Canonical canonical{to->member("url"), to->member("version")};
    if (canonical.url.empty()) return {};
    return add_referring(source, parameter, std::string(fhir::strip_uid(canonical.url)), canonical);
  }

  Result<void> add_referring(const ResourceType& source, const SearchParameter& parameter,
                             const std::string& value, const Canonical& canonical) {
    Query query(*reader_,
                "SELECT r.id, r.version, r.updated, r.method, r.body FROM token_index t JOIN "
                "resource r ON r.key=t.resource WHERE t.param=? AND t.value=? AND r.method<2");
    query.bind(row_parameter(parameter)).bind(value);
    while (!is_cut_ && query.next()) {
      if (seen_.contains(name_of(source, query.text(0)))) continue;
      if (!canonical.url.empty()) {
        TRY(const StoredResource candidate, read(source, query));
        TRY(const bool refers, refers_to(candidate, parameter, canonical));
        if (!refers) continue;
      }
      TRY_DO(add(source, query));
    }
    return query.ok() ? Result<void>() : query.problem();
  }

  // A canonical finds a URL with any version; it refers to the version that it names.
  Result<bool> refers_to(const StoredResource& candidate, const SearchParameter& parameter,
                         const Canonical& canonical) const {
    const Referrer referrer(candidate, shared_.options.index);
    if (referrer.is_damaged()) return damaged(*candidate.type, candidate.id);
    const auto references = referrer.references(parameter);
    return std::ranges::any_of(references, [&](std::string_view text) {
      const Canonical reference = split_canonical(text);
      return fhir::strip_uid(reference.url) == fhir::strip_uid(canonical.url) &&
             (reference.version.empty() || reference.version == canonical.version);
    });
  }

  // --- Rows ---

  // From columns id, version, updated, method, body.
  static Result<StoredResource> read(const ResourceType& type, const Query& row) {
    return version_of(row, 1, type, row.text(0));
  }

  Result<void> add(const ResourceType& type, const Query& row) {
    std::string name = name_of(type, row.text(0));
    if (seen_.contains(name)) return {};
    if (found_.size() >= shared_.options.limits.included_resources_max) {
      is_cut_ = true;
      return {};
    }
    TRY(StoredResource resource, read(type, row));
    found_.push_back(std::move(resource));
    seen_.insert(std::move(name));
    return {};
  }

  ReaderPool::Lease& reader_;
  const Shared& shared_;
  std::span<const Include> includes_;
  std::span<const StoredResource> matches_;
  std::deque<StoredResource> found_;  // references to its items are kept while it grows
  std::unordered_set<std::string> seen_;
  bool is_cut_ = false;
};

}  // namespace

Result<Included> find_included(ReaderPool::Lease& reader, const Shared& shared,
                               std::span<const Include> includes,
                               std::span<const StoredResource> matches) {
  return Collector(reader, shared, includes, matches).run();
}

}  // namespace lightbox::store
