// The program: its commands and their flags.

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <map>

#include "base/log.h"
#include "base/version.h"
#include "cli/check.h"
#include "cli/import.h"
#include "cli/ingest_settings.h"
#include "cli/load.h"
#include "cli/pull.h"
#include "cli/report.h"
#include "cli/serve.h"
#include "cli/settings.h"
#include "cli/source.h"

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

// The projection and the index are the same as the server's.
Result<ingest::ProjectorOptions> projector_options_of(const Settings& settings) {
  TRY(const auto server, settings.server_options());
  return projector_options(settings,
                           {.own_bases = rest::own_bases(settings.api_options(), server.port),
                            .zone_offset_minutes = settings.zone_offset_minutes(),
                            .full_text = settings.full_text()},
                           server.port);
}

// What `run` makes of the settings in force, or 2 when they are wrong.
template <typename Run>
int with_settings(const Flags& flags, Run&& run) {
  const auto settings = Settings::resolve(flags.as_given());
  if (!settings) {
    report(settings.error());
    return 2;
  }
  const auto projector = projector_options_of(*settings);
  if (!projector) {
    report(projector.error());
    return 2;
  }
  return run(*settings, *projector);
}

int run_import(const Flags& flags, ImportOptions options) {
  return with_settings(flags, [&](const Settings& settings, const ingest::ProjectorOptions& given) {
    options.archive = archive_options(settings);
    options.threads = static_cast<unsigned>(std::stoul(settings.get("threads").value));
    options.projector = given;
    return import_objects(options);
  });
}

int run_pull(const Flags& flags, const PullCommand& command) {
  return with_settings(flags, [&](const Settings& settings, const ingest::ProjectorOptions& given) {
    return pull_studies(command, settings, given);
  });
}

int run_source(const Flags& flags, const std::string& name) {
  return with_settings(flags, [&](const Settings& settings, const ingest::ProjectorOptions& given) {
    return show_source(name, settings, given);
  });
}

int run_check(const Flags& flags, CheckCommand command) {
  return with_settings(flags, [&](const Settings& settings, const ingest::ProjectorOptions& given) {
    command.archive = archive_options(settings);
    // What lies around replaces nothing.
    command.archive.on_conflict = store::OnConflict::keep_first;
    command.threads = static_cast<unsigned>(std::stoul(settings.get("threads").value));
    command.projector = given;
    return check_archive(command);
  });
}

int run_problems(const Flags& flags) {
  return with_settings(flags, [&](const Settings& settings, const ingest::ProjectorOptions& given) {
    return list_problems(settings.get("data").value, given);
  });
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

  Flags import_flags;
  ImportOptions import_options;
  CLI::App* import_command = app.add_subcommand(
      "import",
      "Import DICOM files, folders, media and archives, into a stopped store or a server");
  add_settings(*import_command, import_flags);
  import_command
      ->add_option("--to", import_options.to_url,
                   "DICOMweb base of a running server, instead of --data")
      ->excludes("--data");
  bool is_in_place = false;
  import_command
      ->add_flag("--in-place", is_in_place, "leave the files where they are, and index them there")
      ->excludes("--to");
  import_command->add_option("--connections", import_options.connections, "to the server")
      ->check(CLI::Range(1, 256));
  import_command
      ->add_option("PATH", import_options.paths,
                   "a file, a folder, a DICOMDIR, or a zip or tar archive")
      ->required();

  Flags pull_flags;
  PullCommand pull_command;
  CLI::App* pull_subcommand =
      app.add_subcommand("pull", "Take the studies of another archive into a stopped store");
  add_settings(*pull_subcommand, pull_flags);
  pull_subcommand->add_flag("--images", pull_command.with_images,
                            "copy their images, too; else these stay where they are");
  pull_subcommand->add_option("--from", pull_command.from, "the oldest study date; else all");
  pull_subcommand->add_option("--to", pull_command.to, "the newest study date; else today");
  pull_subcommand
      ->add_option("--modality", pull_command.modalities,
                   "studies that have it; may be given several times")
      ->allow_extra_args(false);
  pull_subcommand
      ->add_option("SOURCE", pull_command.source,
                   "the NAME of a [sources.NAME] of the configuration")
      ->required();

  Flags source_flags;
  std::string source_name;
  CLI::App* source_command =
      app.add_subcommand("source", "Show another archive: whether it answers, and how fresh it is");
  add_settings(*source_command, source_flags);
  source_command
      ->add_option("SOURCE", source_name, "the NAME of a [sources.NAME] of the configuration")
      ->required();

  Flags check_flags;
  CheckCommand check_options;
  CLI::App* check_command =
      app.add_subcommand("check", "Hold the files of a stopped store against its DICOM index");
  add_settings(*check_command, check_flags);
  check_command->add_flag("--repair", check_options.is_repairing,
                          "index files without a row, remove rows without a good file");
  check_command->add_flag("--retry", check_options.is_retrying,
                          "try to index what is in quarantine");
  check_command->add_flag("--remap", check_options.is_remapping,
                          "make the FHIR resources of all studies again");

  Flags problems_flags;
  CLI::App* problems_command =
      app.add_subcommand("problems", "List what is wrong with DICOM objects that arrived");
  add_settings(*problems_command, problems_flags);

  CLI::App* version_command = app.add_subcommand("version", "Print the version");

  CLI11_PARSE(app, argc, argv);
  if (serve_command->parsed()) return run_serve(serve_flags, print_config);
  if (load_command->parsed()) return run_load(load_flags, load_options);
  if (import_command->parsed()) {
    import_options.way = is_in_place ? ImportWay::in_place : ImportWay::copy;
    return run_import(import_flags, import_options);
  }
  if (pull_subcommand->parsed()) return run_pull(pull_flags, pull_command);
  if (source_command->parsed()) return run_source(source_flags, source_name);
  if (check_command->parsed()) return run_check(check_flags, check_options);
  if (problems_command->parsed()) return run_problems(problems_flags);
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
