#include "rest/transaction.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <set>

#include "base/new_id.h"
#include "fhir/resource.h"
#include "rest/condition.h"
#include "rest/respond.h"

namespace lightbox::rest {
namespace {

using Kind = store::Operation::Kind;

// R4, http.html#trules: DELETE, then POST, then PUT.
int order_of(Kind kind) {
  switch (kind) {
    case Kind::remove:
      return 0;
    case Kind::create:
      return 1;
    case Kind::put:
      return 2;
    case Kind::check:
      return 3;
  }
  return 3;
}

// Names the entry in each issue that does not name a place in it already.
Problem in_entry(std::size_t index, Problem problem) {
  const std::string expression = entry_expression(index);
  for (Issue& issue : problem.issues) {
    if (issue.expression.starts_with(expression)) continue;
    if (!issue.expression.empty()) issue.diagnostics.insert(0, issue.expression + ": ");
    issue.expression = expression;
  }
  return problem;
}

Problem not_possible(const BundleEntry& entry) {
  return problem(ProblemKind::not_supported, "not-supported",
                 fmt::format("{} {} is not possible in a transaction; nothing was changed",
                             http::name(entry.method), entry.url),
                 entry_expression(entry.index) + ".request");
}

// "http://x/fhir/" of "http://x/fhir/Patient/1"; empty when it is not of that form.
std::string_view restful_base(std::string_view full_url) {
  if (!full_url.starts_with("http://") && !full_url.starts_with("https://")) return {};
  const auto last = full_url.rfind('/');
  if (!fhir::is_id(full_url.substr(last + 1))) return {};
  const auto before = full_url.rfind('/', last - 1);
  if (before == std::string_view::npos) return {};
  const auto type = full_url.substr(before + 1, last - before - 1);
  return fhir::Definitions::r4().resource_type(type) == nullptr ? std::string_view()
                                                                : full_url.substr(0, before + 1);
}

}  // namespace

Result<void> Transaction::prepare() {
  Problem wrongs{.kind = ProblemKind::invalid, .issues = {}};
  for (const BundleEntry& entry : bundle_.entries) {
    if (entry.is_read()) continue;
    auto write = parse_write(entry);
    if (write) {
      writes_.push_back(std::move(*write));
      continue;
    }
    Problem problem = in_entry(entry.index, std::move(write).error());
    if (problem.kind != ProblemKind::invalid) return problem;
    for (Issue& issue : problem.issues) wrongs.issues.push_back(std::move(issue));
    if (wrongs.issues.size() >= call_.api.options().limits.issues_max) break;
  }
  if (!wrongs.issues.empty()) return wrongs;
  std::ranges::stable_sort(writes_, {}, [](const Write& write) { return order_of(write.kind); });
  written_.resize(bundle_.entries.size());
  for (const Write& write : writes_) written_[write.entry->index] = &write.written;
  return check_once();
}

Result<Transaction::Write> Transaction::parse_write(const BundleEntry& entry) {
  Write write;
  write.entry = &entry;
  TRY_DO(parse_target(entry, write));
  TRY_DO(parse_condition_of(entry, write));
  if (write.kind != Kind::create) {  // as the headers of a create, they say nothing
    TRY(write.preconditions, preconditions(entry.if_match, entry.if_none_match));
  }
  if (entry.method == http::Method::patch) {
    TRY_DO(read_patch_of(entry, write));
  } else if (write.kind != Kind::remove) {
    TRY_DO(check_resource(entry, write));
    if (write.id.empty()) write.id = new_id();
  }
  write.written.type = write.type;
  return write;
}

// method and url: POST type; PUT, PATCH and DELETE type/id or type?criteria.
Result<void> Transaction::parse_target(const BundleEntry& entry, Write& write) {
  if (entry.method == http::Method::post) {
    write.kind = Kind::create;
  } else if (entry.method == http::Method::put || entry.method == http::Method::patch) {
    write.kind = Kind::put;
  } else if (entry.method == http::Method::delete_) {
    write.kind = Kind::remove;
  } else {
    return not_possible(entry);
  }
  const auto slash = entry.path.find('/');
  const auto name = entry.path.substr(0, slash);
  write.type = fhir::Definitions::r4().resource_type(name);
  const std::string expression = entry_expression(entry.index) + ".request.url";
  if (write.type == nullptr) {
    if (name.starts_with('$')) return not_possible(entry);
    return problem(ProblemKind::invalid, "not-found",
                   fmt::format("'{}' is not a resource type of FHIR R4", name), expression);
  }
  if (slash != std::string_view::npos) write.id = entry.path.substr(slash + 1);
  if (write.kind == Kind::create) {
    if (write.id.empty() && entry.query.empty()) return {};
    return not_possible(entry);
  }
  if (write.id.empty() != entry.query.empty() && (write.id.empty() || fhir::is_id(write.id))) {
    return {};
  }
  return problem(ProblemKind::invalid, "value",
                 fmt::format("request.url is '{0}'; for {1} it must be {2}/[id] or {2}?[criteria]",
                             entry.url, http::name(entry.method), write.type->name),
                 expression);
}

Result<void> Transaction::parse_condition_of(const BundleEntry& entry, Write& write) {
  const bool is_create = write.kind == Kind::create;
  const std::string_view criteria = is_create ? entry.if_none_exist : entry.query;
  if (criteria.empty()) return {};
  auto query = parse_criteria(call_, *write.type,
                              is_create ? std::string(criteria) : fmt::format("?{}", criteria));
  if (!query) {
    Problem failure = std::move(query).error();
    for (Issue& issue : failure.issues) {
      issue.expression = fmt::format("{}.request.{}", entry_expression(entry.index),
                                     is_create ? "ifNoneExist" : "url");
    }
    return failure;
  }
  write.condition = Resolution{.query = std::move(*query), .id = {}, .entry = entry.index};
  return {};
}

Result<void> Transaction::check_resource(const BundleEntry& entry, Write& write) {
  const std::string place = entry_expression(entry.index) + ".resource";
  if (entry.resource == nullptr) {
    return problem(ProblemKind::invalid, "required",
                   fmt::format("{} {} needs a resource", http::name(entry.method), entry.url),
                   place);
  }
  const std::string_view name = entry.resource->string("resourceType");
  auto issues = fhir::validate(*entry.resource, place, call_.api.options().limits);
  if (!issues.empty()) return Problem{.kind = ProblemKind::invalid, .issues = std::move(issues)};
  if (name != write.type->name) {
    return problem(ProblemKind::invalid, "invalid",
                   fmt::format("The resource is of resourceType '{}', but request.url says '{}'",
                               name, write.type->name),
                   place);
  }
  if (write.kind != Kind::put) return {};
  const std::string_view id = entry.resource->string("id");
  if (write.condition) {
    write.id = id;
    write.is_id_fixed = !id.empty();
    return {};
  }
  if (id == write.id) return {};
  return problem(
      ProblemKind::invalid, id.empty() ? "required" : "value",
      fmt::format("The resource's id is '{}'; it must be request.url's, '{}'", id, write.id),
      place + ".id");
}

Result<void> Transaction::read_patch_of(const BundleEntry& entry, Write& write) {
  TRY(const auto given, patch_of(entry));
  TRY(const PatchFormat format, patch_format(given.content_type));
  TRY(write.patch, read_patch(given.text, format, call_.api.options().limits));
  return {};
}

// R4: a resource may be in a transaction once; and bdl-7: so may a fullUrl. What conditions mean is
// left to the writer.
Result<void> Transaction::check_once() const {
  std::set<std::pair<const fhir::ResourceType*, std::string_view>> resources;
  std::set<std::string_view> full_urls;
  for (const Write& write : writes_) {
    const bool is_known = !write.condition && write.kind != Kind::create;
    if (is_known && !resources.emplace(write.type, write.id).second) {
      return problem(ProblemKind::invalid, "duplicate",
                     fmt::format("{}/{} is written by an earlier entry too; a resource may be "
                                 "written once in a transaction",
                                 write.type->name, write.id),
                     entry_expression(write.entry->index));
    }
    const std::string_view full_url = write.entry->full_url;
    if (!full_url.empty() && !full_urls.insert(full_url).second) {
      return problem(ProblemKind::invalid, "duplicate",
                     fmt::format("The fullUrl '{}' is an earlier entry's too (bdl-7)", full_url),
                     entry_expression(write.entry->index) + ".fullUrl");
    }
  }
  return {};
}

// --- One try -------------------------------------------------------------------------------------

Result<std::vector<store::Operation>> Transaction::operations(Searches searches) {
  searches_ = searches;
  TRY_DO(resolve_conditions());
  map_full_urls();
  std::vector<store::Operation> operations;
  operations.reserve(writes_.size() + references_.size());
  for (Write& write : writes_) {
    if (write.patch) {
      auto operation = patch_operation_of(write);
      if (!operation) return in_entry(write.entry->index, std::move(operation).error());
      operations.push_back(std::move(*operation));
      continue;
    }
    TRY_DO(rewrite(write));
    TRY(auto operation, operation_of(write));
    operations.push_back(std::move(operation));
  }
  // R4's last step, so that conditional references find what the transaction writes.
  for (const auto& [text, resolution] : references_) {
    store::Operation check;
    check.kind = Kind::check;
    check.type = resolution.query->type;
    check.condition = store::Condition{.query = resolution.query, .expected = resolution.id};
    operations.push_back(std::move(check));
  }
  return operations;
}

Result<void> Transaction::resolve_conditions() {
  for (Write& write : writes_) {
    if (!write.condition || write.kind == Kind::remove) continue;
    auto done = write.condition->id ? Result<void>() : resolve(*write.condition);
    if (!done) return in_entry(write.entry->index, std::move(done).error());
    if (!write.patch) continue;
    write.id = *write.condition->id;
    if (write.id.empty()) {
      return problem(
          ProblemKind::not_found, "not-found",
          fmt::format("No {} matches the criteria; a patch does not create", write.type->name),
          entry_expression(write.entry->index));
    }
  }
  return {};
}

// Several matches fail here already; so would they in the writer.
Result<void> Transaction::resolve(Resolution& resolution) {
  if (searches_ == Searches::refused) {
    return problem(ProblemKind::too_costly, "A search is needed");
  }
  const store::Effort effort{.time_us = call_.api.options().limits.search_timeout_ms * 1000};
  TRY(resolution.id, find_match(call_.api.store(), *resolution.query, effort));
  return {};
}

void Transaction::map_full_urls() {
  full_urls_.clear();
  for (Write& write : writes_) {
    if (write.kind == Kind::remove) continue;
    const bool is_match = write.condition && !write.condition->id->empty();
    write.written.id = is_match ? *write.condition->id : write.id;
    if (!write.entry->full_url.empty()) full_urls_.emplace(write.entry->full_url, &write);
  }
}

Result<void> Transaction::rewrite(Write& write) {
  for (const fhir::UrlEdit& edit : write.edits) edit.value->text = edit.before;
  write.edits.clear();
  if (write.entry->resource == nullptr || write.kind == Kind::remove) return {};
  write.edits = rewrite_in(write, bundle_.document, *write.entry->resource);
  if (failure_) return in_entry(write.entry->index, std::move(*failure_));
  return {};
}

std::vector<fhir::UrlEdit> Transaction::rewrite_in(const Write& write, fhir::JsonDocument& document,
                                                   fhir::Json& resource) {
  failure_.reset();
  return fhir::rewrite_urls(document, resource, [this, &write](const fhir::FoundUrl& url) {
    return rewrite_url(write, url);
  });
}

std::optional<std::string> Transaction::rewrite_url(const Write& write, const fhir::FoundUrl& url) {
  const bool is_reference = url.place == fhir::FoundUrl::Place::reference;
  if (const Write* target = target_of(write, url)) {
    const auto& targets =
        url.type != nullptr ? url.type->targets : std::vector<const fhir::ResourceType*>();
    if (!targets.empty() && std::ranges::find(targets, target->type) == targets.end()) {
      failure_ = problem(ProblemKind::invalid, "structure",
                         fmt::format("'{}' is a {}, which must not be referred to here", url.text,
                                     target->type->name),
                         entry_expression(write.entry->index) + ".resource");
    }
    const auto fragment = url.text.find('#');
    return fmt::format("{}/{}{}", target->type->name, target->written.id,
                       fragment == std::string_view::npos ? "" : url.text.substr(fragment));
  }
  if (is_reference && url.text.find('?') != std::string_view::npos) {
    return rewrite_conditional(write, url.text);
  }
  return std::nullopt;
}

// R4, bundle.html#references: by fullUrl; a relative reference is relative to the referring entry's
// own RESTful base.
const Transaction::Write* Transaction::target_of(const Write& write,
                                                 const fhir::FoundUrl& url) const {
  const std::string_view text = url.text.substr(0, url.text.find('#'));
  if (text.empty()) return nullptr;
  if (const auto found = full_urls_.find(text); found != full_urls_.end()) return found->second;
  if (url.place != fhir::FoundUrl::Place::reference || text.find(':') != std::string_view::npos) {
    return nullptr;
  }
  const std::string_view base = restful_base(write.entry->full_url);
  if (base.empty()) return nullptr;
  const auto found = full_urls_.find(fmt::format("{}{}", base, text));
  return found == full_urls_.end() ? nullptr : found->second;
}

// "Patient?identifier=…"
std::optional<std::string> Transaction::rewrite_conditional(const Write& write,
                                                            std::string_view text) {
  std::string_view relative = text;
  if (relative.starts_with(call_.base + "/")) relative.remove_prefix(call_.base.size() + 1);
  const auto* type = fhir::Definitions::r4().resource_type(relative.substr(0, relative.find('?')));
  if (type == nullptr) return std::nullopt;
  auto found = references_.find(relative);
  if (found == references_.end()) {
    auto query = parse_criteria(call_, *type, relative);
    if (!query) {
      failure_ = std::move(query).error();
      return std::nullopt;
    }
    Resolution resolution{.query = std::move(*query), .id = {}, .entry = write.entry->index};
    if (auto done = resolve(resolution); !done) {
      failure_ = std::move(done).error();
      return std::nullopt;
    }
    found = references_.emplace(relative, std::move(resolution)).first;
  }
  // Without a match the writer decides: the transaction itself may write one.
  const std::string& id = *found->second.id;
  if (id.empty()) return std::nullopt;
  return fmt::format("{}/{}", type->name, id);
}

// The version that a reader finds, patched. Nothing to change: it must still be that one.
Result<store::Operation> Transaction::patch_operation_of(const Write& write) {
  const Limits& limits = call_.api.options().limits;
  TRY(const auto current, call_.api.store().read(*write.type, write.id));
  TRY_DO(write.preconditions.check(*write.type, write.id, {current.version, true}));
  TRY(auto patched, apply_patch(*write.patch, current, limits));
  rewrite_in(write, patched, *patched.root());
  if (failure_) return std::move(*failure_);
  TRY(auto operation, patch_operation(*patched.root(), current, call_.api.index_options(), limits));
  if (operation.body == current.body) operation.kind = Kind::check;
  operation.is_once = true;
  if (write.condition) {
    operation.condition =
        store::Condition{.query = write.condition->query, .expected = write.condition->id};
  }
  return operation;
}

Result<store::Operation> Transaction::operation_of(const Write& write) const {
  store::Operation operation;
  operation.kind = write.kind;
  operation.type = write.type;
  operation.id = write.id;
  operation.preconditions = write.preconditions;
  operation.is_once = true;
  if (write.kind != Kind::remove) {
    const fhir::Json& resource = *write.entry->resource;
    operation.body = fhir::to_stored(resource);
    operation.index = fhir::index_resource(*write.type, resource, call_.api.index_options());
  }
  if (write.condition) {
    const bool is_remove = write.kind == Kind::remove;
    operation.condition =
        store::Condition{.query = write.condition->query,
                         .expected = write.condition->id,
                         .matches_max = is_remove ? conditional_delete_max(call_.api.options()) : 1,
                         .is_id_fixed = write.is_id_fixed};
  }
  return operation;
}

bool Transaction::settle(std::span<const store::OperationResult> results) {
  bool is_done = true;
  auto reference = references_.begin();
  for (std::size_t i = 0; i < results.size(); ++i) {
    const store::OperationResult& result = results[i];
    Write* write = i < writes_.size() ? &writes_[i] : nullptr;
    Resolution* checked = write == nullptr ? &(reference++)->second : nullptr;
    if (result.outcome == store::OperationResult::Outcome::other_match) {
      is_done = false;
      (write != nullptr ? *write->condition : *checked).id = result.id;
    } else if (write != nullptr) {
      write->written.result = result;
      if (write->kind == Kind::remove) {
        write->written.id = result.id.empty() ? write->id : result.id;
      }
    }
  }
  return is_done;
}

// "operation[3]": the store says so when there are several.
std::optional<std::size_t> Transaction::operation_index(const Issue& issue) const {
  constexpr std::string_view prefix = "operation[";
  std::size_t index = 0;
  if (issue.expression.starts_with(prefix)) {
    const char* digits = issue.expression.data() + prefix.size();
    std::from_chars(digits, issue.expression.data() + issue.expression.size(), index);
  } else if (writes_.size() + references_.size() != 1) {
    return std::nullopt;
  }
  return index;
}

Problem Transaction::explain(Problem problem) const {
  for (Issue& issue : problem.issues) {
    const auto index = operation_index(issue);
    if (!index) continue;
    if (*index < writes_.size()) {
      issue.expression = entry_expression(writes_[*index].entry->index);
      continue;
    }
    const auto at = static_cast<std::ptrdiff_t>(*index - writes_.size());
    const auto& [text, resolution] = *std::next(references_.begin(), at);
    issue.diagnostics = fmt::format("Reference '{}': {}", text, issue.diagnostics);
    issue.expression = entry_expression(resolution.entry);
  }
  return problem;
}

bool Transaction::is_overtaken(const Problem& problem) const {
  if (problem.kind != ProblemKind::precondition_failed) return false;
  return std::ranges::any_of(problem.issues, [this](const Issue& issue) {
    const auto index = operation_index(issue);
    return index && *index < writes_.size() && writes_[*index].patch && issue.code == "conflict";
  });
}

}  // namespace lightbox::rest
