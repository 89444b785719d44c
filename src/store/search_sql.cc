#include "store/search_sql.h"

#include <algorithm>
#include <bit>
#include <fmt/format.h>
#include <limits>

namespace lightbox::store {
namespace {

// The row that a condition is about: its alias is d.
struct Driver {
  std::string_view key;  // "d.key" or "d.resource"
  bool is_resource = false;
};
constexpr Driver resource_row{"d.key", true};
constexpr Driver index_row{"d.resource", false};

void add(Sql& sql, std::string_view text, std::vector<Value> values = {}) {
  sql.text += text;
  for (Value& value : values) sql.values.push_back(std::move(value));
}

// One seek for each pair. The number of values is rounded up to a power of two, so that there are
// few different texts.
void add_token_probe(const Predicate& predicate, Driver driver, Sql& sql) {
  const auto& pairs = predicate.pairs;
  sql.text += "(";
  for (std::size_t begin = 0; begin < pairs.size();) {
    std::size_t end = begin;
    while (end < pairs.size() && pairs[end].param == pairs[begin].param &&
           pairs[end].system == pairs[begin].system) {
      ++end;
    }
    if (begin > 0) sql.text += " OR ";
    add(sql, "EXISTS(SELECT 1 FROM token_index x WHERE x.param=? AND x.value IN (",
        {pairs[begin].param});
    const std::size_t slots = std::bit_ceil(end - begin);
    for (std::size_t i = 0; i < slots; ++i) {
      add(sql, i == 0 ? "?" : ",?", {pairs[std::min(begin + i, end - 1)].value});
    }
    sql.text += fmt::format(") AND x.ord=d.ord AND x.resource={}", driver.key);
    if (pairs[begin].system) add(sql, " AND x.system=?", {*pairs[begin].system});
    sql.text += ")";
    begin = end;
  }
  sql.text += ")";
}

void add_date_conditions(const fhir::Criterion& criterion, std::string_view alias, Sql& sql) {
  sql.text += "(";
  bool first = true;
  for (const fhir::SearchValue& value : criterion.any_of) {
    const auto* date = std::get_if<fhir::DateValue>(&value);
    if (date == nullptr) continue;
    if (!first) sql.text += " OR ";
    first = false;
    append_date_condition(*date, alias, sql);
  }
  sql.text += ")";
}

// `ord` is the negated start of the value, so the row is one seek away; and where every value that
// begins there matches, not even that is needed.
void add_order_probe(const Predicate& predicate, Driver driver, Sql& sql) {
  const fhir::Criterion& criterion = *predicate.criterion;
  sql.text += "(";
  if (criterion.any_of.size() == 1) {
    const LowRange certain = certain_range(std::get<fhir::DateValue>(criterion.any_of[0]));
    if (certain.begin < certain.end) {
      const std::int64_t last =
          certain.begin == INT64_MIN ? fhir::order_missing - 1 : -certain.begin;
      add(sql, "d.ord BETWEEN ? AND ? OR ", {1 - certain.end, last});
    }
  }
  add(sql,
      "EXISTS(SELECT 1 FROM date_index x WHERE x.param=? AND x.wide IN (0,1) AND x.low=-d.ord AND "
      "x.ord=d.ord AND x.resource=",
      {std::int64_t{
          fhir::index_parameter(criterion.parameter->number(), fhir::IndexVariant::value)}});
  sql.text += driver.key;
  sql.text += " AND ";
  add_date_conditions(criterion, "x", sql);
  sql.text += "))";
}

// Whether an index row gives the resource `d` a place in the sort by the parameter whose presence
// `mask` is. An element may be there, as :missing sees it, and have no such row: its mark is one
// seek away. `X.exists() and X != false` has a row for every resource.
void add_sortable_probe(const fhir::ResourceType& type, std::int64_t mask, Sql& sql) {
  const auto slot = std::countr_zero(static_cast<std::uint64_t>(mask));
  const auto parameter = std::find_if(type.search_parameters.begin(), type.search_parameters.end(),
                                      [slot](const auto& each) { return each.slot == slot; });
  if (parameter == type.search_parameters.end()) return add(sql, "0");
  const bool is_everywhere =
      std::any_of(parameter->paths.begin(), parameter->paths.end(), [](const fhir::Path& path) {
        return path.back().op == fhir::PathStep::Op::exists_and_not_false;
      });
  if (is_everywhere) return add(sql, "1");
  add(sql,
      "(d.present & ? <> 0 AND NOT EXISTS(SELECT 1 FROM token_index x WHERE x.param=? AND "
      "x.value='' AND x.ord=d.ord AND x.resource=d.key))",
      {mask,
       std::int64_t{fhir::index_parameter(parameter->number(), fhir::IndexVariant::unsortable)}});
}

void add_filter(const Filter& filter, Driver driver, Sql& sql) {
  sql.text += filter.negated ? " AND NOT " : " AND ";
  if (filter.set != nullptr) {
    add(sql, fmt::format("in_key_set(?,{})", driver.key), {filter.set});
    return;
  }
  const Predicate& predicate = *filter.predicate;
  switch (predicate.kind) {
    case Predicate::Kind::token:
      return add_token_probe(predicate, driver, sql);
    case Predicate::Kind::order:
      return add_order_probe(predicate, driver, sql);
    case Predicate::Kind::present:
      if (driver.is_resource) return add(sql, "(d.present & ? <> 0)", {predicate.mask});
      sql.text += fmt::format("((SELECT present FROM resource WHERE key={})", driver.key);
      return add(sql, " & ? <> 0)", {predicate.mask});
    case Predicate::Kind::updated:
      sql.text += fmt::format(
          "EXISTS(SELECT 1 FROM (SELECT updated AS low, updated+1 AS high FROM resource WHERE "
          "key={}) x WHERE ",
          driver.key);
      add_date_conditions(*predicate.criterion, "x", sql);
      sql.text += ")";
      return;
    case Predicate::Kind::nothing:
    case Predicate::Kind::filter:
    case Predicate::Kind::words:
    case Predicate::Kind::chain:
    case Predicate::Kind::set:
      sql.text += "0";
      return;
  }
}

// A presence that no criterion asks for is that of a value to sort by.
bool is_sortable_probe(const Filter& filter) {
  return filter.predicate != nullptr && filter.predicate->kind == Predicate::Kind::present &&
         filter.predicate->criterion == nullptr;
}

void add_filters(std::span<const Filter> filters, Driver driver, Sql& sql) {
  for (const Filter& filter : filters) add_filter(filter, driver, sql);
}

void add_range(const OrdScan& scan, Driver driver, Sql& sql) {
  const bool forward = scan.direction == Direction::forward;
  sql.text += fmt::format(" AND (d.ord,{}){}(?,?) AND d.ord{}?", driver.key, forward ? ">" : "<",
                          forward ? "<=" : ">=");
  add(sql, "", {scan.after_ord, scan.after_key, forward ? scan.range.last : scan.range.first});
}

}  // namespace

Sql render(const OrdScan& given) {
  OrdScan scan = given;
  const bool forward = scan.direction == Direction::forward;
  const std::int64_t cursor_ord = scan.after_ord;
  const std::int64_t cursor_key = scan.after_key;
  if (forward && scan.after_ord < scan.range.first) {
    scan.after_ord = scan.range.first;
    scan.after_key = INT64_MIN;
  }
  if (!forward && scan.after_ord > scan.range.last) {
    scan.after_ord = scan.range.last;
    scan.after_key = INT64_MAX;
  }
  Sql sql;
  if (scan.driver.empty()) {
    add(sql,
        "SELECT d.ord, d.key FROM resource d INDEXED BY resource_by_order WHERE d.type=? AND "
        "d.method<2",
        {std::int64_t{scan.type->number}});
    add_range(scan, resource_row, sql);
    for (const Filter& filter : scan.filters) {
      if (is_sortable_probe(filter)) {
        sql.text += filter.negated ? " AND NOT " : " AND ";
        add_sortable_probe(*scan.type, filter.predicate->mask, sql);
      } else {
        add_filter(filter, resource_row, sql);
      }
    }
  }
  for (std::size_t i = 0; i < scan.driver.size(); ++i) {
    const TokenPair& pair = scan.driver[i];
    if (i > 0) sql.text += " UNION ";
    // A resource may have the code in two systems; the rows lie side by side.
    add(sql, pair.system ? "SELECT" : "SELECT DISTINCT");
    add(sql, " d.ord, d.resource FROM token_index d WHERE d.param=? AND d.value=?",
        {pair.param, pair.value});
    if (pair.system) add(sql, " AND d.system=?", {*pair.system});
    add_range(scan, index_row, sql);
    add_filters(scan.filters, index_row, sql);
  }
  if (scan.wide != nullptr) {
    add(sql,
        " UNION SELECT d.ord, d.resource FROM date_index d WHERE d.param=? AND d.wide=1 AND "
        "d.low>=? AND d.low<? AND ",
        {std::int64_t{fhir::index_parameter(scan.wide->criterion->parameter->number(),
                                            fhir::IndexVariant::value)},
         scan.wide_low.begin, scan.wide_low.end});
    add_date_conditions(*scan.wide->criterion, "d", sql);
    add(sql, forward ? " AND (d.ord,d.resource)>(?,?)" : " AND (d.ord,d.resource)<(?,?)",
        {cursor_ord, cursor_key});
    Predicate driver;
    driver.kind = Predicate::Kind::token;
    driver.pairs.assign(scan.driver.begin(), scan.driver.end());
    if (!driver.pairs.empty()) add_filter({&driver, nullptr, false}, index_row, sql);
    for (const Filter& filter : scan.filters) {
      if (filter.predicate != scan.wide) add_filter(filter, index_row, sql);
    }
  }
  add(sql, forward ? " ORDER BY 1,2 LIMIT ?" : " ORDER BY 1 DESC,2 DESC LIMIT ?",
      {static_cast<std::int64_t>(scan.limit)});
  return sql;
}

namespace {

// Where each table has the value that it is sorted by, and the values that bound all of them.
struct SortColumns {
  std::string_view table;
  std::string_view value;
  Value least;
  Value greatest;
};

SortColumns columns_of(SortScan::Table table) {
  switch (table) {
    case SortScan::Table::token:
      return {"token_index", "value", "", "\xFF"};
    case SortScan::Table::string:
      return {"string_index", "normalised", "", "\xFF"};
    case SortScan::Table::date:
      return {"date_index", "low", INT64_MIN, INT64_MAX};
    case SortScan::Table::number:
      return {"number_index", "low", -std::numeric_limits<double>::infinity(),
              std::numeric_limits<double>::infinity()};
    case SortScan::Table::updated:
      return {"resource", "updated", INT64_MIN, INT64_MAX};
    case SortScan::Table::id:
      return {"resource", "id", "", "\xFF"};
  }
  return {};
}

Value to_value(const SortValue& value) {
  return std::visit([](const auto& each) { return Value(each); }, value.value);
}

void add_sort_arm(const SortScan& scan, std::string_view where, std::vector<Value> values,
                  Driver driver, std::string_view tie, Sql& sql) {
  const SortColumns columns = columns_of(scan.table);
  const bool forward = scan.direction == Direction::forward;
  const std::string_view index = scan.table == SortScan::Table::updated
                                     ? " INDEXED BY resource_by_updated"
                                 : scan.table == SortScan::Table::id ? " INDEXED BY resource_by_id"
                                                                     : "";
  sql.text +=
      fmt::format("SELECT d.ord, {0}, d.{1} FROM {2} d{6} WHERE {3} AND (d.{1},{4}){5}", driver.key,
                  columns.value, columns.table, where, tie, forward ? ">" : "<", index);
  const bool by_ord = tie.starts_with("d.ord");
  sql.text += by_ord ? "(?,?,?)" : "(?,?)";
  Value from = forward ? columns.least : columns.greatest;
  std::int64_t ord = forward ? INT64_MIN : INT64_MAX;
  std::int64_t key = ord;
  if (scan.after != nullptr) {
    from = to_value(scan.after->values[0]);
    ord = scan.after->ord;
    key = scan.after->key;
  }
  values.push_back(std::move(from));
  if (by_ord) values.emplace_back(ord);
  values.emplace_back(key);
  sql.text += fmt::format(" AND d.{}{}?", columns.value, forward ? "<=" : ">=");
  values.push_back(forward ? columns.greatest : columns.least);
  add(sql, "", std::move(values));
  add_filters(scan.filters, driver, sql);
}

}  // namespace

Sql render(const SortScan& scan) {
  Sql sql;
  const bool forward = scan.direction == Direction::forward;
  const std::string_view edge = forward ? " AND d.edge & 1" : " AND d.edge & 2";
  switch (scan.table) {
    case SortScan::Table::updated:
    case SortScan::Table::id:
      add_sort_arm(scan, "d.type=? AND d.method<2", {std::int64_t{scan.type->number}}, resource_row,
                   "d.key", sql);
      sql.text += forward ? " ORDER BY 3,2" : " ORDER BY 3 DESC,2 DESC";
      break;
    case SortScan::Table::token:
    case SortScan::Table::string:
      add_sort_arm(scan, fmt::format("d.param=?{}", edge), {scan.param}, index_row,
                   "d.ord,d.resource", sql);
      sql.text += forward ? " ORDER BY 3,1,2" : " ORDER BY 3 DESC,1 DESC,2 DESC";
      break;
    case SortScan::Table::date:
    case SortScan::Table::number:
      for (const std::int64_t wide : {0, 1}) {
        if (wide == 1) sql.text += " UNION ALL ";
        add_sort_arm(scan, fmt::format("d.param=? AND d.wide=?{}", edge), {scan.param, wide},
                     index_row, "d.ord,d.resource", sql);
      }
      sql.text += forward ? " ORDER BY 3,1,2" : " ORDER BY 3 DESC,1 DESC,2 DESC";
      break;
  }
  add(sql, " LIMIT ?", {static_cast<std::int64_t>(scan.limit)});
  return sql;
}

bool has_own_order(SortScan::Table table) {
  return table != SortScan::Table::updated && table != SortScan::Table::id;
}

Sql render(const EqualScan& scan) {
  const SortScan::Table table = scan.of.table;
  const SortColumns columns = columns_of(table);
  const bool of_resource = !has_own_order(table);
  const bool has_wide = table == SortScan::Table::date || table == SortScan::Table::number;
  const bool forward = scan.direction == Direction::forward;
  const Driver driver = of_resource ? resource_row : index_row;
  Sql sql;
  for (const std::int64_t wide : {0, 1}) {
    if (wide == 1 && !has_wide) break;
    if (wide == 1) sql.text += " UNION ALL ";
    sql.text += fmt::format("SELECT d.ord, {} FROM {} d WHERE ", driver.key, columns.table);
    if (of_resource) {
      add(sql, "d.type=? AND d.method<2", {std::int64_t{scan.of.type->number}});
    } else {
      const std::int64_t edge =
          scan.of.direction == Direction::forward ? fhir::edge_least : fhir::edge_greatest;
      add(sql, "d.param=? AND d.edge & ?", {scan.of.param, edge});
    }
    if (has_wide) add(sql, " AND d.wide=?", {wide});
    add(sql, fmt::format(" AND d.{}=?", columns.value), {to_value(scan.value)});
    add(sql,
        fmt::format(" AND (d.ord,{}){}(?,?) AND d.ord BETWEEN ? AND ?", driver.key,
                    forward ? ">" : "<"),
        {scan.after_ord, scan.after_key, scan.range.first, scan.range.last});
    add_filters(scan.of.filters, driver, sql);
  }
  add(sql, forward ? " ORDER BY 1,2 LIMIT ?" : " ORDER BY 1 DESC,2 DESC LIMIT ?",
      {static_cast<std::int64_t>(scan.limit)});
  return sql;
}

Sql render_candidate(const fhir::ResourceType& type, std::span<const Filter> filters) {
  Sql sql{"SELECT d.ord FROM resource d WHERE d.key=? AND d.type=? AND d.method<2",
          {std::int64_t{type.number}}};
  add_filters(filters, resource_row, sql);
  return sql;
}

}  // namespace lightbox::store
