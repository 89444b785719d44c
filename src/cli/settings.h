#pragma once

// The configuration of `lightbox serve`: flags > environment LIGHTBOX_* > one TOML file > defaults.
// One table (settings.cc) names every setting; docs/configuration.md describes them, and a test
// holds the two together.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "http/server.h"
#include "pacs/source.h"
#include "rest/api.h"

namespace lightbox::cli {

struct SettingInfo {
  std::string name;  // "cors_origin": in the file; LIGHTBOX_CORS_ORIGIN; --cors-origin
  std::string description;
  std::string default_value;
  bool is_flag = false;  // true or false; on the command line it takes no value
  bool is_list = false;  // may be given several times; comma-separated in the environment
};
[[nodiscard]] const std::vector<SettingInfo>& setting_infos();

// Where the value in force came from.
struct Setting {
  std::string value;
  std::string origin;  // "flag", "environment", "file PATH", "default"
};

class Settings {
 public:
  // `flags`: what the command line gave, by setting name. The file is `config`'s, if any. Fails
  // with all that is wrong: an unknown key, a value of the wrong form, an unreadable file.
  static Result<Settings> resolve(const std::map<std::string, std::string>& flags);

  [[nodiscard]] const Setting& get(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> list(std::string_view name) const;
  // Of the file: archives that are elsewhere.
  [[nodiscard]] const std::vector<pacs::SourceOptions>& sources() const { return sources_; }
  [[nodiscard]] std::string print() const;  // TOML, each line with its origin

  [[nodiscard]] Limits limits() const;
  [[nodiscard]] rest::ApiOptions api_options() const;
  // `invalid` when listen is no ADDRESS:PORT.
  Result<http::ServerOptions> server_options() const;
  [[nodiscard]] fhir::FullText full_text() const;
  // East of UTC.
  [[nodiscard]] int zone_offset_minutes() const;

 private:
  std::map<std::string, Setting, std::less<>> values_;
  std::vector<pacs::SourceOptions> sources_;
};

}  // namespace lightbox::cli
