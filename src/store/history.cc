// Store::history. The versions of a type are in two indexes, resource_by_updated and
// history_by_updated, both in the order of time; those of everything in two for each type. A page
// merges them, and stops when it is full:
//
//     Patient       current   09:03  08:55  …
//                   old       09:02  09:01  …        -> 09:03 09:02 09:01 08:55 …
//     ImagingStudy  current   …
//
// So current data pays nothing for the history of everything: there is no index of all types.

#include <algorithm>
#include <memory>

#include "store/codec.h"
#include "store/reader.h"

namespace lightbox::store {
namespace {

using Order = HistoryQuery::Order;

// One index read in order; columns: updated, key, version.
struct Arm {
  std::unique_ptr<Query> query;
  bool is_current = false;
  HistoryPlace place;
};

class HistoryReader {
 public:
  HistoryReader(Database& database, const HistoryQuery& query)
      : database_(database),
        query_(query),
        is_forward_(query.order == Order::oldest_first),
        until_after_(query.at ? query.at->low : INT64_MIN) {
    // The closed range of `updated`.
    first_ = query.since_ms;
    last_ = query.at ? query.at->high - 1 : INT64_MAX;
    from_ = is_forward_ ? HistoryPlace{first_, INT64_MIN, 0} : HistoryPlace{last_, INT64_MAX, 0};
    if (query.after) from_ = *query.after;
  }

  Result<HistoryPage> page() {
    HistoryPage page;
    if (query_.id.empty()) {
      TRY_DO(open_types());
    } else {
      TRY_DO(open_instance(page));
    }
    while (const Arm* arm = next()) {
      if (page.versions.size() == query_.count) {
        if (query_.count > 0) page.next = last_place_;
        break;
      }
      last_place_ = arm->place;
      TRY(StoredResource version, fetch(*arm));
      page.versions.push_back(std::move(version));
      TRY_DO(step());
    }
    return page;
  }

 private:
  Result<void> open_types() {
    if (query_.type != nullptr) return open_type(query_.type->number);
    std::int64_t type = -1;
    for (;;) {
      Query next(database_, "SELECT min(type) FROM resource WHERE type>?");
      next.bind(type);
      if (!next.next()) return next.problem();
      type = next.integer(0);
      if (type == 0) return {};  // NULL: there are no more
      TRY_DO(open_type(type));
    }
  }

  Result<void> open_type(std::int64_t type) {
    TRY_DO(open(is_forward_
                    ? "SELECT updated, key, version FROM resource INDEXED BY resource_by_updated "
                      "WHERE type=? AND (updated,key)>(?,?) AND updated BETWEEN ? AND ? "
                      "ORDER BY updated, key"
                    : "SELECT updated, key, version FROM resource INDEXED BY resource_by_updated "
                      "WHERE type=? AND (updated,key)<(?,?) AND updated BETWEEN ? AND ? "
                      "ORDER BY updated DESC, key DESC",
                {type, from_.updated_ms, from_.key, first_, last_}, /*is_current=*/true));
    return open(is_forward_
                    ? "SELECT updated, resource, version FROM history INDEXED BY "
                      "history_by_updated WHERE type=? AND (updated,resource)>(?,?) AND updated "
                      "BETWEEN ? AND ? AND until>? ORDER BY updated, resource"
                    : "SELECT updated, resource, version FROM history INDEXED BY "
                      "history_by_updated WHERE type=? AND (updated,resource)<(?,?) AND updated "
                      "BETWEEN ? AND ? AND until>? ORDER BY updated DESC, resource DESC",
                {type, from_.updated_ms, from_.key, first_, last_, until_after_},
                /*is_current=*/false);
  }

