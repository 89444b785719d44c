#include <algorithm>

#include "store/predicate.h"
#include "store/rows.h"

namespace lightbox::store {

using fhir::Prefix;

// R4, search.html#prefix, on half-open intervals: the search value is [L, H), the resource's [l,
// h).
bool date_matches(const fhir::DateValue& value, std::int64_t low, std::int64_t high) {
  const auto [L, H] = value.interval;
  const bool contained = L <= low && high <= H;
  switch (value.prefix) {
    case Prefix::eq:
      return contained;
    case Prefix::ne:
      return !contained;
    case Prefix::gt:
      return high > H;
    case Prefix::lt:
      return low < L;
    case Prefix::ge:
      return high > H || contained;
    case Prefix::le:
      return low < L || contained;
    case Prefix::sa:
      return low >= H;
    case Prefix::eb:
      return high <= L;
    case Prefix::ap:
      return low < H && high > L;
    case Prefix::co:
      return low <= L && H <= high;
  }
  return false;
}

void append_date_condition(const fhir::DateValue& value, std::string_view alias, Sql& sql) {
  const std::string low = std::string(alias) + ".low";
  const std::string high = std::string(alias) + ".high";
  const auto [L, H] = value.interval;
  const auto add = [&sql](std::string_view text, std::initializer_list<std::int64_t> values) {
    sql.text += text;
    for (const std::int64_t each : values) sql.values.emplace_back(each);
  };
  switch (value.prefix) {
    case Prefix::eq:
      return add("(" + low + ">=? AND " + high + "<=?)", {L, H});
    case Prefix::ne:
      return add("(" + low + "<? OR " + high + ">?)", {L, H});
    case Prefix::gt:
      return add(high + ">?", {H});
    case Prefix::lt:
      return add(low + "<?", {L});
    case Prefix::ge:
      return add("(" + high + ">? OR (" + low + ">=? AND " + high + "<=?))", {H, L, H});
    case Prefix::le:
      return add("(" + low + "<? OR (" + low + ">=? AND " + high + "<=?))", {L, L, H});
    case Prefix::sa:
      return add(low + ">=?", {H});
    case Prefix::eb:
      return add(high + "<=?", {L});
    case Prefix::ap:
      return add("(" + low + "<? AND " + high + ">?)", {H, L});
    case Prefix::co:
      return add("(" + low + "<=? AND " + high + ">=?)", {L, H});
  }
}

LowRange narrow_range(const fhir::DateValue& value) {
  const auto [L, H] = value.interval;
  switch (value.prefix) {
    case Prefix::eq:
      return {L, H};
    case Prefix::ne:
      return {};
    case Prefix::gt:
      return {H - day_ms, INT64_MAX};
    case Prefix::lt:
      return {INT64_MIN, L};
    case Prefix::ge:
      return {std::min(L, H - day_ms), INT64_MAX};
    case Prefix::le:
      return {INT64_MIN, H};
    case Prefix::sa:
      return {H, INT64_MAX};
    case Prefix::eb:
      return {INT64_MIN, L};
    case Prefix::ap:
      return {L - day_ms, H};
    case Prefix::co:
      return {H - day_ms, L + 1};
  }
  return {};
}

LowRange wide_range(const fhir::DateValue& value) {
  LowRange range = narrow_range(value);
  const bool bounded = value.prefix == Prefix::eq || value.prefix == Prefix::sa;
  if (!bounded) range.begin = INT64_MIN;
  return range;
}

LowRange certain_range(const fhir::DateValue& value) {
  const auto [L, H] = value.interval;
  switch (value.prefix) {
    case Prefix::eq:
    case Prefix::eb:
    case Prefix::co:
      return {0, 0};
    case Prefix::ne:
    case Prefix::lt:
    case Prefix::le:
      return {INT64_MIN, L};
    case Prefix::gt:
    case Prefix::sa:
      return {H, INT64_MAX};
    case Prefix::ge:
      return {L, INT64_MAX};
    case Prefix::ap:
      return {L, H};
  }
  return {0, 0};
}

// With gt, lt, ge, le, sa and eb the number is exact; otherwise it stands for the range of its
// precision, [low, high).
bool number_matches(const fhir::NumberValue& value, double low, double high) {
  switch (value.prefix) {
    case Prefix::eq:
      return value.low <= low && high < value.high;
    case Prefix::ne:
      return !(value.low <= low && high < value.high);
    case Prefix::gt:
      return high > value.value;
    case Prefix::lt:
      return low < value.value;
    case Prefix::ge:
      return high >= value.value;
    case Prefix::le:
      return low <= value.value;
    case Prefix::sa:
      return low > value.value;
    case Prefix::eb:
      return high < value.value;
    case Prefix::ap:
      return low < value.high && high >= value.low;
    case Prefix::co:
      break;
  }
  return false;
}

namespace {

bool token_matches(const fhir::TokenValue& value, const std::optional<std::string>& system,
                   std::string_view code) {
  if (value.system && (!system || *system != *value.system)) return false;
  return !value.code || *value.code == code;
}

// As the rows are: where the codes are alike, only a system can differ.
bool token_differs(const fhir::TokenValue& value, const fhir::TokenEntry& entry) {
  if (value.code && !entry.code.empty() && entry.code != *value.code) return true;
  if (!value.system || !entry.system) return false;
  return !token_matches(value, entry.system, entry.code);
}

bool units_match(const fhir::NumberValue& value, std::string_view system, std::string_view code,
                 std::string_view unit) {
  if (value.system && !value.system->empty()) {
    return system == *value.system && (!value.code || code == *value.code);
  }
  return !value.code || code == *value.code || unit == *value.code;
}

// As the operators of a _filter compare, byte by byte; `parameter` is not theirs.
bool text_matches(fhir::Comparison comparison, std::string_view text, std::string_view wanted) {
  using fhir::Comparison;
  switch (comparison) {
    case Comparison::parameter:
    case Comparison::equal:
      return text == wanted;
    case Comparison::unequal:
      return text != wanted;
    case Comparison::contains:
      return text.find(wanted) != std::string_view::npos;
    case Comparison::starts:
      return text.starts_with(wanted);
    case Comparison::ends:
      return text.ends_with(wanted);
    case Comparison::greater:
      return text > wanted;
    case Comparison::less:
      return text < wanted;
    case Comparison::greater_or_equal:
      return text >= wanted;
    case Comparison::less_or_equal:
      return text <= wanted;
  }
  return false;
}

bool string_matches(const fhir::Criterion& criterion, const fhir::StringValue& value,
                    const fhir::StringEntry& entry) {
  if (criterion.comparison != fhir::Comparison::parameter) {
    return text_matches(criterion.comparison, entry.normalised, value.normalised);
  }
  switch (criterion.modifier) {
    case fhir::Modifier::exact:
      return entry.exact == value.exact;
    case fhir::Modifier::contains:
    case fhir::Modifier::text:
      return entry.normalised.find(value.normalised) != std::string::npos;
    default:
      return entry.normalised.starts_with(value.normalised);
  }
}

bool contains(const std::vector<std::string>& targets, std::string_view code) {
  return std::find(targets.begin(), targets.end(), code) != targets.end();
}

// One component of a composite; `low`, `high`: the interval that belongs to it.
struct PartMatcher {
  const fhir::CompositeEntry& entry;
  std::string_view system;
  std::string_view code;
  double low;
  double high;

