#include "fhir/json.h"

#include <cstring>
#include <new>

namespace lightbox::fhir {

const Json* Json::find(std::string_view name) const {
  if (kind != Kind::object) return nullptr;
  for (const Json* child = first; child != nullptr; child = child->next) {
    if (child->key == name) return child;
  }
  return nullptr;
}

Json* Json::find(std::string_view name) {
  return const_cast<Json*>(static_cast<const Json*>(this)->find(name));
}

std::string_view Json::string(std::string_view name) const {
  const Json* member = find(name);
  return member != nullptr && member->is(Kind::string) ? member->text : std::string_view{};
}

JsonDocument::JsonDocument() : arena_(std::make_unique<std::pmr::monotonic_buffer_resource>()) {}

JsonDocument::JsonDocument(std::size_t bytes)
    : arena_(std::make_unique<std::pmr::monotonic_buffer_resource>(bytes)) {}

Json* JsonDocument::make(Json::Kind kind, std::string_view key, std::string_view text) {
  void* memory = arena_->allocate(sizeof(Json), alignof(Json));
  return new (memory) Json{.kind = kind, .key = key, .text = text};
}

std::string_view JsonDocument::copy(std::string_view text) {
  if (text.empty()) return {};
  char* copied = static_cast<char*>(arena_->allocate(text.size(), 1));
  std::memcpy(copied, text.data(), text.size());
  return {copied, text.size()};
}

void* JsonDocument::allocate(std::size_t bytes, std::size_t alignment) {
  return arena_->allocate(bytes, alignment);
}

void JsonDocument::append(Json& parent, Json* child) {
  Json** end = &parent.first;
  while (*end != nullptr) end = &(*end)->next;
  *end = child;
  ++parent.size;
}

}  // namespace lightbox::fhir
