// What retrieval asks of the DICOM index.

#include <gmock/gmock.h>

#include "store/database.h"
#include "store/dicom_index.h"
#include "store/series_metadata.h"
#include "store/store_testing.h"

namespace lightbox::store {
namespace {

using ::testing::ElementsAre;

class DicomRetrieveTest : public ::testing::Test {
 protected:
  DicomRetrieveTest() {
    auto opened = Store::open({.data_directory = directory_.path(), .limits = {}, .index = {}});
    EXPECT_TRUE(opened) << testing::text_of(opened.error());
    store_ = std::move(*opened);
  }

  DicomIndex& index() { return store_->dicom(); }

  static DicomInstance instance(const std::string& uid, const std::string& series = "1.3",
                                std::optional<std::int64_t> number = 1) {
    DicomInstance made;
    made.study_uid = "1.2";
    made.series_uid = series;
    made.sop_instance_uid = uid;
    made.transfer_syntax_uid = "1.2.840.10008.1.2.1";
    made.number = number;
    made.attributes = "{}";
    made.metadata = R"({"00080018":{"vr":"UI","Value":[")" + uid +
                    R"("]},"00081030":{"vr":"LO","Value":["The same in all instances of )" +
                    series + R"("]}})";
    made.file = uid + ".dcm";
    made.file_bytes = 1000;
    made.data_set_offset = 300;
    made.hash[0] = 1;
    return made;
  }

  void add(std::vector<DicomInstance> instances, OnConflict on_conflict = OnConflict::keep_first) {
    const auto results = index().add(std::move(instances), on_conflict);
    ASSERT_TRUE(results) << testing::text_of(results.error());
  }

  // "study/series/instance" of each, whose metadata must be its own.
  std::vector<std::string> metadata_of(const DicomSelection& selection) {
    const auto keys = index().instances(selection);
    EXPECT_TRUE(keys);
    std::vector<std::string> seen;
    EXPECT_TRUE(index().metadata(*keys, [&](const DicomIndex::Metadata& one) {
      seen.push_back(std::string(one.study_uid) + '/' + std::string(one.series_uid) + '/' +
                     std::string(one.sop_instance_uid));
      EXPECT_EQ(one.json,
                instance(std::string(one.sop_instance_uid), std::string(one.series_uid)).metadata);
    }));
    return seen;
  }

  std::int64_t rows(const std::string& table) {
    auto database =
        Database::open(directory_.path() + "/lightbox.db", Database::Role::reader, nullptr);
    EXPECT_TRUE(database);
    const std::string sql = "SELECT count(*) FROM " + table;
    Query query(**database, sql);
    EXPECT_TRUE(query.next());
    return query.integer(0);
  }

  testing::TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(DicomRetrieveTest, MetadataComesInTheOrderOfSeriesAndNumber) {
  add({instance("1.4.3", "1.31"), instance("1.4.1", "1.3", 2), instance("1.4.2", "1.3", 1)});
  add({instance("1.4.4", "1.3", 3), instance("1.4.0", "1.3", std::nullopt)});
  EXPECT_THAT(metadata_of({.study_uid = "1.2"}),
              ElementsAre("1.2/1.3/1.4.0", "1.2/1.3/1.4.2", "1.2/1.3/1.4.1", "1.2/1.3/1.4.4",
                          "1.2/1.31/1.4.3"));
  EXPECT_THAT(metadata_of({.study_uid = "1.2", .series_uid = "1.31"}),
              ElementsAre("1.2/1.31/1.4.3"));
  EXPECT_THAT(metadata_of({.sop_instance_uid = "1.4.4"}), ElementsAre("1.2/1.3/1.4.4"));
  EXPECT_EQ(index().instances({.study_uid = "9"}).error().kind, ProblemKind::not_found);
  const std::vector<std::int64_t> gone = {99};
  EXPECT_TRUE(index().metadata(gone, [](const DicomIndex::Metadata&) { FAIL(); }));
  EXPECT_EQ(rows("dicom_series_metadata"), 2);
}

TEST_F(DicomRetrieveTest, MetadataOutlivesTheInstanceThatItsSeriesBeganWith) {
  add({instance("1.4.1"), instance("1.4.2")});
  ASSERT_TRUE(index().remove({.sop_instance_uid = "1.4.1"}));
  EXPECT_THAT(metadata_of({.study_uid = "1.2"}), ElementsAre("1.2/1.3/1.4.2"));
  auto other = instance("1.4.2");
  other.hash[0] = 2;
  add({other}, OnConflict::replace);
  EXPECT_THAT(metadata_of({.study_uid = "1.2"}), ElementsAre("1.2/1.3/1.4.2"));
  ASSERT_TRUE(index().remove({.study_uid = "1.2"}));
  for (const char* table : {"dicom_metadata", "dicom_series_metadata"}) {
    EXPECT_EQ(rows(table), 0) << table;
  }
}

