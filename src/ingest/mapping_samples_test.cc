// Every DICOM object of ../shared, when that folder is there: read, indexed and mapped as the
// archive does; what comes out is valid. The test says how many it saw.

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iostream>
#include <iterator>
#include <map>

#include "dicom/json.h"
#include "dicom/part10.h"
#include "ingest/mapping_tags.h"
#include "ingest/mapping_test_support.h"

namespace lightbox::ingest {
namespace {

const std::filesystem::path samples = "../shared/samples/dicom";

void index(const dicom::DataSet& data, std::map<std::string, store::StudyRows>& studies) {
  store::StudyRows& rows = studies[std::string(data.first(tags::StudyInstanceUID))];
  rows.uid = data.first(tags::StudyInstanceUID);
  std::string attributes;
  dicom::append_json(data, {.includes = is_mapped}, attributes);
  rows.instances.push_back({.series_uid = std::string(data.first(tags::SeriesInstanceUID)),
                            .sop_instance_uid = std::string(data.first(tags::SOPInstanceUID)),
                            .sop_class_uid = std::string(data.first(tags::SOPClassUID)),
                            .transfer_syntax_uid = {},
                            .number = number_of(data, tags::InstanceNumber),
                            .title = title_of(data),
                            .source = "CLINIC",
                            .attributes = rows.attributes.size(),
                            .rejection = {}});
  rows.attributes.push_back(std::move(attributes));
}

TEST(MappingSamplesTest, WhatScannersWriteIsMapped) {
  if (!std::filesystem::exists(samples)) GTEST_SKIP() << "no " << samples;
  std::map<std::string, store::StudyRows> studies;
  std::size_t objects = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(samples)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    dicom::MemorySource source(bytes);
    const auto object = dicom::Part10::read(source, {});
    if (!object || object->data_set().first(tags::StudyInstanceUID).empty()) continue;
    index(object->data_set(), studies);
    ++objects;
  }
  std::size_t problems = 0;
  std::size_t elements = 0;
  for (const auto& [uid, rows] : studies) {
    SCOPED_TRACE(uid);
    const StudyFacts facts = facts_of_rows(rows);
    const Mapped study = map(facts, "ImagingStudy", test_rules(), Explain::yes);
    const Mapped patient = map(facts, "Patient", test_rules(), Explain::yes);
    problems += study.problems.size() + patient.problems.size();
    elements += study.explanations.size() + patient.explanations.size();
    for (const MappingProblem& problem : study.problems)
      std::cout << uid << " " << problem.element << ": " << problem.diagnostics << "\n";
  }
  std::cout << objects << " objects of " << studies.size() << " studies: " << elements
            << " elements explained, " << problems << " problems\n";
  EXPECT_GT(objects, 200U);
  EXPECT_GT(studies.size(), 50U);
}

}  // namespace
}  // namespace lightbox::ingest