  bool operator()(const fhir::TokenValue& value) const {
    return token_matches(value, std::string(system), code);
  }
  bool operator()(const fhir::StringValue& value) const {
    return code.starts_with(value.normalised);
  }
  bool operator()(const fhir::DateValue& value) const {
    return date_matches(value, static_cast<std::int64_t>(low), static_cast<std::int64_t>(high));
  }
  bool operator()(const fhir::NumberValue& value) const {
    return number_matches(value, low, high) && units_match(value, system, code, code);
  }
  bool operator()(const fhir::ReferenceValue& value) const { return contains(value.targets, code); }
};

bool composite_matches(const fhir::CompositeValue& value, const fhir::CompositeEntry& entry) {
  const PartMatcher parts[] = {
      {entry, entry.first_system, entry.first, entry.low, entry.high},
      {entry, entry.second_system, entry.second, entry.low, entry.high},
      {entry, entry.second_system, entry.second, entry.low2, entry.high2},
  };
  for (std::size_t i = 0; i < value.parts.size() && i < std::size(parts); ++i) {
    if (!std::visit(parts[i], value.parts[i])) return false;
  }
  return true;
}

struct ValueMatcher {
  const fhir::Criterion& criterion;
  std::uint32_t parameter;
  const ResourceChange& resource;

  template <typename Entries, typename Matches>
  bool any(const Entries& entries, Matches matches) const {
    return std::any_of(entries.begin(), entries.end(), [&](const auto& entry) {
      return entry.parameter == parameter && matches(entry);
    });
  }

