// Objects that are kept compressed, and whoever reads or mends the archive.

#include <fstream>
#include <gmock/gmock.h>
#include <random>

#include "ingest/archive_testing.h"
#include "ingest/check.h"
#include "ingest/compression.h"

namespace lightbox::ingest {
namespace {

using dicom::OwnedSource;
using ::testing::AllOf;
using testing::ct;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::image_file;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;
using ::testing::StartsWith;
using Kind = CheckFinding::Kind;
using Outcome = Admitted::Outcome;
using State = CheckFinding::State;

constexpr std::size_t pixel_bytes = 64 * 1024;

std::string pixels(std::size_t bytes = pixel_bytes, unsigned noise_bits = 4) {
  std::mt19937 random(5);
  std::string all(bytes, '\0');
  for (char& byte : all) byte = static_cast<char>(random() & ((1U << noise_bits) - 1));
  return all;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class ArchiveCompressionTest : public testing::ArchiveTest {
 protected:
  ArchiveCompressionTest() { switch_to(Compression::zstd); }
  void switch_to(Compression compression) {
    compression_ = compression;
    open();
  }
  [[nodiscard]] std::string path_of(const std::string& name) const {
    return folder_ + "/dicom/" + name;
  }
  // The content, through the archive.
  std::string read(const std::string& name) {
    const auto source = archive_->open_file(name);
    EXPECT_TRUE(source) << name << ": " << source.error().issues[0].diagnostics;
    if (!source) return {};
    std::string content((*source)->size(), '\0');
    EXPECT_TRUE((*source)->read(0, content));
    return content;
  }
  std::string row_file(const std::string& uid) {
    const auto rows = store_->dicom().files(store::DicomSelection{.sop_instance_uid = uid});
    return rows && rows->size() == 1 ? (*rows)[0].file : "";
  }
  CheckReport check(Repair repair) {
    auto report = ingest::check(*archive_, {.repair = repair,
                                            .retry = Retry::quarantined,
                                            .threads = 2,
                                            .progress = {},
                                            .is_stopped = nullptr});
    EXPECT_TRUE(report);
    return std::move(*report);
  }
};

struct SyntaxCase {
  const char* name;
  std::string_view transfer_syntax;
  bool is_compressed;
};
class SyntaxTest : public ArchiveCompressionTest,
                   public ::testing::WithParamInterface<SyntaxCase> {};
TEST_P(SyntaxTest, OnlyNativePixelDataIsCompressed) {
  const std::string file = image_file("1.2", "1.3", "1.4", pixels(), GetParam().transfer_syntax);
  ASSERT_EQ(add_one(file).outcome, Outcome::stored);
  ASSERT_THAT(files(), SizeIs(1));
  const std::string name = files()[0];
  EXPECT_THAT(name, EndsWith(GetParam().is_compressed ? "/1.2/1.4.dcm.zst" : "/1.2/1.4.dcm"));
  EXPECT_EQ(row_file("1.4"), name);
  EXPECT_TRUE(read(name) == file);
  if (GetParam().is_compressed) {
    EXPECT_LT(std::filesystem::file_size(path_of(name)), file.size() * 9 / 10);
  }
  EXPECT_EQ(store_->dicom().counts()->file_bytes, file.size());
  EXPECT_THAT(check(Repair::no).findings, IsEmpty());
}
INSTANTIATE_TEST_SUITE_P(
    Cases, SyntaxTest,
    ::testing::Values(SyntaxCase{"implicit_little", dicom::testing::implicit_little, true},
                      SyntaxCase{"explicit_little", dicom::testing::explicit_little, true},
                      SyntaxCase{"explicit_big", dicom::testing::explicit_big, true},
                      SyntaxCase{"deflated", dicom::testing::deflated, false},
                      SyntaxCase{"encapsulated", dicom::testing::jpeg, false}),
    [](const auto& param_info) { return std::string(param_info.param.name); });

TEST_F(ArchiveCompressionTest, WhatSavesLittleAndWhatHasNoPixelsIsKeptAsItIs) {
  const std::string noise = image_file("1.2", "1.3", "1.4", pixels(pixel_bytes, 8));
  const std::string report = ct("1.2", "1.3", "1.5").file();
  add({noise, report});
  ASSERT_THAT(files(), ElementsAre(EndsWith("/1.4.dcm"), EndsWith("/1.5.dcm")));
  EXPECT_TRUE(read(files()[0]) == noise);
}

TEST_F(ArchiveCompressionTest, LargeObjectsGoThroughFiles) {
  limits_.dicom_memory_bytes_max = 10'000;
  open();
  const std::string file = image_file("1.2", "1.3", "1.4", pixels(3U << 20U));
  ASSERT_EQ(add_one(file).outcome, Outcome::stored);
  ASSERT_THAT(files(), ElementsAre(EndsWith("/1.4.dcm.zst")));  // and none on its way
  EXPECT_TRUE(read(files()[0]) == file);
  const std::string noise = image_file("1.2", "1.3", "1.5", pixels(3U << 20U, 8));
  ASSERT_EQ(add_one(noise).outcome, Outcome::stored);
  ASSERT_THAT(files(), ElementsAre(EndsWith("/1.4.dcm.zst"), EndsWith("/1.5.dcm")));
  EXPECT_TRUE(read(files()[1]) == noise);
}

TEST_F(ArchiveCompressionTest, WhatIsAcknowledgedFirstIsCompressedToo) {
  const std::string file = image_file("1.2", "1.3", "1.4", pixels());
  EXPECT_EQ(archive_->accept(incoming(file)).outcome, Outcome::stored);
  archive_->await_index();
  ASSERT_THAT(files(), ElementsAre(EndsWith("/1.4.dcm.zst")));
  EXPECT_TRUE(read(row_file("1.4")) == file);
}

TEST_F(ArchiveCompressionTest, BothKindsLiveInOneArchive) {
  const std::string one = image_file("1.2", "1.3", "1.4", pixels());
  const std::string other = image_file("1.2", "1.3", "1.5", pixels());
  add_one(one);
  switch_to(Compression::none);
  add_one(other);
  EXPECT_EQ(add_one(one).outcome, Outcome::known);
  switch_to(Compression::zstd);
  EXPECT_EQ(add_one(other).outcome, Outcome::known);
  ASSERT_THAT(files(), ElementsAre(EndsWith("/1.4.dcm.zst"), EndsWith("/1.5.dcm")));
  EXPECT_TRUE(read(files()[0]) == one);
  EXPECT_TRUE(read(files()[1]) == other);
  EXPECT_THAT(check(Repair::no).findings, IsEmpty());
  EXPECT_EQ(add_one(image_file("1.2", "1.3", "1.4", pixels(pixel_bytes, 3))).outcome,
            Outcome::conflict);
  EXPECT_THAT(files(), SizeIs(2));
  ASSERT_TRUE(archive_->remove({.study_uid = "1.2"}));
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(ArchiveCompressionTest, TheLaterOneReplacesTheOtherKind) {
  on_conflict_ = store::OnConflict::replace;
  open();
  add_one(image_file("1.2", "1.3", "1.4", pixels()));
  const std::string noise = image_file("1.2", "1.3", "1.4", pixels(pixel_bytes, 8));
  EXPECT_EQ(add_one(noise).outcome, Outcome::replaced);
  ASSERT_THAT(files(), ElementsAre(EndsWith("/1.4.dcm")));
  const std::string last = image_file("1.2", "1.3", "1.4", pixels(pixel_bytes, 3));
  EXPECT_EQ(add_one(last).outcome, Outcome::replaced);
  ASSERT_THAT(files(), ElementsAre(EndsWith("/1.4.dcm.zst")));
  EXPECT_TRUE(read(files()[0]) == last);
}

TEST_F(ArchiveCompressionTest, AFileInPlaceIsNeverTouched) {
  const std::string path = folder_ + "/elsewhere.dcm.zst";  // by its name only
  const std::string file = image_file("1.2", "1.3", "1.4", pixels());
  std::ofstream(path, std::ios::binary) << file;
  Incoming object = archive_->receive({.name = "import", .remote_address = {}});
  object.set_in_place(path);
  std::vector<Incoming> objects;
  objects.push_back(std::move(object));
  EXPECT_EQ(archive_->add(std::move(objects))[0].outcome, Outcome::stored);
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_TRUE(read_file(path) == file);
  EXPECT_TRUE(read(path) == file);
  EXPECT_THAT(check(Repair::yes).findings, IsEmpty());
}

TEST_F(ArchiveCompressionTest, ACheckFindsWhatIsDamaged) {
  const std::string file = image_file("1.2", "1.3", "1.4", pixels());
  add_one(file);
  const std::string name = files()[0];
  const std::string stored = read_file(path_of(name));
  const auto damage = [&](std::string_view bytes) {
    std::ofstream(path_of(name), std::ios::binary) << bytes;
    const auto report = check(Repair::no);
    ASSERT_THAT(report.findings, SizeIs(1));
    EXPECT_EQ(report.findings[0].kind, Kind::damaged);
    EXPECT_THAT(report.findings[0].diagnostics, HasSubstr(name));
  };
  std::string flipped = stored;
  flipped[stored.size() / 2] = static_cast<char>(flipped[stored.size() / 2] ^ 1);
  damage(flipped);
  damage(std::string_view(stored).substr(0, stored.size() / 2));
  damage("");
  damage(file);  // the content itself, under this name
  damage(flipped);
  const auto mended = check(Repair::yes);
  ASSERT_THAT(mended.findings, SizeIs(1));
  EXPECT_EQ(mended.findings[0].state, State::quarantined);
  ASSERT_THAT(files(), ElementsAre(MatchesRegex("quarantine/[0-9a-f]{64}\\.dcm\\.zst")));
  EXPECT_EQ(read_file(path_of(files()[0])), flipped);
  check(Repair::yes);  // and it is never retried
  EXPECT_THAT(files(), SizeIs(1));
  EXPECT_EQ(add_one(file).outcome, Outcome::stored);
  EXPECT_THAT(files(), SizeIs(2));
}

TEST_F(ArchiveCompressionTest, OtherContentOfTheRightFormIsDamageToo) {
  add_one(image_file("1.2", "1.3", "1.4", pixels()));
  OwnedSource other(image_file("1.2", "1.3", "1.4", pixels(pixel_bytes, 3)));
  std::ofstream out(path_of(files()[0]), std::ios::binary);
  ASSERT_TRUE(compress(other, pixel_bytes, [&](std::string_view bytes) {
    out << bytes;
    return Result<void>{};
  }));
  out.close();
  const auto report = check(Repair::no);
  ASSERT_THAT(report.findings, SizeIs(1));
  EXPECT_THAT(report.findings[0].diagnostics, HasSubstr("other bytes"));
}

TEST_F(ArchiveCompressionTest, AFileWithoutARowIsTakenInAgain) {
  const std::string file = image_file("1.2", "1.3", "1.4", pixels());
  add_one(file);
  ASSERT_TRUE(store_->dicom().remove({.study_uid = "1.2"}));  // the row only
  auto report = check(Repair::yes);
  ASSERT_THAT(report.findings, SizeIs(1));
  EXPECT_EQ(report.findings[0].state, State::indexed);
  ASSERT_THAT(files(), ElementsAre(EndsWith("/1.4-1.dcm.zst")));
  EXPECT_TRUE(read(row_file("1.4")) == file);
  EXPECT_EQ(report.bytes, 0);  // it had no row
  report = check(Repair::no);
  EXPECT_EQ(report.bytes, file.size());
  EXPECT_EQ(report.bytes_kept, std::filesystem::file_size(path_of(files()[0])));
}

TEST_F(ArchiveCompressionTest, AHalfWrittenFileWithoutARowGoesToQuarantine) {
  add_one(image_file("1.2", "1.3", "1.4", pixels()));
  const std::string stored = read_file(path_of(files()[0]));
  const std::string half = stored.substr(0, stored.size() / 2);
  std::ofstream(path_of("2020.dcm.zst"), std::ios::binary) << half;
  const auto report = check(Repair::yes);
  ASSERT_THAT(report.findings, SizeIs(1));
  EXPECT_EQ(report.findings[0].kind, Kind::unindexed);
  EXPECT_EQ(report.findings[0].state, State::quarantined);
  ASSERT_THAT(files(), ElementsAre(EndsWith("/1.4.dcm.zst"),
                                   AllOf(StartsWith("quarantine/"), EndsWith(".dcm.zst"))));
  EXPECT_EQ(read_file(path_of(files()[1])), half);
  ASSERT_THAT(problems(), SizeIs(1));
  EXPECT_THAT(problems()[0].diagnostics, HasSubstr("damaged"));
}

TEST_F(ArchiveCompressionTest, AConflictingFileWithoutARowIsKeptInQuarantine) {
  add_one(image_file("1.2", "1.3", "1.4", pixels()));
  OwnedSource other(image_file("1.2", "1.3", "1.4", pixels(pixel_bytes, 3)));
  std::ofstream out(path_of("2020.dcm.zst"), std::ios::binary);
  ASSERT_TRUE(compress(other, pixel_bytes, [&](std::string_view bytes) {
    out << bytes;
    return Result<void>{};
  }));
  out.close();
  const auto report = check(Repair::yes);
  ASSERT_THAT(report.findings, SizeIs(1));
  EXPECT_EQ(report.findings[0].state, State::quarantined);
  ASSERT_THAT(files(), SizeIs(2));
  // It is read again from there, once the other has gone.
  ASSERT_TRUE(archive_->remove({.study_uid = "1.2"}));
  const auto again = check(Repair::yes);
  ASSERT_THAT(again.findings, SizeIs(1));
  EXPECT_EQ(again.findings[0].state, State::indexed);
  ASSERT_THAT(files(), ElementsAre(EndsWith("/1.4.dcm.zst")));
}

}  // namespace
}  // namespace lightbox::ingest
