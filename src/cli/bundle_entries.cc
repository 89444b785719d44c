#include "cli/bundle_entries.h"

#include <array>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <unordered_map>
#include <unordered_set>

namespace lightbox::cli {
namespace {

using fhir::Json;

// A UUID-shaped digest (RFC 9562 5.8, version 8).
std::string digest_id(std::string_view text) {
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

std::string address_of(const Json& resource) {
  return fmt::format("{}/{}", resource.string("resourceType"), resource.string("id"));
}

const Json* resource_of(const Json& entry) {
  const Json* resource = entry.find("resource");
  return resource != nullptr && resource->is(Json::Kind::object) ? resource : nullptr;
}

using FullUrls = std::unordered_map<std::string, std::string>;

// The entries' resources by fullUrl; each has an id afterwards.
FullUrls name_resources(fhir::JsonDocument& document, const Json& entries) {
  FullUrls full_urls;
  for (Json* entry = entries.first; entry != nullptr; entry = entry->next) {
    if (resource_of(*entry) == nullptr) continue;
    Json& resource = *entry->find("resource");
    const auto full_url = entry->string("fullUrl");
    ensure_id(document, resource, full_url.starts_with("urn:") ? full_url : std::string_view());
    if (!full_url.empty()) full_urls.emplace(full_url, address_of(resource));
  }
  return full_urls;
}

// Every Reference.reference that names an entry's fullUrl.
void rewrite_references(fhir::JsonDocument& document, Json& node, const FullUrls& full_urls) {
  for (Json* child = node.first; child != nullptr; child = child->next) {
    if (child->key == "reference" && child->is(Json::Kind::string)) {
      const auto found = full_urls.find(std::string(child->text));
      if (found != full_urls.end()) child->text = document.copy(found->second);
    }
    rewrite_references(document, *child, full_urls);
  }
}

Problem without_resource(const Json& entry) {
  const Json* request = entry.find("request");
  const auto method = request == nullptr ? std::string_view() : request->string("method");
  return problem(ProblemKind::invalid, "required",
                 method.empty()
                     ? std::string("The entry has no resource")
                     : fmt::format("The entry has no resource; its request, {} {}, is not done",
                                   method, request->string("url")),
                 "Bundle.entry.resource");
}

// What the entry of a history is a version of.
std::string versioned(const Json& entry) {
  if (const Json* resource = resource_of(entry)) return address_of(*resource);
  const Json* request = entry.find("request");
  return std::string(request == nullptr ? entry.string("fullUrl") : request->string("url"));
}

}  // namespace

void ensure_id(fhir::JsonDocument& document, Json& resource, std::string_view salt) {
  if (resource.find("id") != nullptr) return;
  std::string text;
  fhir::write_json(resource, text);
  text += salt;
  Json* id = document.make(Json::Kind::string, "id", document.copy(digest_id(text)));
  fhir::JsonDocument::append(resource, id);
}

Result<void> read_bundle(fhir::JsonDocument& document, const std::string& where,
                         const EntrySink& sink) {
  const Json* entries = document.root()->find("entry");
  if (entries == nullptr) return {};
  if (!entries->is(Json::Kind::array)) {
    sink.refuse(problem(ProblemKind::invalid, "structure", "entry must be an array of entries",
                        "Bundle.entry"),
                where);
    return {};
  }
  rewrite_references(document, *document.root(), name_resources(document, *entries));
  const bool is_history = document.root()->string("type") == "history";
  std::unordered_set<std::string> newest;
  std::size_t index = 0;
  for (const Json* entry = entries->first; entry != nullptr; entry = entry->next, ++index) {
    if (is_history && !newest.insert(versioned(*entry)).second) continue;
    const Json* search = entry->find("search");
    if (search != nullptr && search->string("mode") == "outcome") continue;
    const std::string entry_where = fmt::format("{} entry[{}]", where, index);
    if (const Json* resource = resource_of(*entry)) {
      TRY_DO(sink.accept(*resource, entry_where));
    } else {
      sink.refuse(without_resource(*entry), entry_where);
    }
  }
  return {};
}

}  // namespace lightbox::cli