  bool operator()(const fhir::TokenValue& value) const {
    if (criterion.modifier == fhir::Modifier::below) {
      const std::string url = value.code.value_or("");
      return any(resource.entries->tokens, [&](const fhir::TokenEntry& entry) {
        return entry.code == url || entry.code.starts_with(url + '/');
      });
    }
    const fhir::Comparison comparison = criterion.comparison;
    return any(resource.entries->tokens, [&](const fhir::TokenEntry& entry) {
      if (comparison == fhir::Comparison::unequal) return token_differs(value, entry);
      if (comparison != fhir::Comparison::parameter) {
        return !entry.code.empty() && text_matches(comparison, entry.code, value.code.value_or(""));
      }
      return token_matches(value, entry.system, entry.code);
    });
  }
  bool operator()(const fhir::StringValue& value) const {
    return any(resource.entries->strings, [&](const fhir::StringEntry& entry) {
      return string_matches(criterion, value, entry);
    });
  }
  bool operator()(const fhir::DateValue& value) const {
    return any(resource.entries->dates, [&](const fhir::DateEntry& entry) {
      return date_matches(value, entry.low, entry.high);
    });
  }
  bool operator()(const fhir::NumberValue& value) const {
    return any(resource.entries->numbers, [&](const fhir::NumberEntry& entry) {
      return number_matches(value, entry.low, entry.high) &&
             units_match(value, entry.system, entry.code, entry.unit);
    });
  }
  bool operator()(const fhir::ReferenceValue& value) const {
    return any(resource.entries->tokens, [&](const fhir::TokenEntry& entry) {
      if (criterion.comparison != fhir::Comparison::unequal) {
        return contains(value.targets, entry.code);
      }
      return !entry.code.empty() && !contains(value.targets, entry.code);
    });
  }
  bool operator()(const fhir::UidValue& value) const {
    return any(resource.entries->uids,
               [&](const fhir::UidEntry& entry) { return entry.uid == value.uid; });
  }
  bool operator()(const fhir::CompositeValue& value) const {
    return any(resource.entries->composites, [&](const fhir::CompositeEntry& entry) {
      const bool is_unequal = criterion.comparison == fhir::Comparison::unequal;
      return composite_matches(value, entry) != is_unequal;
    });
  }
  bool operator()(const fhir::IdValue&) const { return false; }
};

bool parameter_matches(const fhir::Criterion& criterion, const fhir::SearchParameter& parameter,
                       const ResourceChange& resource) {
  if (criterion.modifier == fhir::Modifier::missing) {
    return (resource.entries->present >> parameter.slot & 1U) != 0;
  }
  const ValueMatcher matcher{
      criterion, fhir::index_parameter(parameter.number(), fhir::index_variant(criterion.modifier)),
      resource};
  return std::any_of(criterion.any_of.begin(), criterion.any_of.end(),
                     [&](const fhir::SearchValue& value) { return std::visit(matcher, value); });
}

}  // namespace

bool matches(const fhir::Criterion& criterion, const ResourceChange& resource) {
  const bool missing = criterion.modifier == fhir::Modifier::missing;
  switch (criterion.column) {
    case fhir::Criterion::Column::id:
      return missing || std::any_of(criterion.any_of.begin(), criterion.any_of.end(),
                                    [&](const fhir::SearchValue& value) {
                                      const auto* id = std::get_if<fhir::IdValue>(&value);
                                      return id != nullptr && id->id == resource.id;
                                    });
    case fhir::Criterion::Column::last_updated:
      return missing ||
             std::any_of(criterion.any_of.begin(), criterion.any_of.end(),
                         [&](const fhir::SearchValue& value) {
                           const auto* date = std::get_if<fhir::DateValue>(&value);
                           return date != nullptr &&
                                  date_matches(*date, resource.updated_ms, resource.updated_ms + 1);
                         });
    case fhir::Criterion::Column::filter:
      return satisfies(*criterion.filter, resource);
    case fhir::Criterion::Column::narrative:
    case fhir::Criterion::Column::content:
    case fhir::Criterion::Column::chain:
      return false;  // one resource does not tell; no cached set is made of it
    case fhir::Criterion::Column::index:
      break;
  }
  if (parameter_matches(criterion, *criterion.parameter, resource)) return true;
  return std::any_of(
      criterion.or_parameters.begin(), criterion.or_parameters.end(),
      [&](const auto* other) { return parameter_matches(criterion, *other, resource); });
}

bool satisfies(const fhir::FilterNode& node, const ResourceChange& resource) {
  using Kind = fhir::FilterNode::Kind;
  const auto holds = [&](const fhir::FilterNode& part) { return satisfies(part, resource); };
  switch (node.kind) {
    case Kind::criterion: {
      const fhir::Criterion& criterion = node.criterion;
      const bool is_negated = criterion.modifier == fhir::Modifier::not_ ||
                              (criterion.modifier == fhir::Modifier::missing && criterion.missing);
      return matches(criterion, resource) != is_negated;
    }
    case Kind::all_of:
      return std::all_of(node.nodes.begin(), node.nodes.end(), holds);
    case Kind::any_of:
      return std::any_of(node.nodes.begin(), node.nodes.end(), holds);
    case Kind::not_:
      return !holds(node.nodes.front());
    case Kind::element:
      break;
  }
  return false;
}

}  // namespace lightbox::store
