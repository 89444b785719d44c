#pragma once

// For the tests of ingest/ only: objects made of a few elements, and an archive in a folder that
// goes away.

#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dicom/part10.h"
#include "dicom/part10_test_support.h"
#include "ingest/archive.h"
#include "store/store.h"

namespace lightbox::ingest::testing {

// Explicit VR little endian.
struct ObjectText {
  std::map<dicom::Tag, std::pair<std::string, std::string>> elements;  // tag -> VR, value

  ObjectText& set(dicom::Tag tag, std::string vr, std::string value) {
    elements[tag] = {std::move(vr), std::move(value)};
    return *this;
  }
  ObjectText& leave_out(dicom::Tag tag) {
    elements.erase(tag);
    return *this;
  }
  [[nodiscard]] std::string data_set() const {
    std::string out;
    for (const auto& [tag, element] : elements) {
      auto [vr, value] = element;
      if (value.size() % 2 == 1) value += vr == "UI" ? '\0' : ' ';
      out += dicom::testing::element(tag, vr, value);
    }
    return out;
  }
  [[nodiscard]] std::string file() const {
    return dicom::file_meta_of({.sop_class_uid = elements.at(dicom::tags::SOPClassUID).second,
                                .sop_instance_uid = "1.2.3",
                                .transfer_syntax = "1.2.840.10008.1.2.1",
                                .source_ae_title = "TEST"}) +
           data_set();
  }
};

inline ObjectText ct(const std::string& study, const std::string& series, const std::string& uid,
                     const std::string& patient = "P1") {
  ObjectText text;
  text.set(dicom::tags::SOPClassUID, "UI", "1.2.840.10008.5.1.4.1.1.2")
      .set(dicom::tags::SOPInstanceUID, "UI", uid)
      .set(dicom::tags::StudyDate, "DA", "20261125")
      .set(dicom::tags::Modality, "CS", "CT")
      .set(dicom::tags::PatientName, "PN", "Doe^Jane")
      .set(dicom::tags::PatientID, "LO", patient)
      .set(dicom::tags::StudyInstanceUID, "UI", study)
      .set(dicom::tags::SeriesInstanceUID, "UI", series)
      .set(dicom::tags::InstanceNumber, "IS", "1");
  return text;
}

// An image in explicit VR little endian, or as the transfer syntax says; `pixels` as they are.
inline std::string image_file(const std::string& study, const std::string& series,
                              const std::string& uid, std::string_view pixels,
                              std::string_view transfer_syntax = "1.2.840.10008.1.2.1") {
  using dicom::ByteOrder;
  using dicom::testing::element;
  const bool is_big = transfer_syntax == dicom::testing::explicit_big;
  const bool is_implicit = transfer_syntax == dicom::testing::implicit_little;
  const auto order = is_big ? ByteOrder::big_endian : ByteOrder::little_endian;
  const auto number = [&](std::uint32_t value) { return dicom::testing::number_16(value, order); };
  const auto even = [](std::string text, char pad) {
    if (text.size() % 2 != 0) text += pad;
    return text;
  };
  const auto columns = static_cast<std::uint32_t>(pixels.size() / 2 / 64);
  std::string data_set;
  const auto add = [&](dicom::Tag tag, std::string_view vr, std::string_view value) {
    data_set += is_implicit ? dicom::testing::implicit(tag, value) : element(tag, vr, value, order);
  };
  add(dicom::tags::SOPClassUID, "UI", even("1.2.840.10008.5.1.4.1.1.2", '\0'));
  add(dicom::tags::SOPInstanceUID, "UI", even(uid, '\0'));
  add(dicom::tags::Modality, "CS", "CT");
  add(dicom::tags::PatientID, "LO", "P1");
  add(dicom::tags::StudyInstanceUID, "UI", even(study, '\0'));
  add(dicom::tags::SeriesInstanceUID, "UI", even(series, '\0'));
  add(0x00280002, "US", number(1));        // Samples per Pixel
  add(0x00280004, "CS", "MONOCHROME2 ");   // Photometric Interpretation
  add(0x00280010, "US", number(64));       // Rows
  add(0x00280011, "US", number(columns));  // Columns
  add(0x00280100, "US", number(16));       // Bits Allocated
  add(0x00280101, "US", number(16));       // Bits Stored
  add(0x00280102, "US", number(15));       // High Bit
  add(0x00280103, "US", number(0));        // Pixel Representation
  if (transfer_syntax == dicom::testing::jpeg) {
    data_set += element(dicom::tags::PixelData, "OB", "", dicom::testing::undefined_length) +
                dicom::testing::item("") + dicom::testing::item(pixels) +
                dicom::testing::sequence_end();
  } else {
    add(dicom::tags::PixelData, "OW", pixels);
  }
  if (transfer_syntax == dicom::testing::deflated) data_set = dicom::testing::deflate_raw(data_set);
  return dicom::testing::file(data_set, transfer_syntax);
}

class ArchiveTest : public ::testing::Test {
 protected:
  ArchiveTest() {
    std::string name = (std::filesystem::temp_directory_path() / "lightbox-ingest-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    open();
  }
  ~ArchiveTest() override {
    archive_.reset();
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void open(std::unique_ptr<Files> files = nullptr) {
    archive_.reset();
    store_.reset();
    auto store = store::Store::open({.data_directory = folder_, .limits = limits_, .index = {}});
    EXPECT_TRUE(store) << store.error().issues[0].diagnostics;
    store_ = std::move(*store);
    auto archive = Archive::open({.data_directory = folder_,
                                  .limits = limits_,
                                  .on_conflict = on_conflict_,
                                  .compression = compression_},
                                 *store_, std::move(files));
    EXPECT_TRUE(archive) << archive.error().issues[0].diagnostics;
    archive_ = std::move(*archive);
  }

  Incoming incoming(std::string_view bytes) {
    Incoming object = archive_->receive({.name = "TEST", .remote_address = {}});
    // In pieces, as a network gives them.
    for (std::size_t at = 0; at < bytes.size(); at += 1000) {
      EXPECT_TRUE(object.append(bytes.substr(at, 1000)));
    }
    return object;
  }
  std::vector<Admitted> add(const std::vector<std::string>& files) {
    std::vector<Incoming> objects;
    for (const std::string& file : files) objects.push_back(incoming(file));
    return archive_->add(std::move(objects));
  }
  Admitted add_one(const std::string& file) { return add({file})[0]; }

  // Names below dicom/, sorted.
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ + "/dicom")) {
      if (entry.is_regular_file()) {
        names.push_back(std::filesystem::relative(entry.path(), folder_ + "/dicom").string());
      }
    }
    std::ranges::sort(names);
    return names;
  }
  std::vector<store::DicomProblem> problems() {
    auto listed = store_->dicom().problems(0, 100);
    EXPECT_TRUE(listed);
    return std::move(*listed);
  }

  std::string folder_;
  Limits limits_;
  store::OnConflict on_conflict_ = store::OnConflict::keep_first;
  Compression compression_ = Compression::none;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Archive> archive_;
};

}  // namespace lightbox::ingest::testing
