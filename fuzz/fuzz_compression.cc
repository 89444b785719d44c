// A compressed object that is damaged, or is none: a Problem, or bytes that are the same however
// they are read. The first byte says whether the rest is such a file, or the content of one that is
// damaged by its first bytes.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "ingest/compression.h"

namespace {

using namespace lightbox;

class StringSource : public dicom::MemorySource {
 public:
  explicit StringSource(std::unique_ptr<std::string> bytes)
      : MemorySource(*bytes), bytes_(std::move(bytes)) {}

 private:
  std::unique_ptr<std::string> bytes_;
};

// Of `times` times the text, with some bytes changed.
std::string damaged_file(std::string_view input) {
  const std::size_t changes = static_cast<unsigned char>(input[0]) % 4;
  const std::size_t times = static_cast<unsigned char>(input[0]) >= 128 ? 4'000 : 1;
  const std::string_view text = input.substr(std::min(input.size(), 1 + changes * 4));
  std::string content;
  for (std::size_t i = 0; i < times && content.size() < 700'000; ++i) content += text;
  dicom::MemorySource source(content);
  std::string stored;
  if (!ingest::compress(source, 1U << 24U, [&](std::string_view bytes) {
        stored += bytes;
        return Result<void>{};
      })) {
    std::abort();
  }
  for (std::size_t i = 0; i < changes && 4 + i * 4 < input.size(); ++i) {
    const auto at = [&](std::size_t index) {
      return static_cast<std::size_t>(static_cast<unsigned char>(input[1 + i * 4 + index]));
    };
    // From the end: the table is there.
    const std::size_t place = (at(0) << 16U | at(1) << 8U | at(2)) % stored.size();
    stored[stored.size() - 1 - place] = static_cast<char>(at(3));
  }
  return stored;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  auto stored = std::make_unique<std::string>(input[0] % 2 == 0 ? std::string(input.substr(1))
                                                                : damaged_file(input.substr(1)));
  const auto opened = ingest::CompressedSource::open(
      std::make_unique<StringSource>(std::move(stored)), "a.dcm.zst");
  if (!opened) return 0;
  dicom::Source& source = **opened;
  const std::uint64_t bytes = std::min<std::uint64_t>(source.size(), 4U << 20U);
  std::string forwards(bytes, '\0');
  if (!source.read(0, forwards)) return 0;
  std::string part(std::min<std::uint64_t>(bytes, 70'000), '\0');
  for (std::uint64_t end = bytes; end >= part.size() && !part.empty(); end -= part.size()) {
    const std::uint64_t start = end - part.size();
    if (!source.read(start, part)) std::abort();
    if (std::string_view(forwards).substr(start, part.size()) != part) std::abort();
  }
  char past = 0;
  if (source.read(source.size(), {&past, 1})) std::abort();
  return 0;
}
