#include "store/predicate.h"

#include <algorithm>
#include <fmt/format.h>

#include "store/rows.h"

namespace lightbox::store {
namespace {

using fhir::Comparison;
using fhir::IndexVariant;
using fhir::Modifier;
using fhir::Prefix;

// Sorts after every text that begins with `prefix`; no UTF-8 text holds the byte.
std::string after_prefix(std::string_view prefix) { return std::string(prefix) + "\xFF"; }

void add_number_condition(const fhir::NumberValue& value, std::string_view low,
                          std::string_view high, Sql& sql) {
  const auto add = [&](std::string_view text, std::initializer_list<double> values) {
    sql.text += text;
    for (const double each : values) sql.values.emplace_back(each);
  };
  const std::string l(low);
  const std::string h(high);
  switch (value.prefix) {
    case Prefix::eq:
      return add("(" + l + ">=? AND " + h + "<?)", {value.low, value.high});
    case Prefix::ne:
      return add("(" + l + "<? OR " + h + ">=?)", {value.low, value.high});
    case Prefix::gt:
      return add(h + ">?", {value.value});
    case Prefix::lt:
      return add(l + "<?", {value.value});
    case Prefix::ge:
      return add(h + ">=?", {value.value});
    case Prefix::le:
      return add(l + "<=?", {value.value});
    case Prefix::sa:
      return add(l + ">?", {value.value});
    case Prefix::eb:
      return add(h + "<?", {value.value});
    case Prefix::ap:
      return add("(" + l + "<? AND " + h + ">=?)", {value.high, value.low});
    case Prefix::co:
      return add("0", {});
  }
}

// What a _filter asks of the text in `column`; true for `parameter`.
void add_text_condition(fhir::Comparison comparison, std::string_view column,
                        const std::string& text, Sql& sql) {
  using fhir::Comparison;
  const auto add = [&](std::string_view form, std::size_t values) {
    sql.text += fmt::format(fmt::runtime(form), column);
    for (std::size_t i = 0; i < values; ++i) sql.values.emplace_back(text);
  };
  switch (comparison) {
    case Comparison::parameter:
      return add("1", 0);
    case Comparison::equal:
      return add("{}=?", 1);
    case Comparison::unequal:
      return add("{}<>?", 1);
    case Comparison::contains:
      return add("instr({},?)>0", 1);
    case Comparison::starts:
      add("{}>=? AND ", 1);
      sql.text += fmt::format("{}<?", column);
      sql.values.emplace_back(after_prefix(text));
      return;
    case Comparison::ends:
      return add("(length({0})>=length(?) AND substr({0},length({0})-length(?)+1)=?)", 3);
    case Comparison::greater:
      return add("{}>?", 1);
    case Comparison::less:
      return add("{}<?", 1);
    case Comparison::greater_or_equal:
      return add("{}>=?", 1);
    case Comparison::less_or_equal:
      return add("{}<=?", 1);
  }
}

constexpr std::string_view rows_of_code =
    "SELECT resource FROM token_index WHERE param=? AND value=?";
constexpr std::string_view rows_of_code_and_system =
    "SELECT resource FROM token_index WHERE param=? AND value=? AND system=?";
// Those with a code, whatever their system.
constexpr std::string_view rows_with_code =
    "SELECT resource FROM token_index WHERE param=? AND value>'' AND ";

// The index rows that satisfy one value of a criterion, for one of its parameters.
class ValueCompiler {
 public:
  ValueCompiler(Predicate& predicate, const fhir::SearchParameter& parameter, CodeSystems& systems,
                Database& database, IndexVariant variant)
      : predicate_(predicate),
        parameter_(parameter),
        systems_(systems),
        database_(database),
        variant_(variant) {}

