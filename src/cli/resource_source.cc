#include "cli/resource_source.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unordered_map>

namespace lightbox::cli {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

Problem cannot_read(const std::string& path) {
  return problem(ProblemKind::invalid, "not-found",
                 fmt::format("{} cannot be read: {}", path, std::strerror(errno)));
}

Result<File> open_file(const std::string& path) {
  if (path == "-") return File(stdin, [](std::FILE*) { return 0; });
  File file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) return cannot_read(path);
  return file;
}

std::uint64_t file_size(const std::string& path) {
  struct stat status{};
  return stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

// A UUID-shaped digest of the content (RFC 9562 5.8, version 8).
std::string digest_id(const fhir::Json& resource) {
  std::string text;
  fhir::write_json(resource, text);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  digest[6] = static_cast<unsigned char>((digest[6] & 0x0fU) | 0x80U);
  digest[8] = static_cast<unsigned char>((digest[8] & 0x3fU) | 0x80U);
  std::string id;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) id += '-';
    id += fmt::format("{:02x}", digest[i]);
  }
  return id;
}

void ensure_id(fhir::JsonDocument& document, fhir::Json& resource) {
  if (!resource.string("id").empty()) return;
  fhir::Json* id =
      document.make(fhir::Json::Kind::string, "id", document.copy(digest_id(resource)));
  fhir::JsonDocument::append(resource, id);
}

using FullUrls = std::unordered_map<std::string, std::string>;

// Every Reference.reference that names an entry's fullUrl.
void rewrite_references(fhir::JsonDocument& document, fhir::Json& node, const FullUrls& full_urls) {
  for (fhir::Json* child = node.first; child != nullptr; child = child->next) {
    if (child->key == "reference" && child->is(fhir::Json::Kind::string)) {
      const auto found = full_urls.find(std::string(child->text));
      if (found != full_urls.end()) child->text = document.copy(found->second);
    }
    rewrite_references(document, *child, full_urls);
  }
}

class Reader {
 public:
  Reader(const Limits& limits, const ResourceSink& sink) : limits_(limits), sink_(sink) {}

  Result<void> read_file(const std::string& path, SourceProgress& progress) {
    TRY(auto file, open_file(path));
    char* line = nullptr;
    std::size_t capacity = 0;
    const std::unique_ptr<char*, void (*)(char**)> guard(&line,
                                                         [](char** text) { std::free(*text); });
    std::uint64_t number = 0;
    while (true) {
      const auto length = getline(&line, &capacity, file.get());
      if (length < 0) break;
      ++number;
      progress.bytes_read += static_cast<std::uint64_t>(length);
      std::string_view text(line, static_cast<std::size_t>(length));
      if (text.find_first_not_of(" \t\r\n\xEF\xBB\xBF") == std::string_view::npos) continue;
      if (number == 1 && !is_whole_value(text)) return read_rest(file.get(), text, path, progress);
      TRY_DO(take(text, number == 1 ? path : fmt::format("{} line {}", path, number)));
      if (number % 256 == 0) sink_.progress(progress);
    }
    if (std::ferror(file.get()) != 0) return cannot_read(path);
    sink_.progress(progress);
    return {};
  }

 private:
  // Whether the first line is a JSON value of its own: then the file is NDJSON.
  bool is_whole_value(std::string_view line) const {
    const auto parsed = fhir::parse_json(line, limits_);
    return parsed.has_value() || line.find_last_not_of(" \t\r\n") == std::string_view::npos ||
           line[line.find_last_not_of(" \t\r\n")] == '}';
  }

  // One value over many lines: a resource or a Bundle.
  Result<void> read_rest(std::FILE* file, std::string_view first_line, const std::string& path,
                         SourceProgress& progress) {
    std::string text(first_line);
    std::array<char, 1 << 16> buffer{};
    while (const auto size = std::fread(buffer.data(), 1, buffer.size(), file)) {
      text.append(buffer.data(), size);
      progress.bytes_read += size;
    }
    if (std::ferror(file) != 0) return cannot_read(path);
    TRY_DO(take(text, path));
    sink_.progress(progress);
    return {};
  }

  Result<void> take(std::string_view text, const std::string& where) {
    auto document = fhir::parse_json(text, limits_);
    if (!document) {
      sink_.refuse(document.error(), where);
      return {};
    }
    const auto* type =
        fhir::Definitions::r4().resource_type(document->root()->string("resourceType"));
    if (type != nullptr && type->name == "Bundle") return take_bundle(*document, where);
    return take_resource(std::move(*document), where);
  }

  Result<void> take_resource(fhir::JsonDocument document, const std::string& where) {
    ensure_id(document, *document.root());
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

  Result<void> take_bundle(fhir::JsonDocument& document, const std::string& where) {
    fhir::Json* entries = document.root()->find("entry");
    if (entries == nullptr) return {};
    FullUrls full_urls;
    for (fhir::Json* entry = entries->first; entry != nullptr; entry = entry->next) {
      fhir::Json* resource = entry->find("resource");
      if (resource == nullptr || !resource->is(fhir::Json::Kind::object)) continue;
      ensure_id(document, *resource);
      const auto full_url = entry->string("fullUrl");
      if (full_url.empty()) continue;
      full_urls.emplace(
          full_url, fmt::format("{}/{}", resource->string("resourceType"), resource->string("id")));
    }
    rewrite_references(document, *document.root(), full_urls);
    std::size_t index = 0;
    for (fhir::Json* entry = entries->first; entry != nullptr; entry = entry->next, ++index) {
      const fhir::Json* resource = entry->find("resource");
      if (resource == nullptr) continue;
      // Each entry is read on its own: it becomes a resource of its own.
      std::string text;
      fhir::write_json(*resource, text);
      const std::string entry_where = fmt::format("{} entry[{}]", where, index);
      auto own = fhir::parse_json(text, limits_);
      if (!own) {
        sink_.refuse(own.error(), entry_where);
        continue;
      }
      TRY_DO(take_resource(std::move(*own), entry_where));
    }
    return {};
  }

  const Limits& limits_;
  const ResourceSink& sink_;
};

}  // namespace

Result<void> read_resources(const std::vector<std::string>& files, const Limits& limits,
                            const ResourceSink& sink) {
  SourceProgress progress;
  for (const auto& file : files) progress.bytes_total += file_size(file);
  Reader reader(limits, sink);
  for (const auto& file : files) TRY_DO(reader.read_file(file, progress));
  return {};
}

}  // namespace lightbox::cli
