// Makes the benchmark's data: studies of ten years, their patients, and the questions with their
// right answers.
//
//     bench_generate STUDIES DIR      DIR/patients.ndjson, DIR/studies.ndjson, DIR/facts.json,
//                                     DIR/new.ndjson
//
// new.ndjson: the studies of the days after, without ids, as they are made while a server runs.
//
// The same numbers always make the same bytes. One patient for every five studies; a few patients
// have many. A study is about 2 KB: one to four series of one to three instances. CT and the lower
// limb are both common (22 and 25 in a hundred) and meet once in 20,000 studies.

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fmt/chrono.h>
#include <fmt/compile.h>
#include <fmt/format.h>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Choice {
  unsigned percent;
  std::string_view code;
  std::string_view display;
};
// DICOM CID 29; a hospital's mix.
constexpr std::array modalities = {
    Choice{22, "CT", "Computed Tomography"},  Choice{20, "DX", "Digital Radiography"},
    Choice{16, "MR", "Magnetic Resonance"},   Choice{14, "US", "Ultrasound"},
    Choice{12, "CR", "Computed Radiography"}, Choice{5, "MG", "Mammography"},
    Choice{3, "NM", "Nuclear Medicine"},      Choice{3, "XA", "X-Ray Angiography"},
    Choice{3, "RF", "Radiofluoroscopy"},      Choice{2, "PT", "Positron emission tomography"}};
constexpr std::array statuses = {Choice{92, "available", ""}, Choice{4, "registered", ""},
                                 Choice{2, "cancelled", ""}, Choice{1, "entered-in-error", ""},
                                 Choice{1, "unknown", ""}};
// SNOMED CT. The first is drawn by body_site_of alone.
constexpr std::array body_sites = {
    Choice{0, "61685007", "Lower limb structure"}, Choice{30, "51185008", "Thoracic structure"},
    Choice{25, "69536005", "Head structure"},      Choice{20, "818983003", "Abdomen"},
    Choice{15, "421060004", "Vertebral column"},   Choice{10, "53120007", "Upper limb structure"}};
constexpr std::size_t ct = 0;
constexpr std::size_t lower_limb = 0;
constexpr std::uint64_t rare_meeting = 20'000;

constexpr std::int64_t first_second = 1'420'070'400;  // 2015-01-01T00:00:00Z
constexpr std::int64_t last_second = 1'735'689'600;   // 2025-01-01T00:00:00Z
constexpr std::uint64_t new_studies = 20'000;
constexpr std::int64_t new_study_seconds = 30;  // between one and the next

// splitmix64, seeded through its own mixing so that neighbouring seeds share nothing.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(mix(seed + 0x632BE59BD9B4E019U)) {}
  std::uint64_t next() { return mix(state_ += 0x9E3779B97F4A7C15U); }
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }
  double unit() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }
  template <std::size_t N>
  std::size_t choose(const std::array<Choice, N>& choices) {
    auto draw = static_cast<unsigned>(below(100));
    for (std::size_t i = 0; i < N; ++i) {
      if (draw < choices[i].percent) return i;
      draw -= choices[i].percent;
    }
    return N - 1;
  }

 private:
  static std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }
  std::uint64_t state_;
};

// What the answers are computed from.
struct Study {
  std::int64_t started;
  std::uint32_t patient;
  std::uint8_t modality;
  std::uint8_t status;
  std::uint8_t body_site;
};

// 2.25 and 128 bits would be 39 digits; 64 bits and the index are as unique and as unordered.
std::string study_uid(std::uint64_t index) {
  return fmt::format("2.25.{}{:08}", Random(index ^ 0xABCDEFU).next() | (1ULL << 63U), index);
}
std::string accession(std::uint64_t index) {
  return fmt::format("ACC{:09}", index * 7 + 100'000'000);
}
std::string patient_id(std::uint64_t index) { return fmt::format("p{:07}", index); }

std::size_t body_site_of(std::size_t modality, std::uint64_t index, Random& random) {
  if (modality == ct) return index % rare_meeting == 7 ? lower_limb : random.choose(body_sites);
  return random.below(100) < 32 ? lower_limb : random.choose(body_sites);
}

