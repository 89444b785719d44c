#pragma once

// For the tests of store/ only: directories that go away, and operations made from JSON text.

#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <string_view>

#include "fhir/json.h"
#include "fhir/resource.h"
#include "store/store.h"

namespace lightbox::store::testing {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "lightbox-store-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline const fhir::ResourceType& type_of(std::string_view name) {
  return *fhir::Definitions::r4().resource_type(name);
}

inline std::string text_of(const Problem& problem) {
  return fmt::format("kind {}: {}", static_cast<int>(problem.kind), problem.issues[0].diagnostics);
}

// The operation that stores `json`, a whole resource with its id.
inline Operation operation(Operation::Kind kind, std::string_view json) {
  const auto document = fhir::parse_json(json);
  if (!document) throw std::runtime_error(text_of(document.error()));
  const fhir::Json& root = *document->root();
  Operation result;
  result.kind = kind;
  result.type = &type_of(root.string("resourceType"));
  result.id = root.string("id");
  result.body = fhir::to_stored(root);
  result.index = fhir::index_resource(*result.type, root, {});
  return result;
}
inline Operation put(std::string_view json) { return operation(Operation::Kind::put, json); }
inline Operation create(std::string_view json) { return operation(Operation::Kind::create, json); }
inline Operation remove(std::string_view type, std::string_view id) {
  Operation result;
  result.kind = Operation::Kind::remove;
  result.type = &type_of(type);
  result.id = id;
  return result;
}

inline std::vector<Operation> one(Operation operation) {
  std::vector<Operation> operations;
  operations.push_back(std::move(operation));
  return operations;
}

}  // namespace lightbox::store::testing
