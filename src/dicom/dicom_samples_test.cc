// Every file of ../shared/samples/dicom, when that folder is there: read, or refused for the reason
// below. The tests say how many they saw.

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iostream>
#include <map>
#include <string>
#include <unistd.h>
#include <vector>

#include "dicom/json.h"
#include "dicom/part10.h"

namespace lightbox::dicom {
namespace {

const std::filesystem::path folder = "../shared/samples/dicom";

// What is refused, and why.
const std::map<std::string, std::string_view> refused = {
    // Rules for de-identification, in text files that are called .dicom.
    {"pydicom+deid/deid/tests/resources/filter_multiple_rule_innerop_false.dicom",
     "not a DICOM object"},
    {"pydicom+deid/deid/tests/resources/filter_multiple_zero_filter_match.dicom",
     "not a DICOM object"},
    {"pydicom+deid/deid/tests/resources/filter_single_rule_false.dicom", "not a DICOM object"},
    {"pydicom+deid/deid/tests/resources/filter_single_rule_innerop_false.dicom",
     "not a DICOM object"},
    {"pydicom+deid/deid/tests/resources/filter_single_rule_true.dicom", "not a DICOM object"},
    {"pydicom+deid/deid/tests/resources/remove_coordinates_multiple.dicom", "not a DICOM object"},
    {"pydicom+deid/examples/deid/deid.dicom", "not a DICOM object"},
    // A dump as text.
    {"debian+python3-pydicom/test_files/rtplan.dump", "not a DICOM object"},
    // 3 GB of pixel data that are not there.
    {"dcm4che+dcm4che/dcm4che-test-data/src/main/resources/3gb-bulk-data-truncated",
     "byte 1908, (7FE0,0010): the object is truncated: 3221127392 of the 3221225472 bytes"},
    // A sequence of length 0 that has an item nevertheless.
    {"fo-dicom+fo-dicom/Tests/FO-DICOM.Tests/Test Data/FreezePattern.dcm",
     "byte 1320, (FFFE,E000): an element was expected here, not a delimiter"},
    // The last directory record is shorter than it says.
    {"pydicom+pydicom/src/pydicom/data/test_files/dicomdirtests/DICOMDIR-nooffset",
     "byte 10860, (FFFE,E000): the object is truncated: 24 of the 248 bytes"},
};

// How many of each transfer syntax are read.
const std::map<std::string, int> accepted = {
    {"1.2.840.10008.1.2", 30},      {"1.2.840.10008.1.2.1", 168},   {"1.2.840.10008.1.2.1.99", 4},
    {"1.2.840.10008.1.2.2", 10},    {"1.2.840.10008.1.2.4.201", 1}, {"1.2.840.10008.1.2.4.202", 3},
    {"1.2.840.10008.1.2.4.50", 10}, {"1.2.840.10008.1.2.4.51", 2},  {"1.2.840.10008.1.2.4.53", 1},
    {"1.2.840.10008.1.2.4.55", 1},  {"1.2.840.10008.1.2.4.57", 2},  {"1.2.840.10008.1.2.4.70", 8},
    {"1.2.840.10008.1.2.4.80", 10}, {"1.2.840.10008.1.2.4.81", 3},  {"1.2.840.10008.1.2.4.90", 13},
    {"1.2.840.10008.1.2.4.91", 8},  {"1.2.840.10008.1.2.5", 14},    {"1.2.840.10008.1.2.8.1", 2},
};

// What is put right.
const std::map<std::string, std::string> remarks = {
    {"ImagingDataCommons+highdicom/data/test_files/dx_image.dcm", "(7FE0,0010) has an odd length"},
    {"dcmjs-org+dcmjs/test/no-meta-length-test.dcm",
     "(0002,0000) File Meta Information Group Length is missing"},
    {"fo-dicom+fo-dicom/Tests/FO-DICOM.Tests/Test Data/GH340.dcm",
     "no transfer syntax is given: the data set looks implicit VR little endian"},
    {"pydicom+pydicom/src/pydicom/data/test_files/ExplVR_BigEndNoMeta.dcm",
     "no transfer syntax is given: the data set looks explicit VR big endian"},
    {"pydicom+pydicom/src/pydicom/data/test_files/ExplVR_LitEndNoMeta.dcm",
     "no transfer syntax is given: the data set looks explicit VR little endian"},
    {"pydicom+pydicom/src/pydicom/data/test_files/rtstruct.dcm",
     "no transfer syntax is given: the data set looks implicit VR little endian"},
};

Result<Part10> read(const std::string& path) {
  const int descriptor = open((folder / path).c_str(), O_RDONLY | O_CLOEXEC);
  EXPECT_GE(descriptor, 0) << path;
  auto source = FileSource::of(descriptor);
  EXPECT_TRUE(source) << path;
  auto object = Part10::read(*source, Limits{});
  close(descriptor);
  return object;
}

void expect_round_trip(const DataSet& data_set, const std::string& path) {
  std::string once;
  append_json(data_set, {}, once);
  const auto parsed = ParsedJson::parse(once, Limits{});
  ASSERT_TRUE(parsed) << path << ": " << parsed.error().issues[0].diagnostics;
  std::string twice;
  append_json(parsed->data_set(), {}, twice);
  EXPECT_EQ(once, twice) << path;
}

TEST(DicomSamplesTest, EachIsReadOrRefusedAsExpected) {
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
  std::map<std::string, int> counts;
  std::map<std::string, std::string> remarked;
  int refusals = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const std::string path = entry.path().lexically_relative(folder);
    const auto object = read(path);
    if (const auto reason = refused.find(path); reason != refused.end()) {
      ASSERT_FALSE(object) << path;
      EXPECT_EQ(object.error().kind, ProblemKind::invalid) << path;
      EXPECT_THAT(object.error().issues[0].diagnostics,
                  ::testing::HasSubstr(std::string(reason->second)))
          << path;
      ++refusals;
      continue;
    }
    ASSERT_TRUE(object) << path << ": " << object.error().issues[0].diagnostics;
    ++counts[object->transfer_syntax()];
    if (!object->remarks().empty()) remarked.emplace(path, object->remarks().front());
    EXPECT_FALSE(object->data_set().elements.empty()) << path;
    expect_round_trip(object->data_set(), path);
  }
  std::cout << refusals << " files are refused\n";
  EXPECT_EQ(refusals, static_cast<int>(refused.size()));
  EXPECT_EQ(counts, accepted);
  EXPECT_EQ(remarked, remarks);
}

struct Name {
  const char* file;
  std::string_view text;
};

// Names in the character sets of the samples.
const Name names[] = {
    {"chrArab.dcm", "قباني^لنزار"},
    {"chrGreek.dcm", "Διονυσιος"},
    {"chrH31.dcm", "Yamada^Tarou=山田^太郎=やまだ^たろう"},
    {"chrHbrw.dcm", "שרון^דבורה"},
    {"chrI2.dcm", "Hong^Gildong=洪^吉洞=홍^길동"},
    {"chrJapMulti.dcm", "やまだ^たろう"},
    {"chrJapMultiExplicitIR6.dcm", "やまだ^たろう"},
    {"chrKoreanMulti.dcm", "김희중"},
    {"chrRuss.dcm", "Люкceмбypг"},
};

TEST(DicomSamplesTest, NamesAreUtf8) {
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
  for (const Name& name : names) {
    const auto object =
        read(std::string("pydicom+pydicom/src/pydicom/data/charset_files/") + name.file);
    ASSERT_TRUE(object) << name.file;
    std::string text = object->data_set().text(tags::PatientName);
    while (text.ends_with('=')) text.pop_back();
    EXPECT_EQ(text, name.text) << name.file;
  }
}

}  // namespace
}  // namespace lightbox::dicom
