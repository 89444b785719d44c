#pragma once

// DICOM to FHIR R4, as pure functions: the same facts and rules always give the same bytes. The
// table (mapping_table.cc) reads like docs/mapping.md, one row for each element.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dicom/data_set.h"
#include "query/level.h"
#include "store/dicom_index.h"

namespace lightbox::ingest {

// What the configuration says about the mapping.
struct MappingRules {
  // Issuer of Patient ID (0010,0021), its Universal Entity ID (0010,0024 > 0040,0032), Issuer of
  // Accession Number, of Admission ID, … -> the identifier's system.
  std::map<std::string, std::string, std::less<>> issuers;
  // In place of an issuer that an object does not name: by origin ("" is any) -> system.
  std::map<std::string, std::string, std::less<>> default_patient_systems;
  // IANA zone by origin ("" is any): for times without (0008,0201). None: only the date is kept.
  std::map<std::string, std::string, std::less<>> time_zones;
  std::string dicomweb_base;  // "http://localhost:8080/dicomweb": the Endpoint's address
  // Other archives that clients may ask themselves, by precedence.
  struct SourceEndpoint {
    std::string source;
    std::string address;
  };
  std::vector<SourceEndpoint> source_endpoints = {};
};

// Whether the mapping asks for a top-level attribute at the level of patient, study or series: what
// DicomInstance::attributes is made of.
[[nodiscard]] bool is_mapped(dicom::Tag tag);
// Those of them that are of this level as DICOM has it (query/level.h), in ascending order: what an
// archive is asked for.
[[nodiscard]] std::vector<dicom::Tag> mapped_tags(query::Level level);
// What instance.title is made of (SR and KO: the concept name's meaning, …), or "".
[[nodiscard]] std::string title_of(const dicom::DataSet& data_set);
// (0020,0013), when it is a whole number that is not negative.
[[nodiscard]] std::optional<std::int64_t> number_of(const dicom::DataSet& data_set, dicom::Tag tag);

// Where an element came from, for $explain-mapping.
struct Explanation {
  std::string element;    // "ImagingStudy.series[0].bodySite"
  std::string attribute;  // "(0018,0015) BodyPartExamined"
  std::string value;      // as it stands in the object, as UTF-8
  std::string sop_instance_uid;
};
struct MappingProblem {
  std::string element;  // may be empty
  std::string sop_instance_uid;
  std::string diagnostics;
};

// One resource as JSON text, without id and meta. Explanations are made when asked for.
struct Mapped {
  std::string json;
  std::string started;  // ImagingStudy.started, or ""
  std::vector<Explanation> explanations;
  std::vector<MappingProblem> problems;
};

// The rows of a study with their attributes parsed, in canonical order. Keeps what it is made of.
class StudyFacts {
 public:
  static Result<StudyFacts> of(const store::StudyRows& rows);
  StudyFacts(StudyFacts&&) noexcept;
  StudyFacts& operator=(StudyFacts&&) noexcept;
  ~StudyFacts();

  struct Impl;
  [[nodiscard]] const Impl& impl() const { return *impl_; }

 private:
  explicit StudyFacts(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// (issuer, PatientID) as FHIR knows it. `value` is "" when there is no PatientID: then the Patient
// is the study's own.
struct PatientIdentity {
  std::string system;  // may be empty
  std::string value;
};
[[nodiscard]] PatientIdentity patient_identity(const StudyFacts& facts, const MappingRules& rules);

struct MappingTargets {
  std::string patient_reference;  // "Patient/123"
  std::vector<std::string> endpoint_references;
};
enum class Explain : std::uint8_t { no, yes };
[[nodiscard]] Mapped to_imaging_study(const StudyFacts& facts, const MappingRules& rules,
                                      const MappingTargets& targets, Explain explain);
[[nodiscard]] Mapped to_patient(const StudyFacts& facts, const MappingRules& rules,
                                Explain explain);
[[nodiscard]] std::string to_endpoint(std::string_view name, std::string_view address);

}  // namespace lightbox::ingest
