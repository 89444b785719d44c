#include "cli/resource_source.h"

#include <algorithm>
#include <fmt/format.h>
#include <sys/stat.h>

#include "cli/bundle_entries.h"
#include "cli/text_lines.h"
#include "fhir/xml_read.h"

namespace lightbox::cli {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::uint64_t file_size(const std::string& path) {
  struct stat status{};
  return stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

bool is_blank(std::string_view line) {
  if (line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
  return line.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// No JSON text begins with '<', and every XML text does.
Result<fhir::JsonDocument> parse(std::string_view text, const Limits& limits) {
  std::string_view seen = text;
  if (seen.starts_with(byte_order_mark)) seen.remove_prefix(byte_order_mark.size());
  const auto begin = seen.find_first_not_of(" \t\r\n");
  const bool is_xml = begin != std::string_view::npos && seen[begin] == '<';
  return is_xml ? fhir::parse_xml(text, limits) : fhir::parse_json(text, limits);
}

Problem too_long(const Limits& limits) {
  return problem(ProblemKind::too_large, "too-long",
                 fmt::format("It is longer than {} bytes (body_bytes_max)", limits.body_bytes_max));
}

// Reads one file: as NDJSON when its first line is a JSON value of its own, else as one value over
// many lines, JSON or XML. When it is neither, since its first line is broken, say, it is read as
// NDJSON if any line is a resource.
class FileReader {
 public:
  FileReader(const std::string& path, const Limits& limits, const ResourceSink& sink,
             SourceProgress progress)
      : path_(path), limits_(limits), sink_(sink), progress_(progress) {}

  Result<void> read() {
    auto lines = TextLines::open(path_, limits_.body_bytes_max);
    if (!lines) {
      sink_.refuse(lines.error(), path_);
      return {};
    }
    while (true) {
      const auto line = lines->next();
      if (!line) {
        sink_.refuse(line.error(), fmt::format("{} line {}", path_, lines->number()));
        return has_resource_line(gathered_) ? take_gathered() : Result<void>();
      }
      if (line->kind == TextLines::Kind::end) break;
      if (!is_ndjson_) {
        TRY(const bool goes_on, gather(*line, lines->number()));
        if (!goes_on) return {};
        continue;
      }
      TRY_DO(take_line(*line, lines->number()));
      if (lines->number() % 256 == 0) show(lines->bytes_read());
    }
    TRY_DO(take_value());
    show(lines->bytes_read());
    return {};
  }

 private:
  void show(std::uint64_t bytes_read) {
    sink_.progress({progress_.bytes_read + bytes_read, progress_.bytes_total});
  }

  Result<void> take_line(const TextLines::Line& line, std::uint64_t number) {
    if (line.kind == TextLines::Kind::too_long) {
      sink_.refuse(too_long(limits_), fmt::format("{} line {}", path_, number));
      return {};
    }
    if (is_blank(line.text)) return {};
    const auto text = line.text.substr(0, line.text.find_last_not_of("\r\n") + 1);
    return take(text, fmt::format("{} line {}", path_, number));
  }

  // A line of what may be one value over many lines. False: there is nothing to read on for.
  Result<bool> gather(const TextLines::Line& line, std::uint64_t number) {
    if (line.kind == TextLines::Kind::line) {
      if (gathered_.empty() && is_blank(line.text)) return true;
      const bool is_first = gathered_.empty();
      if (is_first) first_number_ = number;
      gathered_ += line.text;
      is_ndjson_ = is_first && fhir::parse_json(gathered_, limits_).has_value();
      if (is_ndjson_) TRY_DO(take_gathered());
      if (is_ndjson_ || gathered_.size() <= limits_.body_bytes_max) return true;
    }
    is_ndjson_ = gathered_.empty() || has_resource_line(gathered_);
    if (!is_ndjson_) {
      sink_.refuse(too_long(limits_), path_);
      return false;
    }
    TRY_DO(take_gathered());
    if (line.kind == TextLines::Kind::too_long) TRY_DO(take_line(line, number));
    return true;
  }

  // What was gathered is the whole file.
  Result<void> take_value() {
    if (is_ndjson_ || gathered_.empty()) return {};
    if (fhir::parse_json(gathered_, limits_) || !has_resource_line(gathered_)) {
      return take(gathered_, path_);
    }
    return take_gathered();
  }

  bool has_resource_line(std::string_view text) const {
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
      const auto line = fhir::parse_json(text.substr(0, end), limits_);
      if (line && !line->root()->string("resourceType").empty()) return true;
      text.remove_prefix(end);
    }
    return false;
  }

  // What was gathered is NDJSON.
  Result<void> take_gathered() {
    std::string_view text = gathered_;
    for (std::uint64_t number = first_number_; !text.empty(); ++number) {
      const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
      TRY_DO(take_line({TextLines::Kind::line, text.substr(0, end)}, number));
      text.remove_prefix(end);
    }
    gathered_ = {};
    return {};
  }

  Result<void> take(std::string_view text, const std::string& where) {
    auto document = parse(text, limits_);
    if (!document) {
      sink_.refuse(document.error(), where);
      return {};
    }
    if (document->root()->string("resourceType") != "Bundle") {
      if (document->root()->is(fhir::Json::Kind::object)) ensure_id(*document, *document->root());
      return take_resource(std::move(*document), where);
    }
    // Each entry is read on its own: it becomes a resource of its own.
    const auto accept = [this](const fhir::Json& resource, const std::string& entry) {
      std::string own_text;
      fhir::write_json(resource, own_text);
      auto own = fhir::parse_json(own_text, limits_);
      if (own) return take_resource(std::move(*own), entry);
      sink_.refuse(own.error(), entry);
      return Result<void>();
    };
    return read_bundle(*document, where, {.accept = accept, .refuse = sink_.refuse});
  }

  Result<void> take_resource(fhir::JsonDocument document, const std::string& where) {
    auto issues = fhir::validate(*document.root(), {}, limits_);
    if (!issues.empty()) {
      sink_.refuse({.kind = ProblemKind::invalid, .issues = std::move(issues)}, where);
      return {};
    }
    fhir::Resource resource;
    resource.type = fhir::Definitions::r4().resource_type(document.root()->string("resourceType"));
    resource.document = std::move(document);
    return sink_.accept(resource, where);
  }

  const std::string& path_;
  const Limits& limits_;
  const ResourceSink& sink_;
  const SourceProgress progress_;  // as of the file's begin
  bool is_ndjson_ = false;
  std::string gathered_;  // the lines so far, until it is known what the file is
  std::uint64_t first_number_ = 0;
};

}  // namespace

Result<void> check_files(const std::vector<std::string>& files) {
  Problem wrongs{.kind = ProblemKind::invalid, .issues = {}};
  for (const auto& file : files) {
    if (const auto lines = TextLines::open(file, 0); !lines) {
      wrongs.issues.push_back(lines.error().issues.front());
    }
  }
  if (!wrongs.issues.empty()) return wrongs;
  return {};
}

Result<void> read_resources(const std::vector<std::string>& files, const Limits& limits,
                            const ResourceSink& sink) {
  SourceProgress progress;
  for (const auto& file : files) progress.bytes_total += file_size(file);
  for (const auto& file : files) {
    TRY_DO(FileReader(file, limits, sink, progress).read());
    progress.bytes_read += file_size(file);
  }
  return {};
}

}  // namespace lightbox::cli