TEST_F(DicomRetrieveTest, TransferSyntaxesOfASelection) {
  auto other = instance("1.4.3", "1.31");
  other.transfer_syntax_uid = "1.2.840.10008.1.2.5";
  add({instance("1.4.1"), instance("1.4.2"), other});
  EXPECT_THAT(*index().transfer_syntaxes({.study_uid = "1.2"}),
              ::testing::UnorderedElementsAre("1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"));
  EXPECT_THAT(*index().transfer_syntaxes({.study_uid = "1.2", .series_uid = "1.31"}),
              ElementsAre("1.2.840.10008.1.2.5"));
}

TEST_F(DicomRetrieveTest, WhereBulkDataLies) {
  auto native = instance("1.4.1");
  native.pixel_data = PixelData{.tag = 0x7FE00010,
                                .offset = 5'000'000'000,
                                .length = 400,
                                .frame_count = 4,
                                .frame_bits = 800,
                                .swapped_bytes = 2};
  native.bulk_values = {{.path = "00281201", .offset = 700, .length = 512, .swapped_bytes = 2},
                        {.path = "54000100/1/54001010", .offset = 900, .length = 2000}};
  auto encapsulated = instance("1.4.2");
  encapsulated.pixel_data =
      PixelData{.tag = 0x7FE00010, .offset = 600, .length = 90, .frame_count = 300};
  encapsulated.frame_pages = {"first page", std::string("second\0page", 11)};
  add({native, encapsulated, instance("1.4.3")});

  const DicomSelection of_native{"1.2", "1.3", "1.4.1"};
  const auto stored = index().pixel_data(of_native);
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->file.file, "1.4.1.dcm");
  EXPECT_EQ(stored->file.instance.series_uid, "1.3");
  ASSERT_TRUE(stored->pixel_data);
  EXPECT_EQ(stored->pixel_data->offset, 5'000'000'000U);
  EXPECT_EQ(stored->pixel_data->frame_bits, 800U);
  EXPECT_EQ(stored->pixel_data->frame_count, 4U);
  EXPECT_EQ(stored->pixel_data->swapped_bytes, 2);
  const auto value = index().bulk_value(stored->file.key, "54000100/1/54001010");
  ASSERT_TRUE(value && *value);
  EXPECT_EQ((*value)->offset, 900U);
  EXPECT_EQ((*value)->swapped_bytes, 1);
  EXPECT_FALSE(*index().bulk_value(stored->file.key, "54000100"));

  const auto second = index().pixel_data({"1.2", "1.3", "1.4.2"});
  ASSERT_TRUE(second && second->pixel_data);
  EXPECT_EQ(second->pixel_data->frame_bits, 0U);
  EXPECT_EQ(*index().frame_page(second->file.key, 0), "first page");
  EXPECT_EQ(*index().frame_page(second->file.key, 1), std::string("second\0page", 11));
  EXPECT_EQ(*index().frame_page(second->file.key, 2), "");

  EXPECT_FALSE(index().pixel_data({"1.2", "1.3", "1.4.3"})->pixel_data);
  EXPECT_EQ(index().pixel_data({"1.2", "1.31", "1.4.1"}).error().kind, ProblemKind::not_found);

  ASSERT_TRUE(index().remove({.study_uid = "1.2"}));
  for (const char* table : {"dicom_pixel_data", "dicom_frames", "dicom_bulk_data"}) {
    EXPECT_EQ(rows(table), 0) << table;
  }
}

TEST(SeriesMetadata, OthersOfTheSeriesTakeLittle) {
  std::string first;
  for (int i = 0; i < 300; ++i) first += "\"attribute " + std::to_string(i * 7919) + "\",";
  std::string second = first;
  second.replace(1000, 3, "abc");
  const auto made = SeriesMetadata::made_of(first);
  const std::string compressed = made->compress(second);
  EXPECT_LT(compressed.size(), 80U);
  const auto stored = SeriesMetadata::stored(made->content());
  ASSERT_TRUE(stored);
  std::string out = "what was there";
  EXPECT_TRUE(stored->decompress(compressed, out));
  EXPECT_EQ(out, second);
  EXPECT_TRUE(stored->decompress(stored->compress(""), out));
  EXPECT_EQ(out, "");
  EXPECT_FALSE(stored->decompress("no frame of zstd", out));
  EXPECT_FALSE(stored->decompress(compressed.substr(0, compressed.size() - 5), out));
  EXPECT_EQ(SeriesMetadata::stored("\x07"), nullptr);
}

TEST_F(DicomRetrieveTest, WhatWasSaidOfAnInstanceAMomentAgoIsSaidUntilItChanges) {
  const DicomSelection selection{"1.2", "1.3", "1.4"};
  add({instance("1.4"), instance("1.5")});
  for (int i = 0; i < 2; ++i) {
    const auto found = index().pixel_data(selection);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->file.file, "1.4.dcm");
  }
  ASSERT_TRUE(index().move_file(index().pixel_data(selection)->file.key, "moved.dcm"));
  EXPECT_EQ(index().pixel_data(selection)->file.file, "moved.dcm");
  EXPECT_EQ(index().pixel_data({"1.2", "1.33", "1.4"}).error().kind, ProblemKind::not_found);
  ASSERT_TRUE(index().remove(selection));
  EXPECT_EQ(index().pixel_data(selection).error().kind, ProblemKind::not_found);
}

}  // namespace
}  // namespace lightbox::store