  Result<void> operator()(const fhir::TokenValue& value) {
    if (predicate_.criterion->modifier == Modifier::below) {
      const std::string url = value.code.value_or("");
      source(std::string(rows_of_code), {param(), url});
      // '0' is the character after '/'.
      source("SELECT resource FROM token_index WHERE param=? AND value>=? AND value<?",
             {param(), url + '/', url + '0'});
      return {};
    }
    if (predicate_.criterion->comparison == Comparison::unequal) return unequal(value);
    if (predicate_.criterion->comparison != Comparison::parameter) {
      Sql sql{std::string(rows_with_code), {param()}};
      add_text_condition(predicate_.criterion->comparison, "value", value.code.value_or(""), sql);
      predicate_.sources.push_back(std::move(sql));
      return {};
    }
    if (!value.system) {
      if (value.code) {
        pair(param(), {}, *value.code);
      } else {
        source("SELECT resource FROM token_index WHERE param=?", {param()});
      }
      return {};
    }
    TRY(const auto system, systems_.find(database_, *value.system));
    if (!system) {
      predicate_.unknown += fmt::format("\x1d{}|{}", *value.system, value.code.value_or(""));
      return {};
    }
    if (value.code) {
      pair(param(), system, *value.code);
    } else {
      source("SELECT resource FROM token_index WHERE param=? AND system=?", {param(), *system});
    }
    return {};
  }

  Result<void> operator()(const fhir::ReferenceValue& value) {
    if (predicate_.criterion->comparison == Comparison::unequal) {
      Sql sql{std::string(rows_with_code), {param()}};
      sql.text += "value NOT IN (";
      add_list(value.targets, sql);
      predicate_.sources.push_back(std::move(sql));
      return {};
    }
    for (const std::string& target : value.targets) pair(param(), {}, target);
    return {};
  }

  Result<void> operator()(const fhir::StringValue& value) {
    if (predicate_.criterion->comparison != Comparison::parameter) {
      Sql sql{"SELECT resource FROM string_index WHERE param=? AND ", {param()}};
      add_text_condition(predicate_.criterion->comparison, "normalised", value.normalised, sql);
      predicate_.sources.push_back(std::move(sql));
      return {};
    }
    switch (predicate_.criterion->modifier) {
      case Modifier::exact:
        source("SELECT resource FROM string_index WHERE param=? AND normalised=? AND exact=?",
               {param(), value.normalised,
                value.exact == value.normalised ? std::string() : value.exact});
        return {};
      case Modifier::contains:
      case Modifier::text:
        source("SELECT resource FROM string_index WHERE param=? AND instr(normalised,?)>0",
               {param(), value.normalised});
        return {};
      default:
        source("SELECT resource FROM string_index WHERE param=? AND normalised>=? AND normalised<?",
               {param(), value.normalised, after_prefix(value.normalised)});
        return {};
    }
  }

  Result<void> operator()(const fhir::DateValue& value) {
    for (const std::int64_t wide : {0, 1}) {
      const LowRange range = wide == 0 ? narrow_range(value) : wide_range(value);
      Sql sql{
          "SELECT resource FROM date_index x WHERE param=? AND wide=? AND low>=? AND low<? AND ",
          {param(), wide, range.begin, range.end}};
      append_date_condition(value, "x", sql);
      predicate_.sources.push_back(std::move(sql));
    }
    return {};
  }

  Result<void> operator()(const fhir::NumberValue& value) {
    Sql units;
    if (!append_units(value, "system", "code", "unit", units)) return {};
    for (const std::int64_t wide : {0, 1}) {
      Sql sql{"SELECT resource FROM number_index WHERE param=? AND wide=? AND ", {param(), wide}};
      add_number_condition(value, "low", wide == 0 ? "low" : "high", sql);
      sql.text += units.text;
      sql.values.insert(sql.values.end(), units.values.begin(), units.values.end());
      predicate_.sources.push_back(std::move(sql));
    }
    return {};
  }

  Result<void> operator()(const fhir::UidValue& value) {
    // bind() gives text; the column is a BLOB, and the two never compare equal.
    source("SELECT resource FROM uid_index WHERE uid=CAST(? AS BLOB) AND param=?",
           {pack_uid(value.uid), param()});
    return {};
  }

