#include "store/full_text.h"

#include <fmt/format.h>
#include <string>
#include <vector>

#include "base/log.h"
#include "fhir/full_text.h"
#include "fhir/json.h"
#include "fhir/resource.h"
#include "store/codec.h"
#include "store/index_options.h"
#include "store/store.h"

namespace lightbox::store {
namespace {

constexpr std::int64_t slice = 1'000;  // resources in one transaction

Result<void> run(Database& writer, std::string_view sql, const Text& text, std::int64_t resource) {
  if (text.narrative.empty() && text.content.empty()) return {};
  Query query(writer, sql);
  query.bind(resource).bind(text.narrative).bind(text.content);
  if (!query.run()) return query.problem();
  return {};
}

struct Words {
  std::string narrative;
  std::string content;
};

Words words_of(const fhir::Json& resource, fhir::FullText choice) {
  Words words;
  if (choice != fhir::FullText::none) words.narrative = fhir::narrative_text(resource);
  if (choice == fhir::FullText::content) words.content = fhir::content_text(resource);
  return words;
}

struct Change {
  std::int64_t from = 0;  // index_options.id
  std::int64_t to = 0;
  fhir::FullText was = fhir::FullText::none;
  fhir::FullText wanted = fhir::FullText::none;
};

Result<std::int64_t> find_or_make_options(Database& writer, const std::string& text) {
  Query insert(writer, "INSERT OR IGNORE INTO index_options (text) VALUES (?)");
  insert.bind(std::string_view(text));
  if (!insert.run()) return insert.problem();
  Query query(writer, "SELECT id FROM index_options WHERE text=?");
  query.bind(std::string_view(text));
  if (!query.next()) return query.problem();
  return query.integer(0);
}

// The next resources with these options; the key of the last one, 0 when there are none.
Result<std::int64_t> change_slice(Database& writer, const Change& change, std::int64_t after) {
  struct Found {
    std::int64_t key = 0;
    std::string body;
  };
  std::vector<Found> found;
  {
    Query query(writer,
                "SELECT key, method, body FROM resource WHERE key>? AND options=? ORDER BY key "
                "LIMIT ?");
    query.bind(after).bind(change.from).bind(slice);
    while (query.next()) {
      const bool is_live = static_cast<Method>(query.integer(1)) != Method::remove;
      found.push_back({query.integer(0), is_live ? std::string(query.blob(2)) : std::string()});
    }
    if (!query.ok()) return query.problem();
  }
  for (const Found& resource : found) {
    if (!resource.body.empty()) {
      const auto body = decompress_body(resource.body);
      if (!body) {
        return problem(ProblemKind::internal,
                       fmt::format("The resource of key {} is damaged in the store", resource.key));
      }
      // Neither type, id nor version is a word of the text.
      std::string text;
      fhir::append_resource({"Basic", "x", 1, 0}, *body, text);
      TRY(const fhir::JsonDocument document, fhir::parse_json(text));
      const Words before = words_of(*document.root(), change.was);
      const Words now = words_of(*document.root(), change.wanted);
      TRY_DO(delete_text(writer, {before.narrative, before.content}, resource.key));
      TRY_DO(insert_text(writer, {now.narrative, now.content}, resource.key));
    }
    Query update(writer, "UPDATE resource SET options=? WHERE key=?");
    update.bind(change.to).bind(resource.key);
    if (!update.run()) return update.problem();
  }
  return found.empty() ? 0 : found.back().key;
}

Result<void> change_all(Database& writer, const Change& change) {
  log(LogLevel::info, "indexing_text_anew", {{"reason", "full_text has changed"}});
  for (std::int64_t key = 0;;) {
    TRY_DO(writer.execute("BEGIN IMMEDIATE"));
    const auto last = change_slice(writer, change, key);
    if (!last) {
      (void)writer.execute("ROLLBACK");
      return last.error();
    }
    TRY_DO(writer.execute("COMMIT"));
    if (*last == 0) break;
    key = *last;
  }
  Query query(writer, "DELETE FROM index_options WHERE id=?");
  query.bind(change.from);
  if (!query.run()) return query.problem();
  return {};
}

}  // namespace

Result<void> insert_text(Database& writer, const Text& text, std::int64_t resource) {
  return run(writer, "INSERT INTO full_text (rowid, narrative, content) VALUES (?,?,?)", text,
             resource);
}

Result<void> delete_text(Database& writer, const Text& text, std::int64_t resource) {
  return run(writer,
             "INSERT INTO full_text (full_text, rowid, narrative, content) VALUES "
             "('delete',?,?,?)",
             text, resource);
}

Result<void> bring_up_full_text(Database& writer, fhir::FullText wanted) {
  std::vector<std::pair<std::int64_t, fhir::IndexOptions>> others;
  {
    Query query(writer, "SELECT id, text FROM index_options");
    while (query.next()) {
      fhir::IndexOptions options = options_of(query.text(1));
      if (options.full_text != wanted) others.emplace_back(query.integer(0), std::move(options));
    }
    if (!query.ok()) return query.problem();
  }
  for (auto& [id, options] : others) {
    Change change{id, 0, options.full_text, wanted};
    options.full_text = wanted;
    TRY(change.to, find_or_make_options(writer, options_text(options)));
    TRY_DO(change_all(writer, change));
  }
  return {};
}

}  // namespace lightbox::store
