#include "cli/serve_sources.h"

#include <algorithm>
#include <fmt/format.h>

#include "cli/serve_dimse.h"

namespace lightbox::cli {

Result<std::unique_ptr<pacs::Sources>> start_sources(const Settings& settings,
                                                     ingest::Archive& archive) {
  if (settings.sources().empty()) return std::unique_ptr<pacs::Sources>();
  for (const pacs::SourceOptions& source : settings.sources()) {
    const pacs::DimseAccess* dimse = pacs::dimse_of(source);
    const bool is_moved = dimse != nullptr && dimse->retrieve == pacs::DimseAccess::Retrieve::move;
    if (is_moved && settings.get("dimse").value == "off") return needs_dimse(source);
  }
  return pacs::Sources::start({.sources = settings.sources(),
                               .limits = settings.limits(),
                               .calling_ae_title = settings.get("aet").value,
                               .tls = tls_files(settings)},
                              archive);
}

Result<const pacs::SourceOptions*> find_source(const Settings& settings, const std::string& name) {
  const auto& sources = settings.sources();
  const auto found = std::ranges::find(sources, name, &pacs::SourceOptions::name);
  if (found != sources.end()) return &*found;
  std::string known;
  for (const auto& source : sources) known += (known.empty() ? "" : ", ") + source.name;
  return problem(ProblemKind::not_found,
                 fmt::format("There is no source '{}'; the configuration has {}", name,
                             known.empty() ? "none: see docs/pacs.md" : known));
}

imaging::Refresh refresh_of(pacs::Sources* sources) {
  return [sources](const imaging::RefreshRequest& request) -> Result<bool> {
    if (sources == nullptr) return false;
    if (request.study_uid.empty() && request.accession_number.empty()) {
      return sources->look_now(request.source);
    }
    const pacs::StudyName name{
        .study_uid = request.study_uid,
        .accession_number = request.study_uid.empty() ? request.accession_number : ""};
    if (!name.is_plausible()) {
      return problem(ProblemKind::invalid, "value",
                     name.study_uid.empty()
                         ? "accession must be an accession number, without wildcards"
                         : "study must be a Study Instance UID");
    }
    return sources->look_at(request.source, name);
  };
}

Problem needs_dimse(const pacs::SourceOptions& source) {
  return problem(ProblemKind::invalid, "value",
                 fmt::format("dimse is 'off'; it must be the ADDRESS:PORT that {} sends to, since "
                             "sources.{}.retrieve is 'move'",
                             pacs::origin_of(source), source.name));
}

}  // namespace lightbox::cli
