#pragma once

// What the files of the DICOM index share: its statements on the writer's and the readers'
// connections.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/database.h"
#include "store/dicom_index.h"
#include "store/writer.h"

namespace lightbox::store {

// Runs `run` in a transaction of the writer, counted as `weight` operations, and waits for it: for
// its sync too, unless that is deferred.
Result<void> write(Writer& writer, std::size_t weight,
                   std::function<Result<void>(const Task::Context&)> run,
                   Durability durability = Durability::synced);

// The study has changed now: its revision and the mark for the projection.
Result<void> mark_study(const Task::Context& context, std::int64_t study);

// Those of these instances have.
Result<void> mark_instances(const Task::Context& context, const std::vector<std::string>& uids);

// What a removed rejection note had rejected is not rejected any more.
Result<void> withdraw_note(const Task::Context& context, const std::string& note);

// " FROM … WHERE …" over study s, series e and instance i; the values are to be bound in this
// order.
struct SelectionSql {
  std::string where;
  std::vector<std::string_view> values = {};  // of the selection
};
[[nodiscard]] SelectionSql where_of(const DicomSelection& selection);
[[nodiscard]] Problem not_found(const DicomSelection& selection);

Result<void> put_identity(Database& writer, const Identity& identity);
Result<void> put_problem(const Task::Context& context, const DicomProblem& problem);

}  // namespace lightbox::store
