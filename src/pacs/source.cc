#include "pacs/source.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <optional>
#include <unistd.h>

namespace lightbox::pacs {
namespace {

enum class Protocol : std::uint8_t { both, dicomweb, dimse };
struct Key {
  std::string_view name;
  Protocol protocol;
};
constexpr std::array known_keys = {
    Key{"protocol", Protocol::both},
    Key{"patient_system", Protocol::both},
    Key{"dicom_time_zone", Protocol::both},
    Key{"hours", Protocol::both},
    Key{"requests_per_second", Protocol::both},
    Key{"connections_max", Protocol::both},
    Key{"retries_max", Protocol::both},
    Key{"connect_timeout_ms", Protocol::both},
    Key{"timeout_ms", Protocol::both},
    Key{"results_max", Protocol::both},
    Key{"precedence", Protocol::both},
    Key{"endpoint_url", Protocol::both},
    Key{"poll_seconds", Protocol::both},
    Key{"poll_days", Protocol::both},
    Key{"walk_hours", Protocol::both},
    Key{"image_wait_ms", Protocol::both},
    Key{"image_connections_max", Protocol::both},
    Key{"image_requests_per_second", Protocol::both},
    Key{"url", Protocol::dicomweb},
    Key{"qido_url", Protocol::dicomweb},
    Key{"wado_url", Protocol::dicomweb},
    Key{"headers", Protocol::dicomweb},
    Key{"token", Protocol::dicomweb},
    Key{"token_file", Protocol::dicomweb},
    Key{"certificate_file", Protocol::dicomweb},
    Key{"key_file", Protocol::dicomweb},
    Key{"ca_file", Protocol::dicomweb},
    Key{"changes_url", Protocol::dicomweb},
    Key{"peer", Protocol::dimse},
    Key{"retrieve", Protocol::dimse},
    Key{"root", Protocol::dimse},
};

bool is_http_base(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!text.starts_with(scheme)) continue;
    const auto rest = text.substr(scheme.size());
    return !rest.empty() && rest[0] != '/' && rest.find_first_of(" ?#\"\\") == rest.npos &&
           rest.find('@') == rest.npos;
  }
  return false;
}

// RFC 9110 5.1 and 5.5.
bool is_header(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == text.npos || colon == 0) return false;
  const auto is_token = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_';
  };
  return std::ranges::all_of(text.substr(0, colon), is_token) &&
         std::ranges::none_of(text, [](unsigned char c) { return c < ' ' || c == 0x7F; });
}

// Reads one table, gathering what is wrong with it.
class Reader {
 public:
  Reader(std::string_view name, const SourceTable& table) : name_(name), table_(table) {}

  Result<SourceOptions> read() {
    SourceOptions source;
    source.name = name_;
    check_name();
    const Protocol protocol = read_protocol();
    check_keys(protocol);
    read_common(source);
    if (protocol == Protocol::dicomweb) source.access = read_dicomweb();
    if (protocol == Protocol::dimse) source.access = read_dimse();
    if (!wrongs_.issues.empty()) return wrongs_;
    return source;
  }

 private:
  void wrong(std::string_view key, std::string_view value, std::string_view right) {
    add(fmt::format("sources.{}.{} is '{}'; it must be {}", name_, key, value, right));
  }
  void missing(std::string_view key, std::string_view right) {
    add(fmt::format("sources.{}.{} is missing; it must be {}", name_, key, right));
  }
  void add(std::string diagnostics) {
    wrongs_.issues.push_back({.severity = Severity::error,
                              .code = "value",
                              .diagnostics = std::move(diagnostics),
                              .expression = {}});
  }

  [[nodiscard]] const std::vector<std::string>& list(std::string_view key) const {
    static const std::vector<std::string> none;
    const auto found = table_.find(key);
    return found == table_.end() ? none : found->second;
  }
  // "" when it is not there.
  std::string text(std::string_view key) {
    const auto& values = list(key);
    if (values.size() > 1) wrong(key, fmt::format("{}", fmt::join(values, ", ")), "one text");
    return values.empty() ? "" : values.front();
  }

  void check_name() {
    const auto is_right = [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '-' || c == '_';
    };
    if (!name_.empty() && std::ranges::all_of(name_, is_right)) return;
    add(fmt::format("sources.{}: a source's name must be of letters, digits, - and _", name_));
  }

  Protocol read_protocol() {
    const std::string protocol = text("protocol");
    if (protocol == "dicomweb") return Protocol::dicomweb;
    if (protocol == "dimse") return Protocol::dimse;
    if (protocol.empty()) {
      missing("protocol", "dicomweb or dimse");
    } else {
      wrong("protocol", protocol, "dicomweb or dimse");
    }
    return Protocol::both;
  }

