// Random resources and random queries: each plan of the search must answer as brute force over the
// index entries does, over all pages, in order, with its totals. The oracle shares no code with the
// store but the parsing of queries and the index entries.

#include <algorithm>
#include <future>
#include <gmock/gmock.h>
#include <map>
#include <random>

#include "store/search_oracle_test_support.h"
#include "store/search_run.h"
#include "store/store_testing.h"
#include "store/writer.h"

namespace lightbox::store {
namespace {

using oracle::Known;
using oracle::World;
using testing::TemporaryDirectory;

// --- Random resources and queries ----------------------------------------------------------------

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  int below(int end) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(end)); }
  bool one_in(int n) { return below(n) == 0; }
  template <typename T, std::size_t n>
  const T& pick(const T (&items)[n]) {
    return items[below(static_cast<int>(n))];
  }

 private:
  std::mt19937_64 engine_;
};

// At every precision; mostly a full dateTime.
std::string random_date(Dice& dice, bool search) {
  std::string year = fmt::format("{}", 2018 + dice.below(4));
  std::string month = fmt::format("{}-{:02}", year, 1 + dice.below(12));
  std::string day = fmt::format("{}-{:02}", month, 1 + dice.below(28));
  const std::string minute = fmt::format("{}T{:02}:{:02}", day, dice.below(24), dice.below(60));
  const char* const zones[] = {"Z", "+02:00", "-05:30"};
  switch (dice.below(search ? 5 : 12)) {
    case 0:
      return year;
    case 1:
      return month;
    case 2:
      return day;
    default:
      return fmt::format("{}:{:02}{}", minute, dice.below(60), dice.pick(zones));
  }
}

const char* const modalities[] = {"CT", "MR", "US", "DX"};
const char* const systems[] = {"http://dicom.nema.org/resources/ontology/DCM", "urn:other"};
const char* const statuses[] = {"available", "available", "available", "registered", "cancelled"};
const char* const sites[] = {"1", "2", "3", "4", "5", "6", "7", "8"};

std::string random_study(Dice& dice, const std::string& id) {
  std::string json = fmt::format(
      R"({{"resourceType":"ImagingStudy","id":"{}","status":"{}","subject":{{"reference":"Patient/s{}"}})",
      id, dice.pick(statuses), dice.below(40));
  if (!dice.one_in(8)) json += fmt::format(R"(,"started":"{}")", random_date(dice, false));
  if (!dice.one_in(6)) {
    json += R"(,"modality":[)";
    for (int i = 0; i < 1 + dice.below(2); ++i) {
      json += fmt::format(R"({}{{"system":"{}","code":"{}"}})", i == 0 ? "" : ",",
                          dice.pick(systems), dice.pick(modalities));
    }
    json += "]";
  }
  if (dice.one_in(2)) {
    json += fmt::format(
        R"(,"identifier":[{{"system":"urn:acc","value":"A{}"}},{{"value":"B{}","type":{{"coding":[{{"system":"urn:t","code":"{}"}}]}}}}])",
        dice.below(50), dice.below(5), dice.pick(modalities));
  }
  if (dice.one_in(2)) {
    json += R"(,"series":[)";
    for (int i = dice.below(3); i >= 0; --i) {
      json += fmt::format(
          R"({{"uid":"1.2.{}","modality":{{"code":"{}"}},"bodySite":{{"system":"urn:sct","code":"{}","display":"Site {}"}},"started":"{}","instance":[{{"uid":"1.2.{}.1","sopClass":{{"code":"x"}}}}]}}{})",
          dice.below(60), dice.pick(modalities), dice.pick(sites), dice.pick(sites),
          random_date(dice, false), dice.below(60), i == 0 ? "]" : ",");
    }
  }
  return json + "}";
}

std::string random_observation(Dice& dice, const std::string& id) {
  const char* const units[] = {"mg", "kg"};
  // Also a code that is text alone, and one that is a system alone.
  const char* const codings[] = {R"("coding":[{"system":"urn:c","code":"a"}],)",
                                 R"("coding":[{"system":"urn:c","code":"b"},{"code":"c"}],)",
                                 R"("coding":[{"system":"urn:c"}],)", ""};
  const char* const subjects[] = {R"("reference":"Patient/1")", R"("reference":"Patient/2")",
                                  R"("display":"somebody")"};
  std::string json = fmt::format(
      R"({{"resourceType":"Observation","id":"{}","status":"final","code":{{{}"text":"The {} thing"}},"subject":{{{}}})",
      id, dice.pick(codings), dice.pick(sites), dice.pick(subjects));
  if (!dice.one_in(5)) {
    json += fmt::format(
        R"(,"valueQuantity":{{"value":{}.{},"unit":"{}","system":"urn:u","code":"{}"}})",
        dice.below(5), dice.below(10), dice.pick(units), dice.pick(units));
  }
  if (dice.one_in(2)) {
    json += fmt::format(R"(,"effectiveDateTime":"{}")", random_date(dice, false));
  } else if (dice.one_in(2)) {
    json += fmt::format(R"(,"effectivePeriod":{{"start":"{}"}})", random_date(dice, false));
  }
  return json + "}";
}

