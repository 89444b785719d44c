#include "store/condition.h"

#include <algorithm>
#include <fmt/format.h>

#include "store/predicate.h"
#include "store/search_sql.h"

namespace lightbox::store {
namespace {

// So many matches of its rarest criterion are looked at.
constexpr std::size_t candidates_max = 1'000;
// A criterion of more values is only good for candidates: SQLite bounds the depth of an OR.
constexpr std::size_t checked_sources_max = 200;

Problem too_broad(const fhir::SearchQuery& query, std::string_view why) {
  return problem(
      ProblemKind::too_costly, "too-costly",
      fmt::format("The condition on {} is too broad to be checked while other writes wait: {}. It "
                  "needs a criterion that few resources match, such as an identifier",
                  query.type->name, why));
}

// The most telling first: those that usually have few matches.
int rank(const Predicate& predicate) {
  if (predicate.kind == Predicate::Kind::present) return 4;
  if (predicate.criterion->column == fhir::Criterion::Column::id) return 0;
  if (predicate.criterion->parameter == nullptr) return 3;
  const auto& parameter = *predicate.criterion->parameter;
  if (parameter.code == "identifier" || parameter.is_uid) return 1;
  return parameter.type == fhir::SearchType::reference ? 2 : 3;
}

// Bounds what the connection's statements do while it lives.
class Budget {
 public:
  Budget(Database& database, std::int64_t& ticks) : database_(database), ticks_(ticks) {
    given_ = std::min(ticks_, condition_ticks_max);
    database_.limit.ticks = given_;
  }
  ~Budget() {
    ticks_ -= given_ - std::max<std::int64_t>(0, database_.limit.ticks);
    database_.limit.ticks = INT64_MAX;
  }
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

 private:
  Database& database_;
  std::int64_t& ticks_;
  std::int64_t given_ = 0;
};

class Matcher {
 public:
  Matcher(const fhir::SearchQuery& query, Database& writer) : query_(query), writer_(writer) {}

  // False: nothing can match.
  Result<bool> prepare(CodeSystems& systems) {
    for (const fhir::Criterion& criterion : query_.criteria) {
      TRY(Predicate predicate, make_predicate(criterion, *query_.type, systems, writer_));
      if (predicate.kind != Predicate::Kind::nothing) {
        predicates_.push_back(std::move(predicate));
      } else if (!predicate.negated) {
        return false;
      }
    }
    std::stable_sort(predicates_.begin(), predicates_.end(),
                     [](const auto& a, const auto& b) { return rank(a) < rank(b); });
    return true;
  }

  Result<std::vector<std::string>> matches(std::size_t count) {
    TRY(const auto keys, candidates());
    TRY(const Sql check, render_check());
    std::vector<std::string> ids;
    for (const std::int64_t key : keys) {
      {
        Query query(writer_, check.text);
        query.bind(key);
        for (const Value& value : check.values) query.bind_value(value);
        if (!query.next()) {
          if (!query.ok()) return query.problem();
          continue;
        }
      }
      Query id(writer_, "SELECT id FROM resource WHERE key=?");
      id.bind(key);
      if (!id.next()) return id.problem();
      ids.emplace_back(id.text(0));
      if (ids.size() == count) break;
    }
    return ids;
  }

 private:
  using Keys = std::vector<std::int64_t>;

  Result<Keys> candidates() {
    for (const Predicate& predicate : predicates_) {
      if (predicate.negated) continue;
      TRY(auto keys, collect_keys(writer_, predicate.sources, candidates_max));
      if (!keys) continue;
      driver_ = &predicate;
      return std::move(*keys);
    }
    const Sql all = all_of_type(*query_.type);
    TRY(auto keys, collect_keys(writer_, {&all, 1}, candidates_max));
    if (keys) return std::move(*keys);
    return too_broad(query_,
                     fmt::format("each of its criteria has more than {} matches", candidates_max));
  }

  // Gives a row when the resource, whose key is the first parameter, satisfies all predicates.
  Result<Sql> render_check() const {
    std::vector<Filter> probes;
    for (const Predicate& predicate : predicates_) {
      if (&predicate != driver_ && predicate.has_probe()) {
        probes.push_back({&predicate, nullptr, predicate.negated});
      }
    }
    Sql sql = render_candidate(*query_.type, probes);
    for (const Predicate& predicate : predicates_) {
      if (&predicate == driver_ || predicate.has_probe()) continue;
      if (predicate.sources.size() > checked_sources_max) {
        return too_broad(query_, "a criterion has too many values");
      }
      sql.text += predicate.negated ? " AND NOT (0" : " AND (0";
      for (const Sql& source : predicate.sources) append_membership(source, sql);
      sql.text += ")";
    }
    return sql;
  }

  // A source is "SELECT column FROM …"; with the column named, the key's condition goes inside.
  static void append_membership(const Sql& source, Sql& sql) {
    const std::string_view text = source.text;
    const std::size_t from = text.find(" FROM ");
    sql.text += fmt::format(" OR EXISTS(SELECT 1 FROM ({} AS found{}) WHERE found=d.key)",
                            text.substr(0, from), text.substr(from));
    sql.values.insert(sql.values.end(), source.values.begin(), source.values.end());
  }

  const fhir::SearchQuery& query_;
  Database& writer_;
  std::vector<Predicate> predicates_;
  const Predicate* driver_ = nullptr;
};

}  // namespace

Result<std::vector<std::string>> find_matches(const fhir::SearchQuery& query, CodeSystems& systems,
                                              Database& writer, std::size_t count,
                                              std::int64_t& ticks) {
  if (ticks <= 0) return too_broad(query, "the request's conditions take too long together");
  const Budget budget(writer, ticks);
  Matcher matcher(query, writer);
  TRY(const bool is_possible, matcher.prepare(systems));
  if (!is_possible) return std::vector<std::string>();
  auto matches = matcher.matches(count);
  if (!matches && matches.error().kind == ProblemKind::too_costly &&
      writer.error_code() == SQLITE_INTERRUPT) {
    return too_broad(query, "it takes too long");
  }
  return matches;
}

}  // namespace lightbox::store