  // Versions grow with time, so they are the order.
  Result<void> open_instance(HistoryPage& page) {
    std::int64_t key = 0;
    std::int64_t version = 0;
    {
      Query current(database_, "SELECT key, version FROM resource WHERE type=? AND id=?");
      current.bind(std::int64_t{query_.type->number}).bind(std::string_view(query_.id));
      if (!current.next()) {
        return current.ok() ? not_found(*query_.type, query_.id) : current.problem();
      }
      key = current.integer(0);
      version = current.integer(1);
    }
    if (!query_.at && query_.since_ms == INT64_MIN) {
      Query oldest(database_, "SELECT coalesce(min(version),?) FROM history WHERE resource=?");
      oldest.bind(version).bind(key);
      if (!oldest.next()) return oldest.problem();
      page.total = static_cast<std::uint64_t>(version - oldest.integer(0) + 1);
    }
    const auto after = static_cast<std::int64_t>(query_.after ? query_.after->version
                                                              : (is_forward_ ? 0 : INT64_MAX));
    TRY_DO(open(is_forward_ ? "SELECT updated, key, version FROM resource WHERE key=? AND "
                              "version>? AND updated BETWEEN ? AND ?"
                            : "SELECT updated, key, version FROM resource WHERE key=? AND "
                              "version<? AND updated BETWEEN ? AND ?",
                {key, after, first_, last_}, /*is_current=*/true));
    return open(is_forward_ ? "SELECT updated, resource, version FROM history WHERE resource=? AND "
                              "version>? AND updated BETWEEN ? AND ? AND until>? ORDER BY version"
                            : "SELECT updated, resource, version FROM history WHERE resource=? AND "
                              "version<? AND updated BETWEEN ? AND ? AND until>? ORDER BY version "
                              "DESC",
                {key, after, first_, last_, until_after_}, /*is_current=*/false);
  }

  Result<void> open(std::string_view sql, std::initializer_list<std::int64_t> values,
                    bool is_current) {
    Arm arm{std::make_unique<Query>(database_, sql), is_current, {}};
    for (const std::int64_t value : values) arm.query->bind(value);
    TRY(const bool has_row, advance(arm));
    if (has_row) arms_.push_back(std::move(arm));
    return {};
  }

  static Result<bool> advance(Arm& arm) {
    if (!arm.query->next()) {
      if (!arm.query->ok()) return arm.query->problem();
      return false;
    }
    arm.place = {arm.query->integer(0), arm.query->integer(1),
                 static_cast<std::uint64_t>(arm.query->integer(2))};
    return true;
  }

  // The arm with the next version; nullptr: there are no more.
  const Arm* next() {
    const auto before = [this](const Arm& a, const Arm& b) {
      const auto left = std::pair(a.place.updated_ms, a.place.key);
      const auto right = std::pair(b.place.updated_ms, b.place.key);
      return is_forward_ ? left < right : right < left;
    };
    const auto found = std::min_element(arms_.begin(), arms_.end(), before);
    at_ = static_cast<std::size_t>(found - arms_.begin());
    return found == arms_.end() ? nullptr : &*found;
  }

  Result<void> step() {
    TRY(const bool has_row, advance(arms_[at_]));
    if (!has_row) arms_.erase(arms_.begin() + static_cast<std::ptrdiff_t>(at_));
    return {};
  }

  Result<StoredResource> fetch(const Arm& arm) {
    Query row(database_, arm.is_current
                             ? "SELECT id, version, updated, method, type, body FROM resource "
                               "WHERE key=?"
                             : "SELECT r.id, h.version, h.updated, h.method, h.type, h.body FROM "
                               "history h JOIN resource r ON r.key=h.resource WHERE h.resource=? "
                               "AND h.version=?");
    row.bind(arm.place.key);
    if (!arm.is_current) row.bind(static_cast<std::int64_t>(arm.place.version));
    if (!row.next()) return row.problem();
    StoredResource version;
    version.type =
        fhir::Definitions::r4().resource_type(static_cast<std::uint16_t>(row.integer(4)));
    version.id = row.text(0);
    version.version = static_cast<std::uint64_t>(row.integer(1));
    version.updated_ms = row.integer(2);
    version.method = static_cast<Method>(row.integer(3));
    auto body = decompress_body(row.blob(5));
    if (version.type == nullptr) return problem(ProblemKind::internal, "A type is not known");
    if (!body) return damaged(*version.type, version.id);
    version.body = std::move(*body);
    return version;
  }

  Database& database_;
  const HistoryQuery& query_;
  bool is_forward_;
  std::int64_t until_after_;
  std::int64_t first_ = 0;
  std::int64_t last_ = 0;
  HistoryPlace from_;
  std::vector<Arm> arms_;
  std::size_t at_ = 0;
  HistoryPlace last_place_;
};

}  // namespace

Result<HistoryPage> read_history(ReaderPool& readers, const HistoryQuery& query, Effort effort) {
  TRY(const ReaderPool::Lease reader, readers.take());
  if (effort.time_us > 0) {
    reader->limit.deadline =
        std::chrono::steady_clock::now() + std::chrono::microseconds(effort.time_us);
  }
  return HistoryReader(*reader, query).page();
}

}  // namespace lightbox::store