std::string random_patient(Dice& dice, const std::string& id) {
  const char* const families[] = {"Müller", "Muller", "MULLER", "Möbius", "Smith", "Smithson"};
  const char* const givens[] = {"Ann", "anna", "Bo"};
  std::string json = fmt::format(
      R"({{"resourceType":"Patient","id":"{}","name":[{{"family":"{}","given":["{}"]}},{{"family":"{}"}}])",
      id, dice.pick(families), dice.pick(givens), dice.pick(families));
  if (!dice.one_in(4))
    json += fmt::format(R"(,"birthDate":"20{:02}-0{}-11")", dice.below(30), 1 + dice.below(9));
  if (!dice.one_in(4)) json += fmt::format(R"(,"active":{})", dice.one_in(2));
  if (dice.one_in(3)) json += fmt::format(R"(,"deceasedBoolean":{})", dice.one_in(2));
  return json + "}";
}

using Parameters = std::vector<std::pair<std::string, std::string>>;

std::string random_date_value(Dice& dice) {
  const char* const prefixes[] = {"", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"};
  return dice.pick(prefixes) + random_date(dice, true);
}

std::string random_token(Dice& dice) {
  std::string code = dice.pick(modalities);
  switch (dice.below(4)) {
    case 0:
      return std::string(dice.pick(systems)) + "|" + code;
    case 1:
      return std::string(dice.pick(systems)) + "|";
    case 2:
      return "|" + code;
    default:
      return code;
  }
}

// One test, or several put together.
std::string random_filter(Dice& dice, int depth, bool in_series) {
  const char* const joins[] = {" and ", " or "};
  if (depth > 0 && dice.one_in(2)) {
    return random_filter(dice, depth - 1, in_series) + dice.pick(joins) +
           random_filter(dice, depth - 1, in_series);
  }
  if (depth > 0 && dice.one_in(3)) {
    return (dice.one_in(2) ? "not (" : "(") + random_filter(dice, depth - 1, in_series) + ")";
  }
  if (!in_series && dice.one_in(3)) return "series[" + random_filter(dice, depth, true) + "]";
  const char* const operations[] = {"eq", "eq", "ne"};
  switch (dice.below(in_series ? 4 : 9)) {
    case 0:
      return fmt::format("modality {} {}", dice.pick(operations), random_token(dice));
    case 1:
      return fmt::format("bodysite {} urn:sct|{}", dice.pick(operations), dice.pick(sites));
    case 2:
      return fmt::format("series eq 1.2.{}", dice.below(60));
    case 3:
      return fmt::format("bodysite {} {}", dice.pick(operations), dice.pick(sites));
    case 4: {
      const char* const of_dates[] = {"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "po", "co"};
      return fmt::format("started {} {}", dice.pick(of_dates), random_date(dice, true));
    }
    case 5:
      return fmt::format("started pr {}", dice.one_in(2));
    case 6:
      return fmt::format("_id {} s{}", dice.pick(operations), dice.below(300));
    case 7:
      return fmt::format("identifier {} urn:acc|A{}", dice.pick(operations), dice.below(50));
    default:
      return fmt::format("status {} {}", dice.pick(operations), dice.pick(statuses));
  }
}

void add_pair(std::string_view pair, Parameters& out) {
  const auto equals = pair.find('=');
  out.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
}

void add_study_criterion(Dice& dice, Parameters& out) {
  const char* const chains[] = {
      "patient.name=mul",
      "subject:Patient.family=smith",
      "subject.active:not=true",
      "patient.birthdate:missing=true",
      "patient._id=s1,s2,s3",
      "patient._has:Observation:patient:code=a",
      "patient._has:Observation:subject:subject.family=m",
      "_filter=subject.name co \"ith\" or not (subject:Patient.active eq true)",
      "patient._filter=family sw \"m\" or active eq true",
  };
  if (dice.one_in(4)) return add_pair(dice.pick(chains), out);
  switch (dice.below(23)) {
    case 17:
    case 18:
    case 19:
      return out.emplace_back("_filter", random_filter(dice, 3, false)), void();
    case 20:
      return out.emplace_back("_filter", fmt::format("series[modality eq {} and bodysite eq {}]",
                                                     dice.pick(modalities), dice.pick(sites))),
             void();
    case 21:
      return out.emplace_back(
                 "series-modality-bodysite",
                 fmt::format("{}$urn:sct|{}", dice.pick(modalities), dice.pick(sites))),
             void();
    case 22:
      return out.emplace_back("identifier:of-type",
                              fmt::format("urn:t|{}|B{}", dice.pick(modalities), dice.below(5))),
             void();
    case 0:
      return out.emplace_back("modality", random_token(dice)), void();
    case 1:
      return out.emplace_back("modality", random_token(dice) + "," + random_token(dice)), void();
    case 2:
      return out.emplace_back("modality:not", random_token(dice)), void();
    case 3:
      return out.emplace_back("status", dice.pick(statuses)), void();
    case 4:
      return out.emplace_back("patient", fmt::format("s{}", dice.below(40))), void();
    case 5:
      return out.emplace_back("subject", fmt::format("Patient/s{}", dice.below(40))), void();
    case 6:
      return out.emplace_back("started", random_date_value(dice)), void();
    case 7:
      return out.emplace_back("started", random_date_value(dice) + "," + random_date_value(dice)),
             void();
    case 8:
      return out.emplace_back("identifier", fmt::format("urn:acc|A{}", dice.below(50))), void();
    case 9:
      return out.emplace_back("identifier", fmt::format("B{}", dice.below(5))), void();
    case 10:
      return out.emplace_back("bodysite", fmt::format("{},{}", dice.pick(sites), dice.pick(sites))),
             void();
    case 11:
      return out.emplace_back("series", fmt::format("urn:oid:1.2.{}", dice.below(60))), void();
    case 12:
      return out.emplace_back("instance", fmt::format("1.2.{}.1", dice.below(60))), void();
    case 13:
      return out.emplace_back(dice.one_in(2) ? "started:missing" : "modality:missing",
                              dice.one_in(2) ? "true" : "false"),
             void();
    case 14:
      return out.emplace_back("_id", fmt::format("s{},s{},s{}", dice.below(500), dice.below(500),
                                                 dice.below(500))),
             void();
    case 15:
      return out.emplace_back("identifier:not", fmt::format("B{}", dice.below(5))), void();
    default:
      return out.emplace_back("bodysite:text", fmt::format("site {}", dice.pick(sites))), void();
  }
}

void add_observation_criterion(Dice& dice, Parameters& out) {
  const char* const prefixes[] = {"", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"};
  const char* const units[] = {"", "|urn:u|mg", "||kg"};
  const std::string quantity = fmt::format("{}{}.{}{}", dice.pick(prefixes), dice.below(5),
                                           dice.below(10), dice.pick(units));
  const char* const chains[] = {"patient.name=mul", "subject.active:not=true",
                                "patient._has:ImagingStudy:patient:status=available"};
  if (dice.one_in(4)) return add_pair(dice.pick(chains), out);
  switch (dice.below(6)) {
    case 0:
      return out.emplace_back("value-quantity", quantity), void();
    case 1:
      return out.emplace_back("date", random_date_value(dice)), void();
    case 2:
      return out.emplace_back("code", dice.one_in(2) ? "a" : "urn:c|b"), void();
    case 3:
      return out.emplace_back("code-value-quantity",
                              (dice.one_in(2) ? "a$" : "urn:c|b$") + quantity),
             void();
    case 4:
      return out.emplace_back("code:text", fmt::format("the {}", dice.pick(sites))), void();
    default:
      return out.emplace_back("date:missing", dice.one_in(2) ? "true" : "false"), void();
  }
}

void add_patient_criterion(Dice& dice, Parameters& out) {
  const char* const texts[] = {"m", "mul", "Müll", "smith", "Smithson", "ann", "ith"};
  const char* const operations[] = {"eq", "ne", "co", "sw", "ew", "gt", "lt", "ge", "le"};
  const char* const chains[] = {
      "_has:ImagingStudy:patient:status=available",
      "_has:ImagingStudy:subject:modality:not=CT",
      "_has:Observation:patient:code=a",
      "_has:ImagingStudy:patient:patient.family=m",
      "_has:ImagingStudy:patient:_id=s1,s2,s3,s4,s5,s6",
  };
  if (dice.one_in(4)) return add_pair(dice.pick(chains), out);
  switch (dice.below(9)) {
    case 7:
    case 8:
      return out.emplace_back("_filter",
                              fmt::format(R"(name {} "{}" and not (active pr {}))",
                                          dice.pick(operations), dice.pick(texts), dice.one_in(2))),
             void();
    case 0:
      return out.emplace_back("family", dice.pick(texts)), void();
    case 1:
      return out.emplace_back("name", dice.pick(texts)), void();
    case 2:
      return out.emplace_back("family:exact", dice.one_in(2) ? "Müller" : "Smith"), void();
    case 3:
      return out.emplace_back("name:contains", dice.pick(texts)), void();
    case 4:
      return out.emplace_back("birthdate", random_date_value(dice)), void();
    case 5:
      return out.emplace_back("active", dice.one_in(2) ? "true" : "false"), void();
    default:
      return out.emplace_back("active:not", "true"), void();
  }
}

// --- The test ------------------------------------------------------------------------------------

// A store's parts, put together so that the tuning can be set.
class Parts {
 public:
  Parts() {
    shared_.options.data_directory = directory_.path();
    shared_.path = directory_.path() + "/lightbox.db";
    shared_.readers = &readers;
    auto database = Database::open(shared_.path, Database::Role::writer, nullptr);
    EXPECT_TRUE(database && migrate(**database));
    writer_ = std::make_unique<Writer>(std::move(*database), shared_);
    EXPECT_TRUE(writer_->start());
  }

  std::vector<OperationResult> commit(std::vector<Operation> operations) {
    std::promise<CommitResult> promise;
    writer_->commit(std::move(operations),
                    [&promise](CommitResult result) { promise.set_value(std::move(result)); });
    CommitResult result = promise.get_future().get();
    if (!result) throw std::runtime_error(testing::text_of(result.error()));
    return *result;
  }
  Shared& shared() { return shared_; }

 private:
  TemporaryDirectory directory_;
  Shared shared_;

 public:
  ReaderPool readers{shared_};

 private:
  std::unique_ptr<Writer> writer_;
};

class SearchOracle : public ::testing::TestWithParam<int> {
 protected:
  // Stores a random resource, or removes or replaces one that is there.
  void change(std::string_view type, int number) {
    const std::string id = fmt::format("s{}", number);
    auto& known = known_[std::string(type)];
    const bool is_there = known.contains(id);
    if (is_there && dice_.one_in(3)) {
      parts_.commit(testing::one(testing::remove(type, id)));
      known.erase(id);
      return;
    }
    const std::string json = type == "ImagingStudy"  ? random_study(dice_, id)
                             : type == "Observation" ? random_observation(dice_, id)
                                                     : random_patient(dice_, id);
    Operation operation = testing::put(json);
    Known entry{id, 0, 0, operation.index, json, &known_, std::string(type)};
    entry.updated = parts_.commit(testing::one(std::move(operation)))[0].updated_ms;
    known[id] = std::move(entry);
  }

  void check(std::string_view type, const Parameters& parameters) {
    std::string text(type);
    for (const auto& [name, value] : parameters) text += "&" + name + "=" + value;
    SCOPED_TRACE(text);
    fhir::SearchContext context;
    context.now_ms = 1'600'000'000'000;
    auto query = fhir::parse_search(testing::type_of(type), parameters, context);
    ASSERT_TRUE(query) << testing::text_of(query.error());
    ASSERT_EQ(query->criteria.size() + (query->sort.empty() ? 0 : 1), parameters.size());

    const auto& known = known_[std::string(type)];
    std::vector<std::string> expected;
    for (const auto& [id, resource] : known) {
      if (matches_all(*query, resource)) expected.push_back(id);
    }
    for (auto& engine : engines_) {
      SCOPED_TRACE(fmt::format("plan {}", &engine - engines_.data()));
      const std::vector<std::string> found = all_pages(*engine, *query, expected.size());
      ASSERT_THAT(found, ::testing::UnorderedElementsAreArray(expected));
      for (std::size_t i = 1; i < found.size(); ++i) {
        ASSERT_LE(compare(*query, known.at(found[i - 1]), known.at(found[i])), 0)
            << found[i - 1] << " before " << found[i];
      }
      if (order_.empty()) order_ = found;
      EXPECT_EQ(found, order_) << "each plan must order alike, or a cursor could not move between";
      matches_ += found.size();
    }
    order_.clear();
    ++queries_;
  }

  std::vector<std::string> all_pages(SearchEngine& engine, fhir::SearchQuery query,
                                     std::size_t expected) {
    query.count = 10 + static_cast<std::size_t>(dice_.below(90));
    query.total = fhir::TotalMode::accurate;
    std::vector<std::string> ids;
    for (int page = 0; page < 2'000; ++page) {
      const auto result = engine.search(query, {});
      if (!result) throw std::runtime_error(testing::text_of(result.error()));
      EXPECT_EQ(result->total, expected);
      for (const auto& match : result->matches) ids.push_back(match.id);
      if (result->next_cursor.empty()) break;
      EXPECT_EQ(result->matches.size(), query.count);
      query.cursor = result->next_cursor;
    }
    query.cursor.clear();
    query.count_only = true;
    const auto counted = engine.search(query, {});
    EXPECT_TRUE(counted && counted->total == expected && counted->matches.empty());
    return ids;
  }

  void SetUp() override {
    const SearchTuning tunings[] = {
        {},                               // as served
        {0, 2'000, 0, 0, 0, 2'000, 200},  // sets, gathered
        {0, 0, 0, 6, 100, 0, 0},          // sets, as filters of a scan
        {3, 5, 1'000'000, 6, 100, 3, 4},  // scans with probes
    };
    for (const SearchTuning& tuning : tunings) {
      engines_.push_back(std::make_unique<SearchEngine>(parts_.shared(), parts_.readers));
      engines_.back()->tuning = tuning;
    }
  }

  Dice dice_{static_cast<std::uint64_t>(GetParam())};
  Parts parts_;
  World known_;
  std::vector<std::unique_ptr<SearchEngine>> engines_;
  std::vector<std::string> order_;
  std::size_t queries_ = 0;
  std::size_t matches_ = 0;
};

TEST_P(SearchOracle, AnswersAsBruteForceDoes) {
  const char* const study_sorts[] = {"started",
                                     "-started",
                                     "_lastUpdated",
                                     "-_lastUpdated",
                                     "_id",
                                     "modality",
                                     "-modality",
                                     "status,-started",
                                     "-started,_id",
                                     "patient.family",
                                     "-patient.family",
                                     "subject:Patient.birthdate",
                                     "-patient.birthdate",
                                     "patient.active",
                                     "status,-patient.family",
                                     "status,started",
                                     "-status,started",
                                     "-status,-started",
                                     "status,modality",
                                     "modality,-status,started",
                                     "-modality,_lastUpdated",
                                     "status,-_id",
                                     "started,-modality",
                                     "-started,status,-modality",
                                     "referrer,status"};
  const char* const observation_sorts[] = {"date",
                                           "-date",
                                           "value-quantity",
                                           "-value-quantity",
                                           "code,-date",
                                           "code",
                                           "-code",
                                           "subject",
                                           "-subject",
                                           "patient.family",
                                           "-patient.birthdate",
                                           "code,value-quantity",
                                           "-value-quantity,date",
                                           "subject,-code"};
  const char* const patient_sorts[] = {
      "family",   "-family",   "birthdate",        "-birthdate",     "active,-family",
      "deceased", "-deceased", "active,birthdate", "-gender,family", "family,-birthdate,active"};
  for (const char* type : {"ImagingStudy", "Observation", "Patient"}) {
    for (int i = 0; i < 250; ++i) change(type, i);
  }
  for (int round = 0; round < 30; ++round) {
    for (const char* name : {"ImagingStudy", "Observation", "Patient"}) {
      const std::string_view type = name;
      for (int i = 0; i < 5; ++i) change(type, dice_.below(300));
      Parameters parameters;
      const int criteria = dice_.below(4);
      for (int i = 0; i < criteria; ++i) {
        if (type == "ImagingStudy") add_study_criterion(dice_, parameters);
        if (type == "Observation") add_observation_criterion(dice_, parameters);
        if (type == "Patient") add_patient_criterion(dice_, parameters);
      }
      if (dice_.one_in(2)) {
        const char* sort = type == "ImagingStudy"  ? dice_.pick(study_sorts)
                           : type == "Observation" ? dice_.pick(observation_sorts)
                                                   : dice_.pick(patient_sorts);
        parameters.emplace_back("_sort", sort);
      }
      check(type, parameters);
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_GE(queries_, 90U);
  EXPECT_GE(matches_, 2'000U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SearchOracle, ::testing::Range(1, 4));

}  // namespace
}  // namespace lightbox::store