Study draw_study(std::uint64_t index, std::uint64_t patients, Random& random) {
  Study study{};
  // More studies every year.
  study.started =
      first_second + static_cast<std::int64_t>(std::sqrt(random.unit()) *
                                               static_cast<double>(last_second - first_second));
  study.patient =
      static_cast<std::uint32_t>(std::pow(random.unit(), 1.3) * static_cast<double>(patients));
  study.modality =
      static_cast<std::uint8_t>(index % rare_meeting == 7 ? ct : random.choose(modalities));
  study.status = static_cast<std::uint8_t>(random.choose(statuses));
  study.body_site = static_cast<std::uint8_t>(body_site_of(study.modality, index, random));
  return study;
}

auto sink(std::string& out) { return std::back_inserter(out); }

void append_series(const Study& study, const std::string& uid, std::uint64_t number,
                   std::uint64_t instances, std::string& out) {
  const Choice& modality = modalities[study.modality];
  const Choice& site = body_sites[study.body_site];
  fmt::format_to(
      sink(out),
      FMT_COMPILE(
          R"({}{{"uid":"{}.{}","number":{},"modality":{{"system":)"
          R"("http://dicom.nema.org/resources/ontology/DCM","code":"{}"}},"description":"{} series {}",)"
          R"("numberOfInstances":{},"bodySite":{{"system":"http://snomed.info/sct","code":"{}","display":"{}"}},"instance":[)"),
      number == 1 ? "" : ",", uid, number, number, modality.code, modality.display, number,
      instances, site.code, site.display);
  for (std::uint64_t i = 1; i <= instances; ++i) {
    fmt::format_to(sink(out),
                   FMT_COMPILE(R"({}{{"uid":"{}.{}.{}","sopClass":{{"system":"urn:ietf:rfc:3986",)"
                               R"("code":"urn:oid:1.2.840.10008.5.1.4.1.1.{}"}},"number":{}}})"),
                   i == 1 ? "" : ",", uid, number, i, 2 + study.modality, i);
  }
  out += "]}";
}

enum class WithId : std::uint8_t { yes, no };

void append_study(std::uint64_t index, const Study& study, WithId with_id, Random& random,
                  std::string& out) {
  const std::string uid = study_uid(index);
  const std::string id = with_id == WithId::yes ? fmt::format(R"("id":"{}",)", uid) : std::string();
  const Choice& modality = modalities[study.modality];
  const std::uint64_t series_count = 1 + random.below(4);
  std::array<std::uint64_t, 4> instances{};
  std::uint64_t total = 0;
  for (std::uint64_t i = 0; i < series_count; ++i) total += instances[i] = 1 + random.below(3);
  fmt::format_to(
      sink(out),
      FMT_COMPILE(
          R"({{"resourceType":"ImagingStudy",{}"identifier":[{{"system":"urn:dicom:uid",)"
          R"("value":"urn:oid:{}"}},{{"type":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v2-0203",)"
          R"("code":"ACSN"}}]}},"system":"urn:example:accession","value":"{}"}}],"status":"{}","modality":[{{"system":)"
          R"("http://dicom.nema.org/resources/ontology/DCM","code":"{}","display":"{}"}}],"subject":{{"reference":"Patient/{}"}},)"
          R"("encounter":{{"reference":"Encounter/e{}"}},"started":"{:%Y-%m-%dT%H:%M:%S}Z",)"),
      id, uid, accession(index), statuses[study.status].code, modality.code, modality.display,
      patient_id(study.patient), index,
      std::chrono::sys_seconds(std::chrono::seconds(study.started)));
  fmt::format_to(
      sink(out),
      FMT_COMPILE(
          R"("basedOn":[{{"reference":"ServiceRequest/sr{}"}}],"referrer":{{"reference":"Practitioner/d{}"}},)"
          R"("interpreter":[{{"reference":"Practitioner/r{}"}}],"endpoint":[{{"reference":"Endpoint/archive"}}],)"
          R"("numberOfSeries":{},"numberOfInstances":{},"procedureCode":[{{"text":"{} of {}"}}],)"
          R"("reasonCode":[{{"text":"Reason {}"}}],"description":"{} {}","series":[)"),
      index, random.below(900), random.below(60), series_count, total, modality.display,
      body_sites[study.body_site].display, random.below(400), modality.code,
      body_sites[study.body_site].display);
  for (std::uint64_t i = 0; i < series_count; ++i)
    append_series(study, uid, i + 1, instances[i], out);
  out += "]}\n";
}

