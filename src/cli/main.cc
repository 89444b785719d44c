// The program: its commands and their flags.

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <map>

#include "base/log.h"
#include "base/version.h"
#include "cli/load.h"
#include "cli/report.h"
#include "cli/serve.h"
#include "cli/settings.h"

namespace lightbox::cli {
namespace {

std::string flag_name(std::string name) {
  for (char& c : name) {
    if (c == '_') c = '-';
  }
  return "--" + name;
}

// What the command line gave, as text; Settings knows what it must look like.
struct Flags {
  std::map<std::string, std::string> values;
  std::map<std::string, std::vector<std::string>> lists;
  std::map<std::string, bool> switches;

  [[nodiscard]] std::map<std::string, std::string> as_given() const {
    std::map<std::string, std::string> given;
    for (const auto& [name, value] : values) {
      if (!value.empty()) given[name] = value;
    }
    for (const auto& [name, list] : lists) {
      if (!list.empty()) given[name] = fmt::format("{}", fmt::join(list, ","));
    }
    for (const auto& [name, is_on] : switches) {
      if (is_on) given[name] = "true";
    }
    return given;
  }
};

void add_settings(CLI::App& command, Flags& flags) {
  for (const auto& info : setting_infos()) {
    const std::string text = info.default_value.empty()
                                 ? info.description
                                 : fmt::format("{} [{}]", info.description, info.default_value);
    if (info.is_flag) {
      command.add_flag(flag_name(info.name), flags.switches[info.name], text);
      continue;
    }
    if (info.is_list) {
      command.add_option(flag_name(info.name), flags.lists[info.name], text)
          ->type_name("VALUE")
          ->allow_extra_args(false);
    } else {
      command.add_option(flag_name(info.name), flags.values[info.name], text)->type_name("VALUE");
    }
  }
}

LogLevel log_level(std::string_view name) {
  if (name == "debug") return LogLevel::debug;
  if (name == "warn") return LogLevel::warning;
  if (name == "error") return LogLevel::error;
  return LogLevel::info;
}

int run_serve(const Flags& flags, bool print_config) {
  const auto settings = Settings::resolve(flags.as_given());
  if (!settings) {
    report(settings.error());
    return 2;
  }
  if (print_config) {
    fmt::print("{}", settings->print());
    return 0;
  }
  set_log_level(log_level(settings->get("log_level").value));
  return serve(*settings);
}

// The same settings as the server that will open the store, so that its index is the same.
int run_load(const Flags& flags, LoadOptions options) {
  const auto settings = Settings::resolve(flags.as_given());
  if (!settings) {
    report(settings.error());
    return 2;
  }
  const auto server = settings->server_options();
  if (!server) {
    report(server.error());
    return 2;
  }
  if (options.to_url.empty()) options.data = settings->get("data").value;
  options.limits = settings->limits();
  options.index = {.own_bases = rest::own_bases(settings->api_options(), server->port),
                   .zone_offset_minutes = settings->zone_offset_minutes(),
                   .full_text = settings->full_text()};
  return load(options);
}

int run(int argc, char** argv) {
  CLI::App app("Lightbox: imaging studies on FHIR R4", "lightbox");
  app.require_subcommand(1);

  Flags serve_flags;
  bool print_config = false;
  CLI::App* serve_command = app.add_subcommand("serve", "Run the server");
  add_settings(*serve_command, serve_flags);
  serve_command->add_flag("--print-config", print_config,
                          "Show the settings in force and where each came from");

  Flags load_flags;
  LoadOptions load_options;
  CLI::App* load_command =
      app.add_subcommand("load", "Load NDJSON files and Bundles, into a stopped store or a server");
  add_settings(*load_command, load_flags);
  load_command
      ->add_option("--to", load_options.to_url, "FHIR base of a running server, instead of --data")
      ->excludes("--data");
  load_command->add_option("--connections", load_options.connections, "to the server")
      ->check(CLI::Range(1, 256));
  load_command
      ->add_option("FILE", load_options.files,
                   "NDJSON, or a resource or a Bundle as JSON or XML; - is standard input")
      ->required();

  CLI::App* version_command = app.add_subcommand("version", "Print the version");

  CLI11_PARSE(app, argc, argv);
  if (serve_command->parsed()) return run_serve(serve_flags, print_config);
  if (load_command->parsed()) return run_load(load_flags, load_options);
  if (version_command->parsed()) fmt::print("lightbox {}\n", version);
  return 0;
}

}  // namespace
}  // namespace lightbox::cli

int main(int argc, char** argv) {
  try {
    return lightbox::cli::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "lightbox: {}\n", error.what());
    return 1;
  }
}