  Result<void> operator()(const fhir::CompositeValue& value) {
    if (value.parts.empty()) return {};
    std::vector<std::string> firsts;
    Sql rest;
    if (const auto* reference = std::get_if<fhir::ReferenceValue>(&value.parts[0])) {
      firsts = reference->targets;
    } else if (const auto* token = std::get_if<fhir::TokenValue>(&value.parts[0])) {
      if (token->code) firsts.push_back(*token->code);
      if (token->system && !append_system(*token->system, "first_system", rest)) return {};
    }
    for (std::size_t i = 1; i < value.parts.size() && i < 3; ++i) {
      if (!append_part(value.parts[i], i == 1 ? "low" : "low2", i == 1 ? "high" : "high2", rest)) {
        return {};
      }
    }
    return add_composite(std::move(firsts), rest);
  }

  Result<void> operator()(const fhir::IdValue& value) {
    source("SELECT key FROM resource WHERE type=? AND id=? AND method<2",
           {std::int64_t{predicate_.type->number}, value.id});
    return {};
  }

 private:
  // Some code is there that is not this one. Of two codes alike only the system tells, and rows
  // without one say nothing of it.
  Result<void> unequal(const fhir::TokenValue& value) {
    if (value.code) {
      source(std::string(rows_with_code) + "value<>?", {param(), *value.code});
    }
    if (!value.system) return {};
    TRY(const auto system, systems_.find(database_, *value.system));
    if (!system) {
      predicate_.unknown += fmt::format("\x1d{}|{}", *value.system, value.code.value_or(""));
      source("SELECT resource FROM token_index WHERE param=? AND system>=0", {param()});
      return {};
    }
    Sql sql{"SELECT resource FROM token_index WHERE param=? AND system>=0 AND NOT (system=?",
            {param(), *system}};
    if (value.code) {
      sql.text += " AND value=?";
      sql.values.emplace_back(*value.code);
    }
    sql.text += ")";
    predicate_.sources.push_back(std::move(sql));
    return {};
  }

  Result<void> add_composite(std::vector<std::string> firsts, const Sql& rest) {
    if (predicate_.criterion->comparison == Comparison::unequal) {
      Sql sql{"SELECT resource FROM composite_index x WHERE param=? AND NOT (1", {param()}};
      if (!firsts.empty()) {
        sql.text += " AND first IN (";
        add_list(firsts, sql);
      }
      sql.text += rest.text + ")";
      sql.values.insert(sql.values.end(), rest.values.begin(), rest.values.end());
      predicate_.sources.push_back(std::move(sql));
      return {};
    }
    const bool any_first = firsts.empty();
    if (any_first) firsts.emplace_back();
    for (std::string& first : firsts) {
      Sql sql{"SELECT resource FROM composite_index x WHERE param=?", {param()}};
      if (!any_first) {
        sql.text += " AND first=?";
        sql.values.emplace_back(std::move(first));
      }
      sql.text += rest.text;
      sql.values.insert(sql.values.end(), rest.values.begin(), rest.values.end());
      predicate_.sources.push_back(std::move(sql));
    }
    return {};
  }

  [[nodiscard]] std::int64_t param() const {
    return fhir::index_parameter(parameter_.number(), variant_);
  }

  // The end of a list in parentheses.
  static void add_list(const std::vector<std::string>& texts, Sql& sql) {
    for (const std::string& text : texts) {
      sql.text += &text == texts.data() ? "?" : ",?";
      sql.values.emplace_back(text);
    }
    sql.text += ")";
  }

  void pair(std::int64_t param, std::optional<std::int64_t> system, std::string value) {
    if (system) {
      source(std::string(rows_of_code_and_system), {param, value, *system});
    } else {
      source(std::string(rows_of_code), {param, value});
    }
    predicate_.pairs.push_back({param, system, std::move(value)});
  }

  void source(std::string text, std::vector<Value> values) {
    predicate_.sources.push_back({std::move(text), std::move(values)});
  }

  // False: nothing has the system.
  bool append_system(const std::string& uri, std::string_view column, Sql& sql) {
    const auto system = systems_.find(database_, uri);
    if (!system || !*system) {
      predicate_.unknown += fmt::format("\x1d{}", uri);
      return false;
    }
    sql.text += fmt::format(" AND {}=?", column);
    sql.values.emplace_back(**system);
    return true;
  }