  void check_keys(Protocol protocol) {
    for (const auto& [key, values] : table_) {
      const auto known = std::ranges::find(known_keys, key, &Key::name);
      if (known == known_keys.end()) {
        add(fmt::format("sources.{}: there is no setting '{}'", name_, key));
      } else if (known->protocol != Protocol::both && protocol != Protocol::both &&
                 known->protocol != protocol) {
        add(fmt::format("sources.{}.{} is a setting of {}, which this source is not", name_, key,
                        known->protocol == Protocol::dimse ? "DIMSE" : "DICOMweb"));
      }
    }
  }

  template <typename T>
  void number(std::string_view key, T least, T most, T& value) {
    const std::string given = text(key);
    if (given.empty() && list(key).empty()) return;
    T parsed{};
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), parsed);
    if (error != std::errc{} || end != given.data() + given.size() || !(parsed >= least) ||
        !(parsed <= most)) {
      wrong(key, given, fmt::format("a number from {} to {}", least, most));
      return;
    }
    value = parsed;
  }

  void read_common(SourceOptions& source) {
    source.patient_system = text("patient_system");
    if (!source.patient_system.empty() && source.patient_system.find(':') == std::string::npos) {
      wrong("patient_system", source.patient_system, "a URI, such as urn:oid:1.2.3");
    }
    source.time_zone = text("dicom_time_zone");
    if (!source.time_zone.empty() && !is_time_zone(source.time_zone)) {
      wrong("dicom_time_zone", source.time_zone,
            "a zone of the IANA database, such as Europe/Berlin");
    }
    for (const std::string& hours : list("hours")) {
      if (const auto span = parse_hour_span(hours)) {
        source.hours.push_back(*span);
      } else {
        wrong("hours", hours, "HH:MM-HH:MM, such as 19:00-07:00");
      }
    }
    constexpr std::int64_t hour_ms = 3'600'000;
    number("requests_per_second", 0.01, 10'000.0, source.requests_per_second);
    number("connections_max", 1U, 64U, source.connections_max);
    number("retries_max", 0U, 100U, source.retries_max);
    number("connect_timeout_ms", std::int64_t{1}, hour_ms, source.connect_timeout_ms);
    number("timeout_ms", std::int64_t{1'000}, hour_ms, source.timeout_ms);
    number("results_max", std::size_t{1}, std::size_t{100'000}, source.results_max);
    number("precedence", 0U, 1'000'000U, source.precedence);
    number("poll_seconds", std::int64_t{0}, std::int64_t{86'400}, source.poll_seconds);
    number("poll_days", 1U, 3'660U, source.poll_days);
    number("walk_hours", std::int64_t{0}, std::int64_t{8'784}, source.walk_hours);
    number("image_wait_ms", std::int64_t{0}, hour_ms, source.image_wait_ms);
    if (!list("endpoint_url").empty()) source.endpoint_url = url("endpoint_url");
    number("image_connections_max", 1U, 64U, source.image_connections_max);
    number("image_requests_per_second", 0.01, 10'000.0, source.image_requests_per_second);
  }

  DicomwebAccess read_dicomweb() {
    DicomwebAccess access;
    access.qido_url = url("qido_url");
    access.wado_url = url("wado_url");
    access.headers = list("headers");
    for (const std::string& header : access.headers) {
      if (!is_header(header)) wrong("headers", header, "NAME: VALUE");
    }
    access.token = token();
    access.certificate_file = file("certificate_file");
    access.key_file = file("key_file");
    access.ca_file = file("ca_file");
    if (!list("changes_url").empty()) access.changes_url = url("changes_url");
    if (!access.changes_url.empty() && !access.changes_url.ends_with("/changes")) {
      wrong("changes_url", access.changes_url,
            "the URL of an Orthanc's changes, such as http://localhost:8042/changes");
    }
    if (access.certificate_file.empty() != access.key_file.empty()) {
      const bool is_key = access.key_file.empty();
      missing(is_key ? "key_file" : "certificate_file",
              is_key ? "the PEM file of the certificate's key" : "the PEM file that the key is of");
    }
    return access;
  }

  // The one of this service, or that of all.
  std::string url(std::string_view key) {
    if (list(key).empty()) key = "url";
    std::string value = text(key);
    constexpr std::string_view right = "a URL, such as https://pacs.example.org/dicom-web";
    if (list(key).empty()) {
      if (!is_url_told_) missing(key, right);
      is_url_told_ = true;
    } else if (!is_http_base(value)) {
      if (key != "url" || !is_url_told_) wrong(key, value, right);
      is_url_told_ = is_url_told_ || key == "url";
    }
    while (value.ends_with('/')) value.pop_back();
    return value;
  }

  std::string token() {
    std::string token = text("token");
    const std::string path = text("token_file");
    if (!path.empty()) {
      if (!token.empty()) wrong("token_file", path, "left out, since there is a token");
      std::ifstream in(path);
      if (!std::getline(in, token) || token.empty()) {
        wrong("token_file", path, "a file that can be read, with the token in its first line");
      }
      while (token.ends_with('\r') || token.ends_with(' ')) token.pop_back();
    }
    // RFC 6750 2.1: b64token.
    const auto is_right = [](unsigned char c) { return c > ' ' && c < 0x7F; };
    if (!std::ranges::all_of(token, is_right)) {
      add(fmt::format("sources.{}: the token must be of printable ASCII without spaces", name_));
    }
    return token;
  }

  std::string file(std::string_view key) {
    const std::string path = text(key);
    if (!path.empty() && ::access(path.c_str(), R_OK) != 0) {
      wrong(key, path, fmt::format("a PEM file that can be read ({})", std::strerror(errno)));
    }
    return path;
  }

  DimseAccess read_dimse() {
    const std::string peer = text("peer");
    constexpr std::string_view right = "AET=HOST:PORT or AET=tls://HOST:PORT";
    if (peer.empty()) {
      missing("peer", right);
      return {};
    }
    auto parsed = dimse::parse_peer(peer);
    if (!parsed) {
      wrong("peer", peer, right);
      return {};
    }
    DimseAccess access{.peer = std::move(*parsed)};
    const std::string retrieve = text("retrieve");
    if (retrieve == "move") access.retrieve = DimseAccess::Retrieve::move;
    if (!retrieve.empty() && retrieve != "get" && retrieve != "move") {
      wrong("retrieve", retrieve, "get or move");
    }
    const std::string root = text("root");
    if (root == "patient") access.root = dimse::QueryModel::patient_root;
    if (!root.empty() && root != "study" && root != "patient") {
      wrong("root", root, "study or patient");
    }
    return access;
  }

  std::string name_;
  const SourceTable& table_;
  Problem wrongs_{.kind = ProblemKind::invalid, .issues = {}};
  bool is_url_told_ = false;
};

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

void print_text(std::string_view key, std::string_view value, std::string& out) {
  if (!value.empty()) out += fmt::format("{} = {}\n", key, quoted(value));
}

std::string clock_text(int minutes) {
  return fmt::format("{:02}:{:02}", minutes / 60, minutes % 60);
}

}  // namespace

Result<SourceOptions> parse_source(std::string_view name, const SourceTable& table) {
  return Reader(name, table).read();
}

std::string print_source(const SourceOptions& source) {
  std::string out = fmt::format("[sources.{}]\n", source.name);
  if (const auto* dicomweb = std::get_if<DicomwebAccess>(&source.access)) {
    print_text("protocol", "dicomweb", out);
    print_text("qido_url", dicomweb->qido_url, out);
    print_text("wado_url", dicomweb->wado_url, out);
    print_text("certificate_file", dicomweb->certificate_file, out);
    print_text("key_file", dicomweb->key_file, out);
    print_text("ca_file", dicomweb->ca_file, out);
    print_text("changes_url", dicomweb->changes_url, out);
    if (!dicomweb->token.empty()) out += "# with a token\n";
    if (!dicomweb->headers.empty()) out += fmt::format("# {} headers\n", dicomweb->headers.size());
  } else {
    const auto& access = std::get<DimseAccess>(source.access);
    const dimse::PeerAddress& peer = access.peer;
    const bool is_secure = peer.transport == dimse::PeerAddress::Transport::tls;
    const bool is_v6 = peer.host.find(':') != std::string::npos;
    print_text("protocol", "dimse", out);
    print_text("peer",
               fmt::format("{}={}{}{}{}:{}", peer.ae_title, is_secure ? "tls://" : "",
                           is_v6 ? "[" : "", peer.host, is_v6 ? "]" : "", peer.port),
               out);
    const bool is_get = access.retrieve == DimseAccess::Retrieve::get;
    print_text("retrieve", is_get ? "get" : "move", out);
    const bool is_study_root = access.root == dimse::QueryModel::study_root;
    print_text("root", is_study_root ? "study" : "patient", out);
  }
  print_text("endpoint_url", source.endpoint_url, out);
  print_text("patient_system", source.patient_system, out);
  print_text("dicom_time_zone", source.time_zone, out);
  std::string hours;
  for (const HourSpan& span : source.hours) {
    hours += fmt::format("{}\"{}-{}\"", hours.empty() ? "" : ", ", clock_text(span.begin),
                         clock_text(span.end));
  }
  if (!hours.empty()) out += fmt::format("hours = [{}]\n", hours);
  return out + fmt::format(
                   "requests_per_second = {}\nconnections_max = {}\nretries_max = {}\n"
                   "connect_timeout_ms = {}\ntimeout_ms = {}\nresults_max = {}\n"
                   "precedence = {}\npoll_seconds = {}\npoll_days = {}\nwalk_hours = {}\n"
                   "image_wait_ms = {}\nimage_connections_max = {}\n"
                   "image_requests_per_second = {}\n",
                   source.requests_per_second, source.connections_max, source.retries_max,
                   source.connect_timeout_ms, source.timeout_ms, source.results_max,
                   source.precedence, source.poll_seconds, source.poll_days, source.walk_hours,
                   source.image_wait_ms, source.image_connections_max,
                   source.image_requests_per_second);
}

}  // namespace lightbox::pacs
