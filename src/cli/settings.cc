#include "cli/settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fmt/format.h>
#include <optional>
#include <sstream>
#include <toml++/toml.h>
#include <variant>

#include "cli/source_settings.h"

namespace lightbox::cli {
namespace {

using LimitMember = std::variant<std::size_t Limits::*, std::int64_t Limits::*>;
struct LimitSetting {
  const char* name;
  LimitMember member;
  const char* description;
  bool may_be_zero = false;
};

const std::vector<LimitSetting>& limit_settings() {
  static const std::vector<LimitSetting> table = {
      {"header_bytes_max", &Limits::header_bytes_max, "longest request header; past it 431"},
      {"url_bytes_max", &Limits::url_bytes_max, "longest URL; past it 414"},
      {"body_bytes_max", &Limits::body_bytes_max, "longest request body; past it 413"},
      {"connections_max", &Limits::connections_max, "open connections; past it 503"},
      {"connections_per_address_max", &Limits::connections_per_address_max,
       "open connections of one address; past it 429"},
      {"header_timeout_ms", &Limits::header_timeout_ms, "for a whole header; past it 408"},
      {"body_timeout_ms", &Limits::body_timeout_ms,
       "for a whole body, or for body_progress_bytes_min of one that is streamed; past it 408"},
      {"body_progress_bytes_min", &Limits::body_progress_bytes_min,
       "of a streamed body (STOW-RS), what must come within body_timeout_ms"},
      {"idle_timeout_ms", &Limits::idle_timeout_ms, "between requests of a connection"},
      {"write_timeout_ms", &Limits::write_timeout_ms, "for a peer to take a response"},
      {"requests_in_flight_bytes_max", &Limits::requests_in_flight_bytes_max,
       "request bodies held at once; past it 503"},
      {"json_depth_max", &Limits::json_depth_max, "nesting of a resource; past it 400"},
      {"json_nodes_max", &Limits::json_nodes_max, "JSON values in one body; past it 400"},
      {"issues_max", &Limits::issues_max, "findings listed in one OperationOutcome"},
      {"patch_operations_max", &Limits::patch_operations_max,
       "operations of one PATCH; past it 400"},
      {"patch_steps_max", &Limits::patch_steps_max, "work of one PATCH; past it 422"},
      {"fhirpath_steps_max", &Limits::fhirpath_steps_max,
       "work of one FHIRPath expression; past it 422"},
      {"search_parameters_max", &Limits::search_parameters_max,
       "parameters of one search; past it 400"},
      {"search_values_max", &Limits::search_values_max,
       "comma-separated values of one search; past it 400"},
      {"filter_depth_max", &Limits::filter_depth_max, "nesting of a _filter; past it 400"},
      {"expansion_codes_max", &Limits::expansion_codes_max,
       "codes of one value set's expansion; past it 422"},
      {"search_chain_depth_max", &Limits::search_chain_depth_max,
       "references that one search parameter follows; past it 400"},
      {"page_size_default", &Limits::page_size_default, "matches on a page without _count"},
      {"page_size_max", &Limits::page_size_max, "matches on a page at most"},
      {"included_resources_max", &Limits::included_resources_max,
       "resources that _include and _revinclude add to a page"},
      {"list_items_max", &Limits::list_items_max, "items of the Lists of _list; past it 400"},
      {"dicom_depth_max", &Limits::dicom_depth_max,
       "nesting of an object's sequences; past it the object is refused"},
      {"dicom_elements_max", &Limits::dicom_elements_max,
       "elements of one object, items included; past it the object is refused"},
      {"dicom_header_bytes_max", &Limits::dicom_header_bytes_max,
       "an object without bulk data, in memory; past it the object is refused"},
      {"dicom_inline_bytes_max", &Limits::dicom_inline_bytes_max,
       "longest value of bytes or numbers that is not bulk data"},
      {"dicom_text_bytes_max", &Limits::dicom_text_bytes_max, "longest text that is not bulk data"},
      {"dicom_inflated_bytes_max", &Limits::dicom_inflated_bytes_max,
       "a deflated data set, up to its pixel data; past it the object is refused"},
      {"dicom_object_bytes_max", &Limits::dicom_object_bytes_max, "of one DICOM object"},
      {"dicom_memory_bytes_max", &Limits::dicom_memory_bytes_max,
       "of a DICOM object on its way, before it goes to disk"},
      {"dicom_search_results_max", &Limits::dicom_search_results_max,
       "results of one QIDO-RS search or C-FIND"},
      {"stow_bytes_max", &Limits::stow_bytes_max, "one STOW-RS request; past it 413"},
      {"stow_requests_max", &Limits::stow_requests_max, "STOW-RS requests at once; past it 503"},
      {"stow_memory_bytes_max", &Limits::stow_memory_bytes_max,
       "small objects of STOW-RS requests that wait in memory"},
      {"rendered_pixels_max", &Limits::rendered_pixels_max,
       "of a frame that is decoded, and of a viewport; past it 413"},
      {"rendering_requests_max", &Limits::rendering_requests_max,
       "frames that wait to be decoded; past it 429"},
      {"fetch_requests_max", &Limits::fetch_requests_max,
       "requests that wait for images of other archives; past it 429"},
      {"quarantine_bytes_max", &Limits::quarantine_bytes_max,
       "of all objects that cannot be indexed; past it they are refused and not kept"},
      {"archive_entries_max", &Limits::archive_entries_max,
       "files in one zip or tar that is imported"},
      {"archive_bytes_max", &Limits::archive_bytes_max, "of what one holds, unpacked"},
      {"archive_ratio_max", &Limits::archive_ratio_max,
       "unpacked to packed bytes of one; past it it is a bomb"},
      {"fetched_bytes_max", &Limits::fetched_bytes_max,
       "of copies of other archives' images; past it the oldest go"},
      {"fetched_age_max_hours", &Limits::fetched_age_max_hours,
       "how long such a copy stays at most"},
      {"projection_quiet_ms", &Limits::projection_quiet_ms,
       "how long a study must be quiet before its resource is brought up to date"},
      {"projection_publish_ms", &Limits::projection_publish_ms,
       "a study that is never quiet is brought up to date after this"},
      {"dimse_associations_max", &Limits::dimse_associations_max,
       "associations at once; past it A-ASSOCIATE-RJ"},
      {"dimse_pdu_bytes_max", &Limits::dimse_pdu_bytes_max, "what peers may send in one PDU"},
      {"dimse_message_bytes_max", &Limits::dimse_message_bytes_max,
       "a DIMSE message other than C-STORE; past it status 0110"},
      {"dimse_artim_timeout_ms", &Limits::dimse_artim_timeout_ms,
       "for a peer to ask for its association"},
      {"dimse_idle_timeout_ms", &Limits::dimse_idle_timeout_ms,
       "between two messages of an association"},
      {"dimse_pdu_timeout_ms", &Limits::dimse_pdu_timeout_ms, "for each PDU of a message"},
      {"dimse_report_retry_ms", &Limits::dimse_report_retry_ms,
       "how long a storage commitment's report is tried again"},
      {"hl7_connections_max", &Limits::hl7_connections_max,
       "connections of HL7 senders at once; past it they are closed"},
      {"hl7_message_bytes_max", &Limits::hl7_message_bytes_max, "an HL7 message; past it AR"},
      {"hl7_message_timeout_ms", &Limits::hl7_message_timeout_ms,
       "for a whole HL7 message, and for its sender to take the answer"},
      {"hl7_names_max", &Limits::hl7_names_max,
       "studies and accession numbers that are read of one HL7 message"},
      {"search_inline_us", &Limits::search_inline_us,
       "time of a search before it goes to the slow lane"},
      {"search_timeout_ms", &Limits::search_timeout_ms, "longest search; past it 503"},
      {"slow_searches_max", &Limits::slow_searches_max, "searches in the slow lane; past it 429"},
      {"commit_queue_max", &Limits::commit_queue_max, "writes waiting; past it 503"},
      {"commit_batch_max", &Limits::commit_batch_max, "writes in one transaction of the store"},
      {"conditional_delete_max", &Limits::conditional_delete_max,
       "resources that one conditional delete may delete; past it 412"},
      {"merged_resources_max", &Limits::merged_resources_max,
       "resources that refer to a patient whom $merge may merge; past it 422"},
      {"history_versions_max", &Limits::history_versions_max,
       "versions kept of a resource, the current one included; 0: all", /*may_be_zero=*/true},
  };
  return table;
}

std::string default_of(const LimitSetting& setting) {
  const Limits limits;
  return std::visit([&](auto member) { return std::to_string(limits.*member); }, setting.member);
}

std::optional<std::int64_t> parse_number(std::string_view text, std::int64_t least) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number < least ? std::nullopt : std::optional(number);
}

// "Z", "UTC", "+01:00", "-05:30"
std::optional<int> parse_zone(std::string_view text) {
  if (text == "Z" || text == "UTC") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  int hours = 0;
  int minutes = 0;
  const auto h = std::from_chars(text.data() + 1, text.data() + 3, hours);
  const auto m = std::from_chars(text.data() + 4, text.data() + 6, minutes);
  if (h.ptr != text.data() + 3 || m.ptr != text.data() + 6 || hours > 14 || minutes > 59) {
    return std::nullopt;
  }
  return (text[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
}

constexpr std::int64_t threads_max = 1024;
// In the order of fhir::FullText.
constexpr std::array<std::string_view, 3> full_texts = {"none", "narrative", "content"};
constexpr std::array<std::string_view, 4> log_levels = {"debug", "info", "warn", "error"};

// The scheme and authority of a URL, and perhaps a path; no spaces, query or fragment.
bool is_http_url(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (text.starts_with(scheme)) {
      const auto rest = text.substr(scheme.size());
      return !rest.empty() && rest[0] != '/' && rest.find_first_of(" ?#\"") == rest.npos;
    }
  }
  return false;
}

// What an Origin header says: no path.
bool is_origin(std::string_view text) {
  return text == "*" || (is_http_url(text) && std::ranges::count(text, '/') == 2);
}

// With a query and a fragment, and a place for the study.
bool is_viewer_url(std::string_view text) {
  return is_http_url(text.substr(0, text.find_first_of("?#"))) &&
         text.find_first_of(" \"\\") == text.npos && text.find("{study}") != text.npos;
}

Problem wrong(const std::string& name, const Setting& setting, std::string_view right) {
  return problem(
      ProblemKind::invalid, "value",
      fmt::format("{} is '{}' ({}); it must be {}", name, setting.value, setting.origin, right));
}

Result<void> check(const SettingInfo& info, const Setting& setting) {
  if (info.is_flag && setting.value != "true" && setting.value != "false") {
    return wrong(info.name, setting, "true or false");
  }
  if (info.name == "time_zone" && !parse_zone(setting.value)) {
    return wrong(info.name, setting, "an offset from UTC, such as +01:00");
  }
  if (info.name == "threads" && setting.value != "0" &&
      parse_number(setting.value, 1).value_or(threads_max + 1) > threads_max) {
    return wrong(info.name, setting, fmt::format("a whole number from 0 to {}", threads_max));
  }
  if (info.name == "log_level" &&
      std::ranges::find(log_levels, setting.value) == log_levels.end()) {
    return wrong(info.name, setting, "debug, info, warn or error");
  }
  if (info.name == "full_text" &&
      std::ranges::find(full_texts, setting.value) == full_texts.end()) {
    return wrong(info.name, setting, "none, narrative or content");
  }
  if (info.name == "on_conflict" && setting.value != "keep_first" && setting.value != "replace") {
    return wrong(info.name, setting, "keep_first or replace");
  }
  if (info.name == "study_id" && setting.value != "uid" && setting.value != "random") {
    return wrong(info.name, setting, "uid or random");
  }
  if (info.name == "compress" && setting.value != "none" && setting.value != "zstd") {
    return wrong(info.name, setting, "none or zstd");
  }
  if (info.name == "data" && setting.value.empty()) return wrong(info.name, setting, "a folder");
  if (info.name == "public_url" && !setting.value.empty() && !is_http_url(setting.value)) {
    return wrong(info.name, setting, "a URL, such as https://fhir.example.org");
  }
  if (info.name == "viewer_url" && !setting.value.empty() && !is_viewer_url(setting.value)) {
    return wrong(info.name, setting, "a URL, such as https://viewer.example.org/?study={study}");
  }
  if (info.name == "cors_origin") {
    for (const auto origin : rest::split_list(setting.value, ',')) {
      if (!is_origin(origin)) {
        return wrong(info.name, setting, "origins, such as https://app.example.org, or *");
      }
    }
  }
  if (info.name == "conditional_delete" && setting.value != "single" &&
      setting.value != "multiple") {
    return wrong(info.name, setting, "single or multiple");
  }
  for (const LimitSetting& limit : limit_settings()) {
    if (limit.name != info.name || parse_number(setting.value, limit.may_be_zero ? 0 : 1)) continue;
    return wrong(info.name, setting,
                 limit.may_be_zero ? "a whole number from 0" : "a whole number above 0");
  }
  return {};
}

// A text, number, flag or list of these; nullopt: a date, a table, …
std::optional<std::string> text_of(const toml::node& node) {
  if (const auto* list = node.as_array()) {
    std::string text;
    for (const auto& item : *list) {
      const auto item_text = text_of(item);
      if (!item_text) return std::nullopt;
      text += (text.empty() ? "" : ",") + *item_text;
    }
    return text;
  }
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  return std::nullopt;
}

std::string toml_string(const std::string& text) {
  std::ostringstream out;
  out << toml::toml_formatter(toml::value<std::string>(text));
  return out.str();
}

Result<toml::table> read_file(const std::string& path) {
  try {
    return toml::parse_file(path);
  } catch (const toml::parse_error& error) {
    return problem(
        ProblemKind::invalid, "structure",
        fmt::format("{}, line {}: {}", path, error.source().begin.line, error.description()));
  }
}

Result<std::map<std::string, std::string>> values_of(const toml::table& file,
                                                     const std::string& path) {
  std::map<std::string, std::string> values;
  for (const auto& [key, node] : file) {
    if (key.str() == "sources") continue;  // source_settings.cc
    auto text = text_of(node);
    if (!text) {
      return problem(ProblemKind::invalid, "value",
                     fmt::format("{}, line {}: {} must be a text, a whole number, true, false or "
                                 "a list of texts",
                                 path, node.source().begin.line, key.str()));
    }
    values.emplace(std::string(key.str()), std::move(*text));
  }
  return values;
}

const char* environment(const std::string& name) {
  std::string variable = "LIGHTBOX_" + name;
  std::ranges::transform(variable, variable.begin(),
                         [](unsigned char c) { return std::toupper(c); });
  return std::getenv(variable.c_str());
}

std::string config_path(const std::map<std::string, std::string>& flags) {
  if (const auto flag = flags.find("config"); flag != flags.end()) return flag->second;
  const char* variable = environment("config");
  return variable == nullptr ? "" : variable;
}

}  // namespace

const std::vector<SettingInfo>& setting_infos() {
  static const std::vector<SettingInfo> infos = [] {
    std::vector<SettingInfo> all = {
        {"data", "the folder of the database", "./lightbox-data"},
        {"listen", "ADDRESS:PORT of HTTP; port 0 picks a free one", "127.0.0.1:8080"},
        {"config", "a TOML file with any of these settings", ""},
        {"dimse", "ADDRESS:PORT of DIMSE; port 0 picks a free one; or off", "127.0.0.1:11112"},
        {"aet", "the AE title of this server", "LIGHTBOX"},
        {"dimse_called", "called AE titles that are answered: any, or own", "any"},
        {"dimse_accept", "AET or AET=ADDRESS of a caller from another machine", "", false, true},
        {"dimse_unknown", "SOP classes and transfer syntaxes that are unknown: store or refuse",
         "store"},
        {"dimse_tls_listen", "ADDRESS:PORT of DIMSE over TLS; or off", "off"},
        {"dimse_tls_cert", "PEM file of the certificate for TLS", ""},
        {"dimse_tls_key", "PEM file of its key", ""},
        {"dimse_tls_ca", "PEM file of those who issue the certificates of clients and peers", ""},
        {"dimse_tls_client", "certificates of clients: required, wanted or ignored", "required"},
        {"peer", "AET=HOST:PORT or AET=tls://HOST:PORT that this server may open associations to",
         "", false, true},
        {"hl7", "ADDRESS:PORT of HL7 version 2 (MLLP); port 0 picks a free one; or off", "off"},
        {"hl7_accept", "address, or ADDRESS/PREFIX, of those who may send HL7", "127.0.0.0/8,::1",
         false, true},
        {"public_url", "how clients reach this server, such as https://fhir.example.org", ""},
        {"allowed_host", "a further name that the Host header may have", "", false, true},
        {"cors_origin", "an origin whose pages may use this server, or *", "", false, true},
        {"time_zone", "of dates without an offset: UTC or +HH:MM", "UTC"},
        {"full_text", "indexed word by word: none, narrative (_text) or content (_content too)",
         "narrative"},
        {"conditional_delete", "single, or multiple: may one delete several resources", "single"},
        {"issuer", "NAME=URI: the identifier system of an issuer that DICOM objects name", "",
         false, true},
        {"patient_system",
         "URI, or SOURCE=URI: the system of patient ids whose objects name no issuer", "", false,
         true},
        {"dicom_time_zone",
         "ZONE, or SOURCE=ZONE (IANA): of DICOM times that come without an offset", "", false,
         true},
        {"study_id", "the logical id of a study that came as images: uid or random", "uid"},
        {"on_conflict", "an instance comes again with other content: keep_first or replace",
         "keep_first"},
        {"ohif", "the folder of OHIF's built files, served at /viewer", ""},
        {"viewer_url", "URL of another viewer, with {study} for the Study Instance UID", ""},
        {"compress", "how objects with uncompressed pixel data are kept: none or zstd", "none"},
        {"threads", "of HTTP; 0: one for each core", "0"},
        {"insecure", "serve other machines without authentication", "false", true},
        {"log_level", "debug, info, warn or error", "info"},
    };
    for (const auto& limit : limit_settings()) {
      all.push_back({limit.name, limit.description, default_of(limit)});
    }
    return all;
  }();
  return infos;
}

Result<Settings> Settings::resolve(const std::map<std::string, std::string>& flags) {
  toml::table table;
  const std::string path = config_path(flags);
  if (!path.empty()) {
    TRY(table, read_file(path));
  }
  TRY(auto file, values_of(table, path));
  Settings settings;
  Problem wrongs{.kind = ProblemKind::invalid, .issues = {}};
  for (const auto& info : setting_infos()) {
    Setting setting{.value = info.default_value, .origin = "default"};
    if (const auto found = file.find(info.name); found != file.end()) {
      setting = {.value = found->second, .origin = "file " + path};
      file.erase(found);
    }
    if (const char* value = environment(info.name)) setting = {value, "environment"};
    if (const auto found = flags.find(info.name); found != flags.end()) {
      setting = {found->second, "flag"};
    }
    if (auto checked = check(info, setting); !checked) {
      wrongs.issues.push_back(checked.error().issues.front());
    }
    settings.values_.emplace(info.name, std::move(setting));
  }
  for (const auto& [name, value] : file) {
    wrongs.issues.push_back({.severity = Severity::error,
                             .code = "not-found",
                             .diagnostics = fmt::format("{}: there is no setting '{}'", path, name),
                             .expression = {}});
  }
  auto sources = read_sources(table);
  if (sources) {
    settings.sources_ = std::move(*sources);
  } else {
    for (auto& issue : sources.error().issues) wrongs.issues.push_back(std::move(issue));
  }
  if (!wrongs.issues.empty()) return wrongs;
  return settings;
}

const Setting& Settings::get(std::string_view name) const { return values_.find(name)->second; }

std::vector<std::string> Settings::list(std::string_view name) const {
  std::vector<std::string> items;
  for (const auto item : rest::split_list(get(name).value, ',')) items.emplace_back(item);
  return items;
}

std::string Settings::print() const {
  std::string out;
  for (const auto& info : setting_infos()) {
    const Setting& setting = get(info.name);
    const bool is_number = !setting.value.empty() && std::ranges::all_of(setting.value, [](char c) {
      return c >= '0' && c <= '9';
    });
    const std::string line =
        fmt::format("{} = {}", info.name,
                    is_number || info.is_flag ? setting.value : toml_string(setting.value));
    out += fmt::format("{:<48} # {}\n", line, setting.origin);
  }
  for (const auto& source : sources_) out += '\n' + pacs::print_source(source);
  return out;
}

Limits Settings::limits() const {
  Limits limits;
  for (const auto& setting : limit_settings()) {
    const auto value = *parse_number(get(setting.name).value, 0);
    std::visit(
        [&](auto member) {
          using Value = std::remove_reference_t<decltype(limits.*member)>;
          limits.*member = static_cast<Value>(value);
        },
        setting.member);
  }
  return limits;
}

fhir::FullText Settings::full_text() const {
  const auto found = std::ranges::find(full_texts, get("full_text").value);
  return static_cast<fhir::FullText>(found - full_texts.begin());
}

int Settings::zone_offset_minutes() const { return *parse_zone(get("time_zone").value); }

rest::ApiOptions Settings::api_options() const {
  std::string public_url = get("public_url").value;
  while (public_url.ends_with('/')) public_url.pop_back();
  return {.origins = {.public_url = std::move(public_url),
                      .allowed_hosts = list("allowed_host"),
                      .cors_origins = list("cors_origin")},
          .conditional_delete = get("conditional_delete").value == "multiple"
                                    ? rest::ConditionalDelete::multiple
                                    : rest::ConditionalDelete::single,
          .limits = limits(),
          .data_directory = get("data").value};
}

Result<http::ServerOptions> Settings::server_options() const {
  const Setting& listen = get("listen");
  const auto colon = listen.value.rfind(':');
  http::ServerOptions options;
  options.limits = limits();
  if (colon == std::string::npos) return wrong("listen", listen, "ADDRESS:PORT");
  options.address = listen.value.substr(0, colon);
  if (options.address.starts_with('[') && options.address.ends_with(']')) {
    options.address = options.address.substr(1, options.address.size() - 2);
  }
  if (options.address == "localhost") options.address = "127.0.0.1";
  const std::string port = listen.value.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), options.port);
  if (error != std::errc{} || end != port.data() + port.size()) {
    return wrong("listen", listen, "ADDRESS:PORT, the port from 0 to 65535");
  }
  const auto threads = parse_number(get("threads").value, 1);
  options.threads = static_cast<unsigned>(threads.value_or(0));
  return options;
}

}  // namespace lightbox::cli
