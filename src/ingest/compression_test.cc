#include "ingest/compression.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <random>
#include <zstd.h>

#include "ingest/archive_testing.h"

namespace lightbox::ingest {
namespace {

using dicom::OwnedSource;
using ::testing::HasSubstr;

constexpr std::size_t frame_bytes = 256U << 10U;
constexpr std::size_t table_bytes_of_one = 8 + 8 + 9;  // of one frame

// Compresses to about a third.
std::string content_of(std::size_t bytes) {
  std::mt19937 random(7);
  std::string content(bytes, '\0');
  for (std::size_t i = 0; i < bytes; i += 3) content[i] = static_cast<char>(random() & 0xFFU);
  return content;
}

std::string compressed(std::string_view content) {
  dicom::MemorySource source(content);
  std::string out;
  const auto done = compress(source, content.size() * 2 + 1000, [&](std::string_view bytes) {
    out += bytes;
    return Result<void>{};
  });
  EXPECT_TRUE(done && *done == Compressed::yes);
  return out;
}

Result<std::unique_ptr<dicom::Source>> open_stored(std::string stored) {
  return CompressedSource::open(std::make_unique<OwnedSource>(std::move(stored)), "a.dcm.zst");
}

// All of it in pieces, or the problem.
Result<std::string> read_all(std::string stored, std::size_t piece_bytes = 100'000) {
  TRY(const auto source, open_stored(std::move(stored)));
  std::string content;
  while (content.size() < source->size()) {
    std::string piece(std::min<std::uint64_t>(piece_bytes, source->size() - content.size()), '\0');
    TRY_DO(source->read(content.size(), piece));
    content += piece;
  }
  return content;
}

std::string number_32(std::uint32_t number) {
  std::string bytes;
  for (unsigned i = 0; i < 4; ++i) bytes += static_cast<char>(number >> (8 * i));
  return bytes;
}

struct Entry {
  std::uint32_t compressed = 0;
  std::uint32_t content = 0;
};
std::string table_of(const std::vector<Entry>& entries, std::uint32_t frames, char descriptor = 0) {
  std::string table =
      number_32(0x184D2A5E) + number_32(static_cast<std::uint32_t>(entries.size() * 8 + 9));
  for (const Entry& entry : entries)
    table += number_32(entry.compressed) + number_32(entry.content);
  return table + number_32(frames) + descriptor + number_32(0x8F92EAB1);
}

std::string frame_of(std::string_view content) {
  std::string frame(ZSTD_compressBound(content.size()), '\0');
  frame.resize(ZSTD_compress(frame.data(), frame.size(), content.data(), content.size(), 1));
  return frame;
}

// What any decoder of zstd makes of it.
std::string inflated_by_zstd(std::string_view stored) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                     &ZSTD_freeDCtx);
  std::string out;
  std::string block(100'000, '\0');
  ZSTD_inBuffer in{stored.data(), stored.size(), 0};
  while (in.pos < in.size) {
    ZSTD_outBuffer piece{block.data(), block.size(), 0};
    const std::size_t result = ZSTD_decompressStream(context.get(), &piece, &in);
    EXPECT_EQ(ZSTD_isError(result), 0U) << ZSTD_getErrorName(result);
    if (ZSTD_isError(result) != 0U) break;
    out.append(block, 0, piece.pos);
  }
  return out;
}

class RoundTripTest : public ::testing::TestWithParam<std::size_t> {};
TEST_P(RoundTripTest, GivesBackExactlyTheContent) {
  const std::string content = content_of(GetParam());
  const std::string stored = compressed(content);
  EXPECT_EQ(inflated_by_zstd(stored), content);
  for (const std::size_t piece_bytes : {1'000U, 262'144U, 300'001U, 10'000'000U}) {
    const auto read = read_all(stored, piece_bytes);
    ASSERT_TRUE(read) << read.error().issues[0].diagnostics;
    EXPECT_EQ(*read, content) << piece_bytes;
  }
}
INSTANTIATE_TEST_SUITE_P(Sizes, RoundTripTest,
                         ::testing::Values(1, 1'000, frame_bytes - 1, frame_bytes, frame_bytes + 1,
                                           3 * frame_bytes, 5 * frame_bytes + 77'777));

TEST(CompressionTest, AnyPartIsRead) {
  const std::string content = content_of(4 * frame_bytes + 5);
  const auto source = open_stored(compressed(content));
  ASSERT_TRUE(source);
  EXPECT_EQ((*source)->size(), content.size());
  std::mt19937 random(11);
  for (int i = 0; i < 200; ++i) {
    const std::size_t start = random() % content.size();
    std::string part(random() % (content.size() - start) + 1, '\0');
    if (i % 2 == 0) part.resize(std::min<std::size_t>(part.size(), 100));
    ASSERT_TRUE((*source)->read(start, part));
    ASSERT_TRUE(part == std::string_view(content).substr(start, part.size())) << start;
  }
  std::string none;
  EXPECT_TRUE((*source)->read(content.size(), none));
  std::string more(6, '\0');
  const auto past = (*source)->read(content.size() - 5, more);
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().kind, ProblemKind::invalid);
  EXPECT_FALSE((*source)->read(~0ULL - 1, more));
}

// What is read of `stored`.
class CountingSource : public OwnedSource {
 public:
  explicit CountingSource(std::string bytes) : OwnedSource(std::move(bytes)) {}
  Result<void> read(std::uint64_t offset, std::span<char> out) override {
    bytes_read += out.size();
    most_at_once = std::max(most_at_once, out.size());
    return OwnedSource::read(offset, out);
  }
  std::uint64_t bytes_read = 0;
  std::size_t most_at_once = 0;
};

TEST(CompressionTest, OnlyTheFramesThatCoverAPartAreRead) {
  const std::string content = content_of(20 * frame_bytes);
  const std::string stored = compressed(content);
  auto counting = std::make_unique<CountingSource>(stored);
  CountingSource& counted = *counting;
  const auto source = CompressedSource::open(std::move(counting), "a.dcm.zst");
  ASSERT_TRUE(source);
  EXPECT_LT(counted.bytes_read, 1'000);
  counted.bytes_read = 0;
  std::string part(100, '\0');
  ASSERT_TRUE((*source)->read(7 * frame_bytes + 1'000, part));
  EXPECT_LT(counted.bytes_read, stored.size() / 15);
  // Small pieces one after the other: each frame is read once.
  counted.bytes_read = 0;
  for (std::size_t at = 0; at < content.size(); at += 4'096) {
    std::string piece(4'096, '\0');
    ASSERT_TRUE((*source)->read(at, piece));
  }
  EXPECT_LT(counted.bytes_read, stored.size());
  EXPECT_LE(counted.most_at_once, frame_bytes);
}

// Large, and in no memory.
class PatternSource : public dicom::Source {
 public:
  explicit PatternSource(std::uint64_t bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint64_t size() const override { return bytes_; }
  Result<void> read(std::uint64_t offset, std::span<char> out) override {
    most_at_once = std::max(most_at_once, out.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = static_cast<char>((offset + i) * 2654435761U >> 13U);
    }
    return {};
  }
  std::size_t most_at_once = 0;

 private:
  std::uint64_t bytes_;
};

TEST(CompressionTest, ALargeObjectNeedsNoMoreMemoryThanASmallOne) {
  PatternSource source(200U << 20U);
  std::size_t largest = 0;
  std::uint64_t written = 0;
  const auto done = compress(source, source.size(), [&](std::string_view bytes) {
    largest = std::max(largest, bytes.size());
    written += bytes.size();
    return Result<void>{};
  });
  ASSERT_TRUE(done);
  EXPECT_EQ(*done, Compressed::yes);
  EXPECT_LE(source.most_at_once, frame_bytes);
  EXPECT_LE(largest, ZSTD_compressBound(frame_bytes));
  EXPECT_LT(written, source.size());
}

TEST(CompressionTest, WhatDoesNotGetSmallerIsGivenUp) {
  std::mt19937 random(3);
  std::string noise(4 * frame_bytes, '\0');
  std::ranges::generate(noise, [&] { return static_cast<char>(random()); });
  dicom::MemorySource source(noise);
  std::uint64_t written = 0;
  const auto done = compress(source, noise.size() / 2, [&](std::string_view bytes) {
    written += bytes.size();
    return Result<void>{};
  });
  ASSERT_TRUE(done);
  EXPECT_EQ(*done, Compressed::too_large);
  EXPECT_LE(written, noise.size() / 2);
}

TEST(CompressionTest, ProblemsOfBothSidesArePassedOn) {
  dicom::MemorySource source("content");
  const auto full = compress(source, 1'000, [](std::string_view /*bytes*/) -> Result<void> {
    return problem(ProblemKind::insufficient_storage, "full");
  });
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().kind, ProblemKind::insufficient_storage);
}

struct DamageCase {
  const char* name;
  std::string stored;
  const char* diagnostics;
};
void PrintTo(const DamageCase& one, std::ostream* out) { *out << one.name; }
class DamageTest : public ::testing::TestWithParam<DamageCase> {};
TEST_P(DamageTest, IsSaid) {
  const auto read = read_all(GetParam().stored);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ProblemKind::internal);
  EXPECT_THAT(read.error().issues[0].diagnostics, HasSubstr("a.dcm.zst is damaged"));
  EXPECT_THAT(read.error().issues[0].diagnostics, HasSubstr(GetParam().diagnostics));
}

std::vector<DamageCase> damage_cases() {
  const std::string content = content_of(1'000);
  const std::string frame = frame_of(content);
  const auto bytes = static_cast<std::uint32_t>(frame.size());
  const std::string large = frame_of(std::string(64U << 20U, '\0'));
  const auto large_bytes = static_cast<std::uint32_t>(large.size());
  const std::string two = frame_of(content_of(500)) + frame_of(content_of(700));
  return {
      {"empty", "", "no seek table"},
      {"dicom", std::string(128, '\0') + "DICM and more", "does not end with a seek table"},
      {"no_table", frame, "does not end with a seek table"},
      {"no_frames", table_of({}, 0), "of 0 frames"},
      {"reserved_bits", frame + table_of({{bytes, 1'000}}, 1, 0x04), "seek table"},
      {"too_many_frames", frame + table_of({{bytes, 1'000}}, 0xFFFFFFFF), "of 4294967295 frames"},
      {"more_frames_than_there_are", frame + table_of({{bytes, 1'000}}, 2), "does not begin"},
      {"with_checksums_that_are_not_there", frame + table_of({{bytes, 1'000}}, 1, '\x80'),
       "does not begin"},
      {"frame_longer_than_the_file", frame + table_of({{bytes + 1, 1'000}}, 1), "of frames"},
      {"frame_shorter_than_the_file", frame + table_of({{bytes - 1, 1'000}}, 1), "of frames"},
      {"empty_frame", frame + table_of({{0, 1'000}}, 1), "frame 0 has 0 bytes"},
      {"empty_content", frame + table_of({{bytes, 0}}, 1), "0 inflated"},
      {"content_too_long", frame + table_of({{bytes, 1'001}}, 1), "frame 0"},
      {"content_too_short", frame + table_of({{bytes, 999}}, 1), "frame 0"},
      {"content_past_all_bounds", frame + table_of({{bytes, 0xFFFFFFFF}}, 1), "4294967295"},
      {"a_bomb", large + table_of({{large_bytes, 1U << 20U}}, 1), "frame 0"},
      {"a_bomb_that_says_so", large + table_of({{large_bytes, 64U << 20U}}, 1), "67108864"},
      {"frames_of_different_lengths",
       two + table_of({{static_cast<std::uint32_t>(frame_of(content_of(500)).size()), 500},
                       {static_cast<std::uint32_t>(frame_of(content_of(700)).size()), 700}},
                      2),
       "frame 1 has"},
      {"no_zstd", std::string(frame.size(), 'x') + table_of({{bytes, 1'000}}, 1), "zstd"},
  };
}
INSTANTIATE_TEST_SUITE_P(Cases, DamageTest, ::testing::ValuesIn(damage_cases()),
                         [](const auto& param_info) { return std::string(param_info.param.name); });

TEST(CompressionTest, ATableWithChecksumsIsReadToo) {
  const std::string content = content_of(1'000);
  const std::string frame = frame_of(content);
  const std::string stored = frame + number_32(0x184D2A5E) + number_32(12 + 9) +
                             number_32(static_cast<std::uint32_t>(frame.size())) +
                             number_32(1'000) + number_32(0) + number_32(1) + '\x80' +
                             number_32(0x8F92EAB1);
  const auto read = read_all(stored);
  ASSERT_TRUE(read) << read.error().issues[0].diagnostics;
  EXPECT_EQ(*read, content);
}

TEST(CompressionTest, EveryTruncationIsFound) {
  const std::string stored = compressed(content_of(3'000));
  for (std::size_t size = 0; size < stored.size(); ++size) {
    const auto read = read_all(stored.substr(0, size));
    ASSERT_FALSE(read) << size;
    EXPECT_EQ(read.error().kind, ProblemKind::internal) << size;
  }
}

TEST(CompressionTest, EveryFlippedBitIsFound) {
  const std::string content = content_of(3'000);
  const std::string stored = compressed(content);
  ASSERT_GT(stored.size(), table_bytes_of_one);
  int harmless = 0;
  for (std::size_t at = 0; at < stored.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = stored;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      const auto read = read_all(std::move(damaged));
      if (!read) {
        EXPECT_EQ(read.error().kind, ProblemKind::internal) << at << "." << bit;
        continue;
      }
      EXPECT_EQ(*read, content) << at << "." << bit;
      ++harmless;
    }
  }
  EXPECT_LT(harmless, 40);  // of tables that are not used so far, and what means nothing
}

TEST(CompressionTest, AFileThatShrinksMeanwhileIsDamaged) {
  class Shrinking : public OwnedSource {
   public:
    explicit Shrinking(std::string bytes) : OwnedSource(std::move(bytes)) {}
    Result<void> read(std::uint64_t offset, std::span<char> out) override {
      if (offset == 0) return problem(ProblemKind::invalid, "structure", "truncated");
      return OwnedSource::read(offset, out);
    }
  };
  const auto source = CompressedSource::open(
      std::make_unique<Shrinking>(compressed(content_of(1'000))), "a.dcm.zst");
  ASSERT_TRUE(source);
  std::string part(10, '\0');
  EXPECT_EQ((*source)->read(0, part).error().kind, ProblemKind::internal);
}

}  // namespace
}  // namespace lightbox::ingest
