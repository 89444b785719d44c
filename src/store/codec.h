#pragma once

// How bodies are kept (docs/storage-format.md): one byte that says how, then the bytes. 0: as they
// are. 1: a zstd frame, with definitions/dictionary.txt as raw-content dictionary. Safe from any
// thread; each thread keeps its own zstd contexts.

#include <optional>
#include <string>
#include <string_view>

namespace lightbox::store {

enum class Compression { fast, small };

[[nodiscard]] std::string compress_body(std::string_view body,
                                        Compression compression = Compression::fast);
// nullopt: the bytes are damaged, or of a newer version.
[[nodiscard]] std::optional<std::string> decompress_body(std::string_view bytes);

}  // namespace lightbox::store
