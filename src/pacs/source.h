#pragma once

// An archive that is there already, as the configuration describes it: `[sources.NAME]`
// (docs/pacs.md). Values; parsing is pure.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "dimse/callers.h"
#include "dimse/negotiation.h"
#include "pacs/hours.h"

namespace lightbox::pacs {

// PS3.18. URLs have no slash at their end.
struct DicomwebAccess {
  std::string qido_url;
  std::string wado_url;
  std::vector<std::string> headers;  // "Name: value", sent with every request
  std::string token;                 // of Authorization: Bearer; "": none
  std::string certificate_file;      // of the client, PEM; "": none
  std::string key_file;
  std::string ca_file;           // of those who issue servers' certificates; "": the system's
  std::string changes_url = {};  // of an Orthanc, ends with /changes; "": none
};

// PS3.4 annex C.
struct DimseAccess {
  dimse::PeerAddress peer;
  dimse::QueryModel root = dimse::QueryModel::study_root;
  enum class Retrieve : std::uint8_t {
    get,   // C-GET
    move,  // C-MOVE to this server's AE title, which the archive must know
  };
  Retrieve retrieve = Retrieve::get;
};

struct SourceOptions {
  std::string name;
  std::variant<DicomwebAccess, DimseAccess> access;
  std::string patient_system;  // a URI, of patient ids without an issuer; "": as of all origins
  std::string time_zone;  // IANA, of times without an offset, and of `hours`; "": none, and UTC
  std::vector<HourSpan> hours;  // none: always
  double requests_per_second = 10;
  unsigned connections_max = 2;
  unsigned retries_max = 5;  // of one request
  std::int64_t connect_timeout_ms = 10'000;
  std::int64_t timeout_ms = 60'000;  // without a byte
  std::size_t results_max = 500;     // of one search; past it the search is divided
  // Of those that hold a study, the one with the least is asked for its images first; then by name.
  unsigned precedence = 100;
  std::string endpoint_url = {};   // of its DICOMweb, for clients themselves; "": not told to them
  std::int64_t poll_seconds = 60;  // a server looks at the newest days; 0: never
  unsigned poll_days = 3;          // so many
  std::int64_t walk_hours = 24;    // a server looks at all of it; 0: never
  std::int64_t image_wait_ms = 20'000;  // a client waits for images that are being fetched
  // For what clients want of images that are not here; `hours` is not for these.
  unsigned image_connections_max = 6;
  double image_requests_per_second = 200;
};

// A table of the configuration: the texts of each key.
using SourceTable = std::map<std::string, std::vector<std::string>, std::less<>>;

// `invalid` with one issue for each thing that is wrong: its key, its value, and what would be
// right. A token_file is read.
Result<SourceOptions> parse_source(std::string_view name, const SourceTable& table);

// What the configuration shows of it: TOML, without token and headers.
[[nodiscard]] std::string print_source(const SourceOptions& source);

}  // namespace lightbox::pacs
