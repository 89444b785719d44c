#include "store/token_values.h"

#include <charconv>
#include <fmt/format.h>
#include <map>

namespace lightbox::store {
namespace {

// A row of a code with a system begins with it (token_value in rows.h), and no code does.
constexpr char separator = '\x1f';

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

// "\x1f12\x1fCT"
Result<fhir::TokenEntry> parse(std::string_view value, SystemNames& systems) {
  fhir::TokenEntry entry;
  const auto end = value.find(separator, 1);
  std::int64_t number = 0;
  std::from_chars(value.data() + 1, value.data() + end, number);
  TRY(entry.system, systems.find(number));
  entry.code = value.substr(end + 1);
  return entry;
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
  std::string last;
  while (true) {
    const std::string from = last;  // lives as long as the Query that it is bound to
    Query query(*reader,
                "SELECT value FROM token_index WHERE param=? AND value>? ORDER BY value LIMIT 1");
    query.bind(param).bind(from);
    if (!query.next()) {
      if (!query.ok()) return query.problem();
      return values;
    }
    last = query.text(0);
    const bool is_with_system = last.starts_with(separator);
    if (has_systems && !is_with_system) return values;  // the rows of bare codes come after
    if (values.size() == values_max) {
      return problem(ProblemKind::too_costly,
                     fmt::format("More than {} different values of {} are in use", values_max,
                                 parameter.code));
    }
    if (is_with_system) {
      TRY(values.emplace_back(), parse(last, systems));
    } else {
      values.emplace_back().code = last;
    }
  }
}

}  // namespace lightbox::store