  // `||mg` asks for the unit as code or as people write it.
  bool append_units(const fhir::NumberValue& value, std::string_view system, std::string_view code,
                    std::string_view unit, Sql& sql) {
    if (value.system && !value.system->empty()) {
      if (!append_system(*value.system, system, sql)) return false;
      if (value.code) {
        sql.text += fmt::format(" AND {}=?", code);
        sql.values.emplace_back(*value.code);
      }
    } else if (value.code) {
      sql.text += fmt::format(" AND ({}=? OR {}=?)", code, unit);
      sql.values.emplace_back(*value.code);
      sql.values.emplace_back(*value.code);
    }
    return true;
  }

  template <typename Part>
  bool append_part(const Part& part, std::string_view low, std::string_view high, Sql& sql) {
    if (const auto* token = std::get_if<fhir::TokenValue>(&part)) {
      if (token->code) {
        sql.text += " AND second=?";
        sql.values.emplace_back(*token->code);
      }
      return !token->system || append_system(*token->system, "second_system", sql);
    }
    if (const auto* string = std::get_if<fhir::StringValue>(&part)) {
      sql.text += " AND second>=? AND second<?";
      sql.values.emplace_back(string->normalised);
      sql.values.emplace_back(after_prefix(string->normalised));
    } else if (const auto* date = std::get_if<fhir::DateValue>(&part)) {
      sql.text += " AND ";
      append_date_condition(*date, "x", sql);
    } else if (const auto* number = std::get_if<fhir::NumberValue>(&part)) {
      sql.text += " AND ";
      add_number_condition(*number, low, high, sql);
      return append_units(*number, "second_system", "second", "second", sql);
    } else if (const auto* reference = std::get_if<fhir::ReferenceValue>(&part)) {
      sql.text += " AND second IN (";
      add_list(reference->targets, sql);
    }
    return true;
  }

