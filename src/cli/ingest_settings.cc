#include "cli/ingest_settings.h"

#include <fmt/format.h>

#include "ingest/mapping_time.h"
#include "pacs/sources.h"

namespace lightbox::cli {
namespace {

using Table = std::map<std::string, std::string, std::less<>>;

// Items "NAME=VALUE"; where `any` says so also "VALUE", for whatever is not named.
enum class Any : std::uint8_t { refused, allowed };
Result<Table> read_table(const Settings& settings, std::string_view name, Any any) {
  Table table;
  for (const std::string& item : settings.list(name)) {
    const auto equals = item.find('=');
    const bool is_any = equals == std::string::npos;
    if (equals == 0 || equals + 1 == item.size() || (is_any && any == Any::refused)) {
      return problem(
          ProblemKind::invalid, "value",
          fmt::format("{} has '{}' ({}); it must be NAME=VALUE{}", name, item,
                      settings.get(name).origin, any == Any::allowed ? " or VALUE" : ""));
    }
    table[is_any ? "" : item.substr(0, equals)] = is_any ? item : item.substr(equals + 1);
  }
  return table;
}

std::string dicomweb_base(const Settings& settings, std::uint16_t port) {
  std::string base = settings.api_options().origins.public_url;
  if (base.empty()) base = fmt::format("http://localhost:{}", port);
  return base + "/dicomweb";
}

}  // namespace

ingest::ArchiveOptions archive_options(const Settings& settings) {
  return {.data_directory = settings.get("data").value,
          .limits = settings.limits(),
          .on_conflict = settings.get("on_conflict").value == "replace"
                             ? store::OnConflict::replace
                             : store::OnConflict::keep_first,
          .compression = settings.get("compress").value == "zstd" ? ingest::Compression::zstd
                                                                  : ingest::Compression::none};
}

Result<ingest::ProjectorOptions> projector_options(const Settings& settings,
                                                   const fhir::IndexOptions& index,
                                                   std::uint16_t port) {
  ingest::ProjectorOptions options;
  options.limits = settings.limits();
  options.index = index;
  if (settings.get("study_id").value == "random") options.study_ids = ingest::StudyIds::random;
  TRY(options.rules.issuers, read_table(settings, "issuer", Any::refused));
  TRY(options.rules.default_patient_systems, read_table(settings, "patient_system", Any::allowed));
  TRY(options.rules.time_zones, read_table(settings, "dicom_time_zone", Any::allowed));
  for (const auto& [origin, zone] : options.rules.time_zones) {
    if (ingest::Zones().offset_of(zone, "2024-01-05", {.hour = 12}).minutes) continue;
    return problem(
        ProblemKind::invalid, "value",
        fmt::format("dicom_time_zone has '{}'; it must be a zone of the IANA database, such "
                    "as Europe/Berlin",
                    zone));
  }
  for (const pacs::SourceOptions& source : settings.sources()) {
    if (!source.patient_system.empty()) {
      options.rules.default_patient_systems[source.name] = source.patient_system;
    }
    if (!source.time_zone.empty()) options.rules.time_zones[source.name] = source.time_zone;
    // What it sends, asked by C-MOVE or not, comes from its AE title.
    const auto* dimse = std::get_if<pacs::DimseAccess>(&source.access);
    if (dimse == nullptr) continue;
    const std::string& ae_title = dimse->peer.ae_title;
    if (!source.patient_system.empty()) {
      options.rules.default_patient_systems.emplace(ae_title, source.patient_system);
    }
    if (!source.time_zone.empty()) options.rules.time_zones.emplace(ae_title, source.time_zone);
  }
  options.rules.dicomweb_base = dicomweb_base(settings, port);
  std::vector<pacs::SourceOptions> sources = settings.sources();
  pacs::sort_by_precedence(sources);
  for (const pacs::SourceOptions& source : sources) {
    if (source.endpoint_url.empty()) continue;
    options.rules.source_endpoints.push_back({source.name, source.endpoint_url});
  }
  return options;
}

}  // namespace lightbox::cli
