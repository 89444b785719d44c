#pragma once

// The full text index: SQLite's FTS5 without a copy of the text. Used by the writer, in its
// transaction.

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "fhir/index.h"
#include "store/database.h"

namespace lightbox::store {

struct Text {
  std::string_view narrative;
  std::string_view content;
};

// Nothing happens when both are empty. What is taken out must be exactly what was put in.
Result<void> insert_text(Database& writer, const Text& text, std::int64_t resource);
Result<void> delete_text(Database& writer, const Text& text, std::int64_t resource);

// Indexes again what was indexed with another choice, in transactions of its own; it may take long
// after a change of the setting, and nothing otherwise. When it is cut short it goes on next time.
Result<void> bring_up_full_text(Database& writer, fhir::FullText wanted);

}  // namespace lightbox::store
