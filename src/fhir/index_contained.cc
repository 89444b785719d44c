#include "fhir/index_contained.h"

#include <algorithm>

namespace lightbox::fhir {
namespace {

// Only values: what a search by a variant (:text, :identifier) asks, it reads the resource for.
template <typename Entry>
void take_values(std::vector<Entry>& from, std::vector<Entry>& to) {
  for (Entry& entry : from) {
    if (entry.parameter != variant_of(entry.parameter, IndexVariant::value)) continue;
    entry.parameter = variant_of(entry.parameter, IndexVariant::contained);
    // The container is not sorted by what lies in it.
    if constexpr (requires { entry.edge; }) entry.edge = edge_none;
    to.push_back(std::move(entry));
  }
}

template <typename Entry>
void sort_unique(std::vector<Entry>& entries) {
  std::ranges::sort(entries);
  const auto rest = std::ranges::unique(entries);
  entries.erase(rest.begin(), rest.end());
}

}  // namespace

void add_contained(const ResourceType& container_type, const Json& contained, const Json& container,
                   const IndexOptions& options, IndexEntries& entries) {
  if (!contained.is(Json::Kind::array)) return;
  for (const Json* item = contained.first; item != nullptr; item = item->next) {
    const ResourceType* type = Definitions::r4().resource_type(item->string("resourceType"));
    if (type == nullptr) continue;
    entries.tokens.push_back(
        {container_parameter(*type), std::nullopt, std::string(container_type.name), edge_none});
    IndexEntries inner = index_within(*type, *item, container, options);
    take_values(inner.tokens, entries.tokens);
    take_values(inner.strings, entries.strings);
    take_values(inner.dates, entries.dates);
    take_values(inner.numbers, entries.numbers);
    take_values(inner.composites, entries.composites);
    take_values(inner.uids, entries.uids);
  }
  sort_unique(entries.tokens);
  sort_unique(entries.strings);
  sort_unique(entries.dates);
  sort_unique(entries.numbers);
  sort_unique(entries.composites);
  sort_unique(entries.uids);
}

}  // namespace lightbox::fhir
