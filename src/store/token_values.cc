#include "store/token_values.h"

#include <fmt/format.h>
#include <map>
#include <optional>

#include "store/rows.h"

namespace lightbox::store {
namespace {

class SystemNames {
 public:
  explicit SystemNames(Database& database) : database_(database) {}

  Result<std::string> find(std::int64_t number) {
    if (number == 0) return std::string();
    if (const auto known = names_.find(number); known != names_.end()) return known->second;
    Query query(database_, "SELECT uri FROM code_system WHERE id=?");
    query.bind(number);
    if (!query.next()) {
      if (!query.ok()) return query.problem();
      return problem(ProblemKind::internal, "A number of a code system is not known");
    }
    return names_.emplace(number, query.text(0)).first->second;
  }

 private:
  Database& database_;
  std::map<std::int64_t, std::string> names_;
};

Result<std::optional<std::string>> value_after(Database& database, std::int64_t param,
                                               const std::string& last) {
  Query query(database,
              "SELECT value FROM token_index WHERE param=? AND value>? ORDER BY value LIMIT 1");
  query.bind(param).bind(last);
  if (query.next()) return std::optional<std::string>(query.text(0));
  if (!query.ok()) return query.problem();
  return std::optional<std::string>();
}

Result<std::vector<std::int64_t>> systems_of(Database& database, std::int64_t param,
                                             const std::string& value) {
  Query query(database,
              "SELECT DISTINCT system FROM token_index WHERE param=? AND value=? ORDER BY system");
  query.bind(param).bind(value);
  std::vector<std::int64_t> numbers;
  while (query.next()) numbers.push_back(query.integer(0));
  if (!query.ok()) return query.problem();
  return numbers;
}

}  // namespace

Result<std::vector<fhir::TokenEntry>> token_values(ReaderPool& readers,
                                                   const fhir::SearchParameter& parameter,
                                                   std::size_t values_max) {
  TRY(const ReaderPool::Lease reader, readers.take());
  SystemNames systems(*reader);
  const bool has_systems = parameter.type == fhir::SearchType::token;
  const auto param =
      std::int64_t{fhir::index_parameter(parameter.number(), fhir::IndexVariant::value)};
  std::vector<fhir::TokenEntry> values;
  std::optional<std::string> value = "";  // of a system without a code
  while (value) {
    TRY(const std::vector<std::int64_t> numbers, systems_of(*reader, param, *value));
    for (const std::int64_t number : numbers) {
      if (has_systems && number == no_system_possible) continue;
      if (values.size() == values_max) {
        return problem(ProblemKind::too_costly,
                       fmt::format("More than {} different values of {} are in use", values_max,
                                   parameter.code));
      }
      auto& entry = values.emplace_back();
      entry.code = *value;
      if (has_systems) {
        TRY(entry.system, systems.find(number));
      }
    }
    TRY(value, value_after(*reader, param, *value));
  }
  return values;
}

}  // namespace lightbox::store