  Predicate& predicate_;
  const fhir::SearchParameter& parameter_;
  CodeSystems& systems_;
  Database& database_;
  IndexVariant variant_;
};

// The sources of all values for all parameters of the criterion.
Result<void> compile_values(Predicate& predicate, CodeSystems& systems, Database& database,
                            IndexVariant variant) {
  static const fhir::SearchParameter no_parameter;
  const fhir::Criterion& criterion = *predicate.criterion;
  std::vector<const fhir::SearchParameter*> parameters = criterion.or_parameters;
  parameters.insert(parameters.begin(),
                    criterion.parameter != nullptr ? criterion.parameter : &no_parameter);
  for (const auto* parameter : parameters) {
    ValueCompiler compiler(predicate, *parameter, systems, database, variant);
    for (const fhir::SearchValue& value : criterion.any_of) {
      TRY_DO(std::visit(compiler, value));
    }
  }
  return {};
}

Predicate missing_predicate(Predicate predicate) {
  const fhir::Criterion& criterion = *predicate.criterion;
  predicate.negated = criterion.missing;
  predicate.kind = Predicate::Kind::present;
  predicate.mask = -1;
  if (criterion.column == fhir::Criterion::Column::index) {
    const auto bit = [](const fhir::SearchParameter& parameter) {
      return static_cast<std::int64_t>(std::uint64_t{1} << parameter.slot);
    };
    predicate.mask = bit(*criterion.parameter);
    for (const auto* other : criterion.or_parameters) predicate.mask |= bit(*other);
    predicate.sources.push_back(
        {"SELECT key FROM resource INDEXED BY resource_by_order WHERE type=? AND method<2 AND "
         "present & ? <> 0",
         {std::int64_t{predicate.type->number}, predicate.mask}});
  } else {
    // Every resource has an id and a time.
    predicate.kind = criterion.missing ? Predicate::Kind::nothing : Predicate::Kind::set;
    predicate.negated = false;
    predicate.sources.push_back(all_of_type(*predicate.type));
  }
  return predicate;
}

// The words were put in quotes by the parser.
Predicate words_predicate(Predicate predicate) {
  predicate.kind = Predicate::Kind::words;
  const bool is_narrative = predicate.criterion->column == fhir::Criterion::Column::narrative;
  for (const fhir::SearchValue& value : predicate.criterion->any_of) {
    const auto* words = std::get_if<fhir::StringValue>(&value);
    if (words == nullptr) continue;
    predicate.sources.push_back(
        {"SELECT r.key FROM full_text f CROSS JOIN resource r ON r.key=f.rowid WHERE f.full_text "
         "MATCH ? AND r.type=? AND r.method<2",
         {(is_narrative ? "narrative : (" : "(") + words->exact + ")",
          std::int64_t{predicate.type->number}}});
  }
  return predicate;
}

Predicate updated_predicate(Predicate predicate) {
  predicate.kind = Predicate::Kind::updated;
  for (const fhir::SearchValue& value : predicate.criterion->any_of) {
    const auto* date = std::get_if<fhir::DateValue>(&value);
    if (date == nullptr) continue;
    const LowRange range = narrow_range(*date);
    Sql sql{
        "SELECT key FROM (SELECT key, updated AS low, updated+1 AS high FROM resource INDEXED "
        "BY resource_by_updated WHERE type=? AND method<2 AND updated>=? AND updated<?) x WHERE ",
        {std::int64_t{predicate.type->number}, range.begin, range.end}};
    append_date_condition(*date, "x", sql);
    predicate.sources.push_back(std::move(sql));
  }
  return predicate;
}

}  // namespace

Result<std::optional<std::vector<std::int64_t>>> collect_keys(Database& database,
                                                              std::span<const Sql> sources,
                                                              std::size_t keys_max) {
  std::optional<std::vector<std::int64_t>> keys(std::in_place);
  for (const Sql& source : sources) {
    Query query(database, source);
    while (query.next()) {
      keys->push_back(query.integer(0));
      if (keys->size() > keys_max) return std::optional<std::vector<std::int64_t>>();
    }
    if (!query.ok()) return query.problem();
  }
  std::sort(keys->begin(), keys->end());
  keys->erase(std::unique(keys->begin(), keys->end()), keys->end());
  return keys;
}

Result<void> add_keys(Database& database, std::span<const Sql> sources, int column, KeySet& set) {
  for (const Sql& source : sources) {
    Query query(database, source);
    while (query.next()) set.add(query.integer(column));
    if (!query.ok()) return query.problem();
  }
  return {};
}

Sql all_of_type(const fhir::ResourceType& type) {
  return {"SELECT key FROM resource INDEXED BY resource_by_order WHERE type=? AND method<2",
          {std::int64_t{type.number}}};
}

namespace {

std::string name_of(const Predicate& predicate) {
  std::string name = fmt::format("{}", predicate.type->number);
  for (const Sql& source : predicate.sources) {
    name.append("\x1e").append(source.text);
    for (const Value& value : source.values) {
      name += '\x1f';
      if (const auto* integer = std::get_if<std::int64_t>(&value))
        name += fmt::format("{}", *integer);
      if (const auto* real = std::get_if<double>(&value)) name += fmt::format("{}", *real);
      if (const auto* text = std::get_if<std::string>(&value)) {
        name += fmt::format("{}:{}", text->size(), *text);
      }
    }
  }
  return name.append(predicate.unknown);
}

Result<FilterPredicate> make_filter(const fhir::FilterNode& node, const fhir::ResourceType& type,
                                    CodeSystems& systems, Database& database, std::string& name) {
  FilterPredicate made;
  made.node = &node;
  made.type = &type;
  name += fmt::format("\x1c{}{}(", static_cast<int>(node.kind), node.element);
  if (node.kind == fhir::FilterNode::Kind::criterion) {
    TRY(made.test, make_predicate(node.criterion, type, systems, database));
    // By the kind alone are `_id pr true` and `_id pr false` apart.
    name += fmt::format("{}{}{}", made.test.negated ? '-' : '+', static_cast<int>(made.test.kind),
                        made.test.name);
  }
  for (const fhir::FilterNode& part : node.nodes) {
    TRY(FilterPredicate inner, make_filter(part, type, systems, database, name));
    made.parts.push_back(std::move(inner));
  }
  name += ')';
  return made;
}

Result<Predicate> filter_predicate(Predicate predicate, CodeSystems& systems, Database& database) {
  predicate.kind = Predicate::Kind::filter;
  TRY(FilterPredicate filter, make_filter(*predicate.criterion->filter, *predicate.type, systems,
                                          database, predicate.name));
  predicate.filter = std::make_shared<const FilterPredicate>(std::move(filter));
  return predicate;
}

Result<Predicate> chain_predicate(Predicate predicate, CodeSystems& systems, Database& database) {
  const fhir::Chain& chain = *predicate.criterion->chain;
  ChainPredicate made;
  made.direction = chain.direction;
  predicate.kind = Predicate::Kind::chain;
  predicate.name =
      fmt::format("{}\x1c{}", predicate.type->number, static_cast<int>(chain.direction));
  for (const fhir::Chain::Arm& arm : chain.arms) {
    TRY(Predicate inner, make_predicate(arm.criterion, *arm.type, systems, database));
    const std::int64_t param =
        fhir::index_parameter(arm.reference->number(), fhir::IndexVariant::value);
    predicate.name += fmt::format("({}{}{}{})", param, inner.negated ? '-' : '+',
                                  static_cast<int>(inner.kind), inner.name);
    made.arms.push_back({param, std::move(inner)});
  }
  predicate.chain = std::make_shared<const ChainPredicate>(std::move(made));
  return predicate;
}

}  // namespace

Result<Predicate> make_predicate(const fhir::Criterion& criterion, const fhir::ResourceType& type,
                                 CodeSystems& systems, Database& database) {
  Predicate predicate;
  predicate.type = &type;
  predicate.criterion = std::make_shared<const fhir::Criterion>(criterion);
  predicate.negated = criterion.modifier == Modifier::not_;
  if (criterion.column == fhir::Criterion::Column::filter) {
    return filter_predicate(std::move(predicate), systems, database);
  }
  if (criterion.column == fhir::Criterion::Column::chain) {
    return chain_predicate(std::move(predicate), systems, database);
  }
  if (criterion.modifier == Modifier::missing) {
    predicate = missing_predicate(std::move(predicate));
  } else if (criterion.column == fhir::Criterion::Column::narrative ||
             criterion.column == fhir::Criterion::Column::content) {
    predicate = words_predicate(std::move(predicate));
  } else if (criterion.column == fhir::Criterion::Column::last_updated) {
    predicate = updated_predicate(std::move(predicate));
  } else {
    TRY_DO(compile_values(predicate, systems, database, fhir::index_variant(criterion.modifier)));
    std::sort(predicate.pairs.begin(), predicate.pairs.end());
    predicate.pairs.erase(std::unique(predicate.pairs.begin(), predicate.pairs.end()),
                          predicate.pairs.end());
    const bool dates = std::all_of(
        criterion.any_of.begin(), criterion.any_of.end(),
        [](const auto& value) { return std::holds_alternative<fhir::DateValue>(value); });
    const bool only_pairs =
        std::all_of(predicate.sources.begin(), predicate.sources.end(), [](const Sql& source) {
          return source.text == rows_of_code || source.text == rows_of_code_and_system;
        });
    if (predicate.sources.empty()) {
      predicate.kind = Predicate::Kind::nothing;
    } else if (only_pairs && predicate.pairs.size() <= probed_pairs_max) {
      predicate.kind = Predicate::Kind::token;
    } else if (dates && criterion.parameter != nullptr && criterion.parameter == type.order &&
               criterion.any_of.size() <= probed_pairs_max) {
      predicate.kind = Predicate::Kind::order;
    } else {
      predicate.kind = Predicate::Kind::set;
    }
  }
  predicate.name = name_of(predicate);
  return predicate;
}

Result<std::optional<std::vector<Sql>>> contained_sources(const fhir::Criterion& criterion,
                                                          const fhir::ResourceType& type,
                                                          CodeSystems& systems,
                                                          Database& database) {
  const bool has_rows = criterion.column == fhir::Criterion::Column::index &&
                        criterion.modifier != Modifier::not_ &&
                        criterion.modifier != Modifier::missing &&
                        fhir::index_variant(criterion.modifier) == IndexVariant::value;
  if (!has_rows) return std::optional<std::vector<Sql>>();
  Predicate predicate;
  predicate.type = &type;
  predicate.criterion = std::make_shared<const fhir::Criterion>(criterion);
  TRY_DO(compile_values(predicate, systems, database, IndexVariant::contained));
  return std::optional(std::move(predicate.sources));
}

}  // namespace lightbox::store