void append_patient(std::uint64_t index, std::string& out) {
  Random random(index ^ 0x5A5A5A5A00000000U);
  fmt::format_to(
      sink(out),
      FMT_COMPILE(
          R"({{"resourceType":"Patient","id":"{}","identifier":[{{"system":"urn:example:mrn","value":"M{:08}"}}],)"
          R"("name":[{{"family":"Family{}","given":["Given{}"]}}],"gender":"{}","birthDate":"{}-{:02}-{:02}"}})"
          "\n"),
      patient_id(index), index, random.below(20'000), random.below(2'000),
      random.below(2) == 0 ? "female" : "male", 1930 + random.below(90), 1 + random.below(12),
      1 + random.below(28));
}

class File {
 public:
  explicit File(const std::string& path) : file_(std::fopen(path.c_str(), "wb")) {
    if (file_ == nullptr) fail(path);
  }
  ~File() { (void)std::fclose(file_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  void write(const std::string& text) {
    if (std::fwrite(text.data(), 1, text.size(), file_) != text.size()) fail("writing");
  }
  [[noreturn]] static void fail(const std::string& what) {
    std::perror(what.c_str());
    std::exit(1);
  }

 private:
  std::FILE* file_;
};

constexpr std::size_t flush_bytes = 1U << 20U;

// --- the questions ------------------------------------------------------------------------------

class Facts {
 public:
  Facts(const std::vector<Study>& studies, std::uint64_t patients)
      : studies_(studies), patients_(patients) {}

  std::string text() {
    fmt::format_to(sink(out_), "{{\"studies\":{},\"patients\":{}", studies_.size(), patients_);
    reads();
    patient_searches();
    identifier_searches();
    newest_of_modality();
    three_criteria();
    hardly_meet();
    counts();
    out_ += "]}\n";
    return out_;
  }

 private:
  void workload(std::string_view name) {
    fmt::format_to(sink(out_), "{}\"{}\":[", opened_ ? "]," : ",", name);
    opened_ = true;
    first_ = true;
  }
  // total: how many match; first: the newest of them, where the answer is sorted.
  void question(std::string_view path, std::uint64_t total, std::string_view first = {}) {
    fmt::format_to(sink(out_), "{}{{\"path\":\"{}\",\"total\":{},\"first\":\"{}\"}}",
                   first_ ? "" : ",\n", path, total, first);
    first_ = false;
  }
  std::uint64_t any_study() { return random_.below(studies_.size()); }

  void reads() {
    workload("read");
    for (int i = 0; i < 10'000; ++i) {
      const std::string uid = study_uid(any_study());
      question("ImagingStudy/" + uid, 1, uid);
    }
  }
  void patient_searches() {
    std::vector<std::uint32_t> per_patient(patients_);
    for (const Study& study : studies_) ++per_patient[study.patient];
    workload("patient");
    for (int i = 0; i < 2'000; ++i) {
      std::uint64_t patient = random_.below(patients_);
      while (per_patient[patient] == 0) patient = random_.below(patients_);
      question("ImagingStudy?patient=Patient/" + patient_id(patient), per_patient[patient]);
    }
  }
  void identifier_searches() {
    workload("identifier");
    for (int i = 0; i < 2'000; ++i) {
      const std::uint64_t index = any_study();
      question("ImagingStudy?identifier=" + accession(index), 1, study_uid(index));
    }
  }

  template <typename Predicate>
  void newest(std::string_view path, Predicate matches) {
    std::uint64_t total = 0;
    std::size_t best = studies_.size();
    bool tie = false;
    for (std::size_t i = 0; i < studies_.size(); ++i) {
      if (!matches(studies_[i])) continue;
      ++total;
      if (best != studies_.size() && studies_[i].started == studies_[best].started) tie = true;
      if (best == studies_.size() || studies_[i].started > studies_[best].started)
        best = i, tie = false;
    }
    question(path, total, total == 0 || tie ? std::string() : study_uid(best));
  }
  void newest_of_modality() {
    workload("modality_started");
    for (std::size_t m = 0; m < modalities.size(); ++m) {
      for (const int year : {2016, 2019, 2022, 2024}) {
        const std::int64_t since = start_of(year);
        newest(fmt::format("ImagingStudy?modality={}&started=ge{}-03-01&_sort=-started&_count=10",
                           modalities[m].code, year),
               [=](const Study& s) { return s.modality == m && s.started >= since; });
      }
    }
  }
  void three_criteria() {
    workload("three_criteria");
    for (std::size_t m = 0; m < modalities.size(); ++m) {
      const std::size_t site = 1 + m % (body_sites.size() - 1);
      const std::int64_t since = start_of(2020);
      newest(
          fmt::format(
              "ImagingStudy?modality={}&bodysite={}&started=ge2020-03-01&_sort=-started&_count=10",
              modalities[m].code, body_sites[site].code),
          [=](const Study& s) {
            return s.modality == m && s.body_site == site && s.started >= since;
          });
    }
  }
  void hardly_meet() {
    workload("hardly_meet");
    newest("ImagingStudy?modality=CT&bodysite=61685007&_sort=-started&_count=10",
           [](const Study& s) { return s.modality == ct && s.body_site == lower_limb; });
  }
  void counts() {
    workload("count_one");
    for (std::size_t m = 0; m < modalities.size(); ++m) {
      question(fmt::format("ImagingStudy?modality={}&_summary=count", modalities[m].code),
               total([=](const Study& s) { return s.modality == m; }));
    }
    workload("count_two");
    for (std::size_t m = 0; m < modalities.size(); ++m) {
      const std::size_t site = m % body_sites.size();
      question(fmt::format("ImagingStudy?modality={}&bodysite={}&_summary=count",
                           modalities[m].code, body_sites[site].code),
               total([=](const Study& s) { return s.modality == m && s.body_site == site; }));
    }
    workload("count_modality_since");
    const std::int64_t since = start_of(2022);
    for (std::size_t m = 0; m < modalities.size(); ++m) {
      question(fmt::format("ImagingStudy?modality={}&started=ge2022-03-01&_summary=count",
                           modalities[m].code),
               total([=](const Study& s) { return s.modality == m && s.started >= since; }));
    }
  }
  template <typename Predicate>
  std::uint64_t total(Predicate matches) {
    return static_cast<std::uint64_t>(std::ranges::count_if(studies_, matches));
  }
  static std::int64_t start_of(int year) {  // the first of March
    return std::chrono::sys_seconds(std::chrono::sys_days(std::chrono::year(year) / 3 / 1))
        .time_since_epoch()
        .count();
  }

  const std::vector<Study>& studies_;
  std::uint64_t patients_;
  Random random_{0xFAC75};
  std::string out_;
  bool opened_ = false;
  bool first_ = true;
};

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t count = argc == 3 ? std::strtoull(argv[1], nullptr, 10) : 0;
  if (count < 5) {
    fmt::print(stderr, "usage: bench_generate STUDIES DIRECTORY\n");
    return 2;
  }
  const std::string directory = argv[2];
  const std::uint64_t patients = count / 5;
  std::string out;
  {
    File file(directory + "/patients.ndjson");
    for (std::uint64_t i = 0; i < patients; ++i) {
      append_patient(i, out);
      if (out.size() > flush_bytes) file.write(out), out.clear();
    }
    file.write(out);
    out.clear();
  }
  std::vector<Study> studies;
  studies.reserve(count);
  File file(directory + "/studies.ndjson");
  for (std::uint64_t i = 0; i < count; ++i) {
    Random random(i);
    studies.push_back(draw_study(i, patients, random));
    append_study(i, studies.back(), WithId::yes, random, out);
    if (out.size() > flush_bytes) file.write(out), out.clear();
  }
  file.write(out);
  out.clear();
  for (std::uint64_t i = 0; i < new_studies; ++i) {
    Random random(count + i);
    Study study = draw_study(count + i, patients, random);
    study.started = last_second + static_cast<std::int64_t>(i) * new_study_seconds;
    append_study(count + i, study, WithId::no, random, out);
  }
  File(directory + "/new.ndjson").write(out);
  File(directory + "/facts.json").write(Facts(studies, patients).text());
  return 0;
}
