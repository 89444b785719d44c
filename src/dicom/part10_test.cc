#include "dicom/part10.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dicom/json.h"

namespace lightbox::dicom {
namespace {

TEST(Part10Test, ReadsWhatFileMetaMakes) {
  const std::string file = file_meta_of({.sop_class_uid = "1.2.840.10008.5.1.4.1.1.2",
                                         .sop_instance_uid = "1.2.3",
                                         .transfer_syntax = "1.2.840.10008.1.2.1",
                                         .source_ae_title = "SCANNER"}) +
                           std::string("\x10\x00\x20\x00LO\x04\x00ID1 ", 12);
  MemorySource source(file);
  const auto object = Part10::read(source, Limits{});
  ASSERT_TRUE(object) << object.error().issues[0].diagnostics;
  EXPECT_EQ(object->meta().first(tags::MediaStorageSOPInstanceUID), "1.2.3");
  EXPECT_EQ(object->transfer_syntax(), "1.2.840.10008.1.2.1");
  EXPECT_EQ(object->data_set().text(tags::PatientID), "ID1");
  EXPECT_THAT(object->remarks(), testing::IsEmpty());
  std::string json;
  append_json(object->data_set(), {}, json);
  EXPECT_EQ(json, R"({"00100020":{"vr":"LO","Value":["ID1"]}})");
}

}  // namespace
}  // namespace lightbox::dicom
