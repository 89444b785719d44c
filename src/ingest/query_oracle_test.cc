// Searches of random studies, compared with a matcher that is too simple to be wrong.

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <gmock/gmock.h>
#include <random>

#include "dicom/json_members.h"
#include "ingest/archive_testing.h"
#include "query/name.h"
#include "query/search.h"

namespace lightbox::ingest {
namespace {

using query::Level;

struct Instance {
  std::string uid;
  std::string sop_class;
  int number = 0;
};
struct Series {
  std::string uid;
  std::string modality;
  int number = 0;
  std::string procedure;
  std::vector<Instance> instances;
};
struct Study {
  std::string uid;
  std::string date;
  std::string time;
  std::string accession;
  std::string patient_id;
  std::string name;  // lower case, "family^given"
  std::string description;
  std::string sex;
  std::vector<Series> series;
};

std::string json_of(const Study& study, const Series& series, const Instance& instance) {
  std::string json = "{";
  const auto add = [&](const char* tag, const char* vr, const std::string& value) {
    if (json.size() > 1) json += ',';
    json += fmt::format(R"("{}":{{"vr":"{}")", tag, vr);
    if (!value.empty()) json += fmt::format(R"(,"Value":[{}])", value);
    json += '}';
  };
  const auto text = [](const std::string& value) {
    return value.empty() ? value : '"' + value + '"';
  };
  add("00080016", "UI", text(instance.sop_class));
  add("00080018", "UI", text(instance.uid));
  add("00080020", "DA", text(study.date));
  add("00080030", "TM", text(study.time));
  add("00080050", "SH", text(study.accession));
  add("00080060", "CS", text(series.modality));
  add("00081030", "LO", text(study.description));
  std::string name = study.name;
  std::ranges::transform(name, name.begin(), [](char c) {
    return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  add("00100010", "PN", name.empty() ? name : fmt::format(R"({{"Alphabetic":"{}"}})", name));
  add("00100020", "LO", text(study.patient_id));
  add("00100040", "CS", text(study.sex));
  add("0020000D", "UI", text(study.uid));
  add("0020000E", "UI", text(series.uid));
  add("00200011", "IS", fmt::format("{}", series.number));
  add("00200013", "IS", fmt::format("{}", instance.number));
  if (!series.procedure.empty()) {
    add("00400275", "SQ",
        fmt::format(R"({{"00401001":{{"vr":"SH","Value":["{}"]}}}})", series.procedure));
  }
  return json + '}';
}

// One key of a query, and what it means.
struct Key {
  std::string path;
  std::string value;
  std::function<bool(const Study&, const Series*, const Instance*)> matches;
  bool is_fuzzy = false;
};

class QueryOracleTest : public testing::ArchiveTest {
 protected:
  template <typename T>
  const T& pick(const std::vector<T>& from) {
    return from[random_() % from.size()];
  }
  int number(int most) { return static_cast<int>(random_() % static_cast<unsigned>(most)); }

  void generate(int count) {
    const std::vector<std::string> dates = {"20240101", "20240102", "20240229",
                                            "20231231", "20220615", ""};
    const std::vector<std::string> times = {"080000", "1015", "101530.5", "235959", ""};
    const std::vector<std::string> names = {
        "smith^john",  "smith^jane",  "schmidt^johann", "doe^jane",
        "muller^anna", "smithson^al", "li^wei",         ""};
    const std::vector<std::string> descriptions = {"CHEST", "Chest PA", "HEAD", ""};
    std::vector<store::DicomInstance> instances;
    for (int i = 0; i < count; ++i) {
      Study study{.uid = fmt::format("1.2.{}", i),
                  .date = pick(dates),
                  .time = pick(times),
                  .accession = number(4) == 0 ? "" : fmt::format("A{}", number(count)),
                  .patient_id = number(6) == 0 ? "" : fmt::format("P{}", number(count / 3)),
                  .name = pick(names),
                  .description = pick(descriptions),
                  .sex = number(2) == 0 ? "F" : "M",
                  .series = {}};
      for (int s = 0; s <= number(3); ++s) {
        Series series{.uid = study.uid + fmt::format(".{}", s),
                      .modality = pick<std::string>({"CT", "MR", "CR"}),
                      .number = number(4),
                      .procedure = number(3) == 0 ? fmt::format("R{}", number(9)) : "",
                      .instances = {}};
        for (int k = 0; k <= number(3); ++k) {
          series.instances.push_back({.uid = series.uid + fmt::format(".{}", k),
                                      .sop_class = number(4) == 0 ? "1.9.1" : "1.9.2",
                                      .number = k + 1});
        }
        study.series.push_back(std::move(series));
      }
      // In an order that is none.
      for (const Series& series : study.series) {
        for (const Instance& instance : series.instances) {
          store::DicomInstance made{.study_uid = study.uid,
                                    .series_uid = series.uid,
                                    .sop_instance_uid = instance.uid,
                                    .sop_class_uid = instance.sop_class,
                                    .transfer_syntax_uid = "1.2.840.10008.1.2.1",
                                    .number = instance.number,
                                    .title = {},
                                    .attributes = "{}",
                                    .metadata = json_of(study, series, instance),
                                    .file = instance.uid,
                                    .source = {}};
          instances.push_back(std::move(made));
        }
      }
      studies_.push_back(std::move(study));
    }
    // The keys of studies, which break ties, are in the order of their first instances.
    for (Study& study : studies_) {
      std::ranges::sort(study.series, {}, [](const Series& one) {
        return std::pair(one.number, std::string_view(one.uid));
      });
    }
    ASSERT_TRUE(store_->dicom().add(std::move(instances), store::OnConflict::keep_first));
    std::ranges::stable_sort(studies_, [](const Study& left, const Study& right) {
      const auto key = [](const Study& study) {
        // Of the times above, the digits compare as the moments do.
        const std::string digits = study.time.empty() ? "000000" : study.time;
        return std::pair(study.date, study.date.empty() ? "" : digits);
      };
      return key(left) > key(right);
    });
  }

  Key random_key(Level level) {
    const Study& study = pick(studies_);
    const Series& series = pick(study.series);
    const auto of_study = [](std::string path, std::string value, auto predicate) {
      return Key{
          std::move(path), std::move(value),
          [predicate](const Study& one, const Series*, const Instance*) { return predicate(one); }};
    };
    const auto has_modality = [](std::vector<std::string> wanted) {
      return [wanted = std::move(wanted)](const Study& one) {
        return std::ranges::any_of(one.series, [&](const Series& its) {
          return std::ranges::find(wanted, its.modality) != wanted.end();
        });
      };
    };
    const int below = level == Level::study ? 0 : level == Level::series ? 4 : 6;
    switch (number(17 + below)) {
      case 0:
        return of_study("PatientID", study.patient_id,
                        [value = study.patient_id](const Study& one) {
                          return value.empty() || one.patient_id == value;
                        });
      case 1:
        return of_study("00080050", study.accession, [value = study.accession](const Study& one) {
          return value.empty() || one.accession == value;
        });
      case 2:
        return of_study("StudyDate", "20240101-20240201", [](const Study& one) {
          return one.date >= "20240101" && one.date <= "20240201";
        });
      case 3:
        return of_study("StudyDate", "-20231231", [](const Study& one) {
          return !one.date.empty() && one.date <= "20231231";
        });
      case 4:
        return of_study("StudyDate", study.date, [value = study.date](const Study& one) {
          return value.empty() || one.date == value;
        });
      case 5:
        return of_study("StudyTime", "10",
                        [](const Study& one) { return one.time.starts_with("10"); });
      case 6:
        return of_study("ModalitiesInStudy", "CT", has_modality({"CT"}));
      case 7:
        return of_study("ModalitiesInStudy", "MR,CR", has_modality({"MR", "CR"}));
      case 8:
        return of_study("PatientName", "Smith*",
                        [](const Study& one) { return one.name.starts_with("smith"); });
      case 9:
        return of_study("PatientName", "*n^j*",
                        [](const Study& one) { return one.name.find("n^j") != std::string::npos; });
      case 10:
        return of_study("PatientName", study.name, [value = study.name](const Study& one) {
          return value.empty() || one.name == value;
        });
      case 11:
        return of_study("StudyDescription", "*ch*", [](const Study& one) {
          return one.description.find("ch") != std::string::npos;
        });
      case 12:
        return of_study("PatientID", "P1*",
                        [](const Study& one) { return one.patient_id.starts_with("P1"); });
      case 13: {
        const Study& other = pick(studies_);
        return of_study("StudyInstanceUID", study.uid + "," + other.uid + ",9.9.9",
                        [a = study.uid, b = other.uid](const Study& one) {
                          return one.uid == a || one.uid == b;
                        });
      }
      case 14:
        return of_study("PatientSex", "F", [](const Study& one) { return one.sex == "F"; });
      case 15: {
        const std::string value = pick<std::string>({"smith", "jane doe", "john s", "anna zzz"});
        Key key = of_study("PatientName", value, [value](const Study& one) {
          return query::matches_fuzzily(query::words_of_name(value), one.name);
        });
        key.is_fuzzy = true;
        return key;
      }
      case 16:
        return of_study("PatientName", "Doe^Ja?e",
                        [](const Study& one) { return one.name == "doe^jane"; });
      case 17:
        return {"Modality", series.modality,
                [value = series.modality](const Study&, const Series* one, const Instance*) {
                  return one->modality == value;
                }};
      case 18:
        return {"SeriesNumber", "2",
                [](const Study&, const Series* one, const Instance*) { return one->number == 2; }};
      case 19:
        return {"SeriesInstanceUID", series.uid,
                [value = series.uid](const Study&, const Series* one, const Instance*) {
                  return one->uid == value;
                }};
      case 20:
        return {"RequestAttributesSequence.RequestedProcedureID", "R3",
                [](const Study&, const Series* one, const Instance*) {
                  return one->procedure == "R3";
                }};
      case 21:
        return {"SOPClassUID", "1.9.1", [](const Study&, const Series*, const Instance* one) {
                  return one->sop_class == "1.9.1";
                }};
      default:
        return {"InstanceNumber", "2",
                [](const Study&, const Series*, const Instance* one) { return one->number == 2; }};
    }
  }

  std::vector<std::string> expected(Level level, const std::vector<Key>& keys) {
    std::vector<std::string> uids;
    const auto match = [&](const Study& study, const Series* series, const Instance* instance) {
      return std::ranges::all_of(
          keys, [&](const Key& key) { return key.matches(study, series, instance); });
    };
    for (const Study& study : studies_) {
      if (level == Level::study) {
        if (match(study, nullptr, nullptr)) uids.push_back(study.uid);
        continue;
      }
      for (const Series& series : study.series) {
        if (level == Level::series) {
          if (match(study, &series, nullptr)) uids.push_back(series.uid);
          continue;
        }
        for (const Instance& instance : series.instances) {
          if (match(study, &series, &instance)) uids.push_back(instance.uid);
        }
      }
    }
    return uids;
  }

  std::vector<std::string> found(const query::Query& query, std::uint64_t& rest) {
    std::vector<std::string> uids;
    auto snapshot = store_->dicom().snapshot({});
    EXPECT_TRUE(snapshot);
    const auto done = query::search(*snapshot, query, [&](const query::Match& match) {
      if (match.instance != nullptr) {
        uids.emplace_back(match.instance->uid);
      } else if (match.series != nullptr) {
        uids.emplace_back(match.series->uid);
      } else {
        uids.push_back(dicom::values_of(*dicom::find_member(match.study->content, 0x0020000D)));
      }
      return true;
    });
    EXPECT_TRUE(done) << done.error().issues[0].diagnostics;
    if (done) {
      EXPECT_EQ(done->matches, uids.size());
      rest = done->rest;
    }
    return uids;
  }

  std::mt19937 random_{20260229};
  std::vector<Study> studies_;
};

TEST_F(QueryOracleTest, FindsWhatASimpleMatcherFindsInTheSameOrder) {
  generate(150);
  std::size_t with_matches = 0;
  for (int round = 0; round < 3'000; ++round) {
    const auto level = static_cast<Level>(1 + round % 3);
    std::vector<Key> keys;
    std::string shown;
    query::Query query{.level = level, .study_uid = {}, .series_uid = {}, .criteria = {}};
    for (int i = number(4); i > 0; --i) {
      Key key = random_key(level);
      if (std::ranges::find(keys, key.path, &Key::path) != keys.end()) continue;
      const auto path = query::parse_path(key.path);
      ASSERT_TRUE(path);
      const auto criterion = query::parse_criterion(
          *path, key.value, {.is_fuzzy = key.is_fuzzy, .has_comma_lists = true});
      ASSERT_TRUE(criterion) << key.path << '=' << key.value;
      query::add_criterion(*criterion, query.criteria);
      shown += key.path + '=' + key.value + '&';
      keys.push_back(std::move(key));
    }
    std::vector<std::string> all = expected(level, keys);
    const std::size_t total = all.size();
    if (round % 2 == 0) {
      query.offset = random_() % 5;
      query.limit = 1 + random_() % 5;
      query.rest = round % 4 == 0 ? query::Query::Rest::counted : query::Query::Rest::looked_for;
      all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(
                                               std::min<std::size_t>(query.offset, all.size())));
      if (all.size() > query.limit) all.resize(query.limit);
    }
    std::uint64_t rest = 0;
    const auto uids = found(query, rest);
    ASSERT_EQ(uids, all) << "level " << round % 3 << ": " << shown << " offset " << query.offset
                         << " limit " << query.limit;
    const std::size_t left = total - std::min<std::size_t>(total, query.offset + all.size());
    if (query.rest == query::Query::Rest::counted) {
      ASSERT_EQ(rest, left) << shown;
    } else {
      ASSERT_EQ(rest > 0, left > 0) << shown;
    }
    if (!uids.empty()) ++with_matches;
  }
  EXPECT_GT(with_matches, 1'000U);
}

}  // namespace
}  // namespace lightbox::ingest
