// batch and transaction: POST [base] (R4, http.html#transaction).
//
// A transaction's writes are committed as one; then its reads are answered. A batch's entries are
// answered as the requests that they stand for, many at a time, so that their writes share syncs.

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include "fhir/resource.h"
#include "http/await.h"
#include "rest/bundle_response.h"
#include "rest/outcome.h"
#include "rest/respond.h"
#include "rest/routes.h"
#include "rest/transaction.h"

namespace lightbox::rest {
namespace {

// A Bundle that is greater is taken apart in the slow lane.
constexpr std::size_t inline_bytes_max = 64 * 1024;
constexpr std::size_t entries_at_a_time = 64;
// Of n clients that patch one resource at once, one gets through in each of the writer's batches.
constexpr int tries_max = 50;

template <typename T>
boost::asio::awaitable<Result<T>> in_slow_lane(Call& call, bool is_slow,
                                               std::function<Result<T>()> work) {
  if (!is_slow) co_return work();
  auto pending = call.api.slow_lane().run<T>(std::move(work));
  co_return co_await std::move(pending);
}

// --- Entries as requests -------------------------------------------------------------------------

struct Work {
  Call& call;
  std::vector<const BundleEntry*> entries;
  std::vector<EntryAnswer>& answers;  // of all entries of the Bundle
  std::size_t next = 0;
  std::size_t lanes = 0;
  std::exception_ptr failure;
};

boost::asio::awaitable<void> answer_some(std::shared_ptr<Work> work) {
  const PreferReturn prefer = bundle_prefer(work->call);
  while (work->next < work->entries.size()) {
    const BundleEntry& entry = *work->entries[work->next++];
    const auto request =
        entry.wrong ? Result<http::Request>(*entry.wrong) : to_http_request(work->call, entry);
    if (!request) {
      work->answers[entry.index] =
          to_entry_answer(entry, prefer, problem_response(request.error(), {}));
      continue;
    }
    auto pending = answer_route(work->call.api, *request);
    auto response = co_await std::move(pending);
    work->answers[entry.index] = to_entry_answer(entry, prefer, std::move(response));
  }
}

// Several at a time, all on the caller's thread.
boost::asio::awaitable<void> answer_entries(Call& call, std::vector<const BundleEntry*> entries,
                                            std::vector<EntryAnswer>& answers) {
  if (entries.empty()) co_return;
  const auto executor = co_await boost::asio::this_coro::executor;
  auto work = std::make_shared<Work>(
      Work{.call = call, .entries = std::move(entries), .answers = answers, .failure = {}});
  work->lanes = std::min(entries_at_a_time, work->entries.size());
  std::function<void(std::function<void(int)>)> start =
      [work, executor](const std::function<void(int)>& done) {
        for (std::size_t lane = work->lanes; lane > 0; --lane) {
          boost::asio::co_spawn(executor, answer_some(work),
                                [work, done](const std::exception_ptr& thrown) {
                                  if (thrown) work->failure = thrown;
                                  if (--work->lanes == 0) done(0);
                                });
        }
      };
  auto pending = http::await_callback<int>(std::move(start));
  co_await std::move(pending);
  if (work->failure) std::rethrow_exception(work->failure);
}

// --- batch ---------------------------------------------------------------------------------------

// R4's order; the entries of one step are independent.
int step_of(const BundleEntry& entry) {
  if (entry.is_read()) return 3;
  if (entry.method == http::Method::delete_) return 0;
  return entry.method == http::Method::post ? 1 : 2;
}

boost::asio::awaitable<http::Response> batch(Call& call, std::shared_ptr<BundleRequest> bundle) {
  std::vector<EntryAnswer> answers(bundle->entries.size());
  for (int step = 0; step < 4; ++step) {
    std::vector<const BundleEntry*> entries;
    for (const BundleEntry& entry : bundle->entries) {
      if (step_of(entry) == step) entries.push_back(&entry);
    }
    auto pending = answer_entries(call, std::move(entries), answers);
    co_await std::move(pending);
  }
  co_return json_response(200, response_bundle(bundle->type, answers), call.wants);
}

// --- transaction ---------------------------------------------------------------------------------

void add_outcome(std::string diagnostics, EntryAnswer& answer) {
  append_information(std::move(diagnostics), answer.body);
  answer.is_outcome = true;
}

EntryAnswer removal_answer(Call& call, const BundleEntry& entry,
                           const Transaction::Written& written) {
  EntryAnswer answer;
  answer.status = 204;
  if (written.result.version > 0 && written.result.removed < 2) {
    answer.etag = etag(written.result.version);
  }
  if (bundle_prefer(call) == PreferReturn::operation_outcome) {
    answer.status = 200;
    const std::string_view id = entry.query.empty() ? std::string_view(written.id) : "";
    add_outcome(describe_removal(*written.type, id, written.result), answer);
  }
  return answer;
}

// The body that Prefer asks for.
Result<void> add_body(Call& call, const Transaction::Written& written, EntryAnswer& answer) {
  const auto& result = written.result;
  const PreferReturn prefer = bundle_prefer(call);
  if (prefer == PreferReturn::representation) {
    TRY(const auto stored,
        call.api.store().read_version(*written.type, written.id, result.version));
    store::append_resource(stored, answer.body);
  } else if (prefer == PreferReturn::operation_outcome) {
    add_outcome(fmt::format("{}/{} is stored as version {}", written.type->name, written.id,
                            result.version),
                answer);
  }
  return {};
}

EntryAnswer written_answer(Call& call, const BundleEntry& entry,
                           const Transaction::Written& written) {
  if (entry.method == http::Method::delete_) return removal_answer(call, entry, written);
  const auto& result = written.result;
  EntryAnswer answer;
  answer.status = result.outcome == store::OperationResult::Outcome::created ? 201 : 200;
  answer.location = fmt::format("{}/{}/{}/_history/{}", call.base, written.type->name, written.id,
                                result.version);
  answer.etag = etag(result.version);
  answer.last_modified = fhir::format_instant(result.updated_ms);
  // What was written may have been replaced and dropped since: then there is no body.
  (void)add_body(call, written, answer);
  return answer;
}

// At once when that takes no searches, else in the slow lane.
boost::asio::awaitable<Result<std::vector<store::Operation>>> operations_of(
    Call& call, Transaction& transaction, bool is_slow) {
  using Searches = Transaction::Searches;
  if (!is_slow) {
    auto operations = transaction.operations(Searches::refused);
    if (operations || operations.error().kind != ProblemKind::too_costly) co_return operations;
  }
  std::function<Result<std::vector<store::Operation>>()> work = [&transaction] {
    return transaction.operations(Searches::allowed);
  };
  auto pending = call.api.slow_lane().run<std::vector<store::Operation>>(std::move(work));
  co_return co_await std::move(pending);
}

// The store makes the stored form of each body in the thread that commits.
boost::asio::awaitable<store::CommitResult> commit_all_of(Call& call,
                                                          std::vector<store::Operation> operations,
                                                          bool is_slow) {
  if (!is_slow) return commit_all(call, std::move(operations));
  auto shared = std::make_shared<std::vector<store::Operation>>(std::move(operations));
  using Done = std::function<void(store::CommitResult)>;
  std::function<void(Done)> start = [&call, shared](const Done& done) {
    store::Store& store = call.api.store();
    auto posted = call.api.slow_lane().post(
        [&store, shared, done] { store.commit(std::move(*shared), done); });
    if (!posted) done(std::move(posted).error());
  };
  return http::await_callback<store::CommitResult>(std::move(start));
}

boost::asio::awaitable<Result<void>> write(Call& call, Transaction& transaction, bool is_slow) {
  for (int tries = 0; tries < tries_max; ++tries) {
    auto preparing = operations_of(call, transaction, is_slow);
    auto operations = co_await std::move(preparing);
    if (!operations) co_return std::move(operations).error();
    if (operations->empty()) co_return Result<void>();
    auto committing = commit_all_of(call, std::move(*operations), is_slow);
    auto results = co_await std::move(committing);
    if (results && transaction.settle(*results)) co_return Result<void>();
    if (!results && !transaction.is_overtaken(results.error())) {
      co_return transaction.explain(std::move(results).error());
    }
  }
  co_return problem(ProblemKind::conflict, "transient",
                    "What the transaction's conditions match, or what it patches, kept changing "
                    "while it was tried; nothing was changed. Try again");
}

std::vector<const BundleEntry*> reads_of(const BundleRequest& bundle) {
  std::vector<const BundleEntry*> reads;
  for (const BundleEntry& entry : bundle.entries) {
    if (entry.is_read()) reads.push_back(&entry);
  }
  return reads;
}

boost::asio::awaitable<http::Response> transact(Call& call, std::shared_ptr<BundleRequest> bundle,
                                                bool is_slow) {
  auto transaction = std::make_shared<Transaction>(call, *bundle);
  std::function<Result<int>()> work = [transaction]() -> Result<int> {
    TRY_DO(transaction->prepare());
    return 0;
  };
  auto preparing = in_slow_lane<int>(call, is_slow, std::move(work));
  const auto prepared = co_await std::move(preparing);
  if (!prepared) co_return problem_response(prepared.error(), call.wants);
  auto writing = write(call, *transaction, is_slow);
  const auto done = co_await std::move(writing);
  if (!done) co_return problem_response(done.error(), call.wants);

  std::vector<EntryAnswer> answers(bundle->entries.size());
  auto reading = answer_entries(call, reads_of(*bundle), answers);
  co_await std::move(reading);
  std::function<Result<http::Response>()> finish = [&call, &answers, bundle,
                                                    transaction]() -> Result<http::Response> {
    for (const BundleEntry& entry : bundle->entries) {
      if (entry.is_read()) continue;
      answers[entry.index] = written_answer(call, entry, *transaction->written(entry.index));
    }
    return json_response(200, response_bundle(bundle->type, answers), call.wants);
  };
  auto finishing = in_slow_lane<http::Response>(call, is_slow, finish);
  auto response = co_await std::move(finishing);
  if (!response) response = finish();  // no room in the lane, but it is done and is answered
  co_return std::move(*response);
}

}  // namespace

boost::asio::awaitable<http::Response> process_bundle(Call& call) {
  const bool is_slow = call.request.body.size() > inline_bytes_max;
  const Call* view = &call;
  std::function<Result<std::shared_ptr<BundleRequest>>()> work =
      [view]() -> Result<std::shared_ptr<BundleRequest>> {
    TRY(auto bundle, parse_bundle_request(*view));
    return std::make_shared<BundleRequest>(std::move(bundle));
  };
  auto parsing = in_slow_lane<std::shared_ptr<BundleRequest>>(call, is_slow, std::move(work));
  auto bundle = co_await std::move(parsing);
  if (!bundle) co_return problem_response(bundle.error(), call.wants);
  auto pending = (*bundle)->type == BundleRequest::Type::batch ? batch(call, *bundle)
                                                               : transact(call, *bundle, is_slow);
  co_return co_await std::move(pending);
}

}  // namespace lightbox::rest
