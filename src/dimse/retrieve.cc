#include "dimse/retrieve.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/log.h"
#include "dimse/retrieve_query.h"
#include "store/dicom_snapshot.h"

namespace lightbox::dimse {
namespace {

// Of one retrieval; they are listed in memory, not their objects.
constexpr std::size_t instances_max = 1'000'000;

constexpr std::chrono::milliseconds told_at_most_every(200);
constexpr std::chrono::milliseconds told_at_least_every(1'000);

Result<Retrieval> gather(Session& session, const query::Query& wanted) {
  TRY(auto snapshot, session.services.archive.store().dicom().snapshot(
                         {.time_us = session.services.options.limits.search_timeout_ms * 1000}));
  Retrieval retrieval;
  query::Query query = wanted;
  query.limit = instances_max;
  TRY(const auto found, query::search(snapshot, query, [&](const query::Match& match) {
        const store::InstanceAnswer& instance = *match.instance;
        retrieval.instances.push_back(
            {.key = instance.instance,
             .sop_instance_uid = std::string(instance.uid),
             .kind = retrieval.kind_of(instance.sop_class, instance.transfer_syntax)});
        return true;
      }));
  if (found.rest == 0) return retrieval;
  return problem(ProblemKind::too_costly,
                 fmt::format("More than {} instances match: ask for less", instances_max));
}

// What only another archive has is brought here first. What cannot be fails when it is to be sent.
Result<Retrieval> gather_here(Session& session, const query::Query& wanted) {
  ingest::Archive& archive = session.services.archive;
  auto gathered = gather(session, wanted);
  if (!gathered || archive.fetcher() == nullptr) return gathered;
  std::vector<std::string> uids;
  for (const Retrieval::Instance& instance : gathered->instances) {
    uids.push_back(instance.sop_instance_uid);
  }
  TRY(const auto found, archive.store().dicom().find(uids));
  std::vector<store::StoredFile> remote;
  for (const auto& file : found) {
    if (file && file->is_remote()) remote.push_back(*file);
  }
  if (remote.empty()) return gathered;
  if (const auto fetched = archive.fetcher()->fetch(remote); !fetched) {
    log(LogLevel::warning, "not_fetched",
        {{"calling", session.association.calling_ae_title()},
         {"reason", fetched.error().issues[0].diagnostics}});
  }
  return gather(session, wanted);
}

}  // namespace

Received<std::expected<Retrieval, Status>> read_retrieval(Session& session, const Message& message,
                                                          const IdentifierClasses& wanted) {
  using Read = std::expected<Retrieval, Status>;
  session.services.archive.await_index();
  const auto identifier = read_identifier(session, message, wanted);
  if (!identifier) return std::unexpected(identifier.error());
  if (!*identifier) return Read(std::unexpected(identifier->error()));
  const std::string& sop_class = session.association.context(message.context_id)->abstract_syntax;
  const auto query = parse_retrieve((*identifier)->data_set(), *model_of(sop_class),
                                    options_of(session, sop_class));
  if (!query) return Read(std::unexpected(query.error()));
  auto gathered = gather_here(session, *query);
  if (gathered) return Read(std::move(*gathered));
  Status status = status_of(gathered.error());
  status.code = gathered.error().kind == ProblemKind::too_costly
                    ? status_code::unable_to_count_matches
                    : status_code::cannot_understand;
  return Read(std::unexpected(std::move(status)));
}

RetrieveOperation::RetrieveOperation(Session& session, const Message& message,
                                     const Retrieval& retrieval)
    : session_(session),
      message_(message),
      retrieval_(retrieval),
      done_(retrieval.instances.size()),
      told_(Clock::now()) {}

Received<void> RetrieveOperation::run(const std::vector<std::size_t>& kinds, const Send& send) {
  std::vector<bool> is_wanted(retrieval_.kinds.size());
  for (const std::size_t kind : kinds) is_wanted[kind] = true;
  for (const Retrieval::Instance& instance : retrieval_.instances) {
    if (!is_wanted[instance.kind]) continue;
    if (session_.services.is_stopping) return std::unexpected(End::closed);
    if (auto looked = look_for_cancel(); !looked) return looked;
    if (is_cancelled_) return {};
    const auto outcome = send(instance);
    if (!outcome) return std::unexpected(outcome.error());
    done_.add(*outcome, instance.sop_instance_uid);
    if (done_.remaining() == 0 || Clock::now() - told_ < told_at_most_every) continue;
    if (auto told = tell(); !told) return told;
  }
  return {};
}

Received<void> RetrieveOperation::tell() {
  CommandSet response = response_to(message_, {.code = status_code::pending});
  done_.put_counts(response, SubOperations::Remaining::said);
  told_ = Clock::now();
  return session_.association.write(message_.context_id, response);
}

Received<void> RetrieveOperation::tell_now_and_then() {
  if (Clock::now() - told_ < told_at_least_every) return {};
  return tell();
}

Received<void> RetrieveOperation::look_for_cancel() {
  const auto cancelled =
      session_.association.is_cancelled(message_.command.number(command::MessageID).value_or(0));
  if (!cancelled) return std::unexpected(cancelled.error());
  is_cancelled_ = is_cancelled_ || *cancelled;
  return {};
}

void RetrieveOperation::note_failure(std::string reason) {
  if (reason_.empty()) reason_ = std::move(reason);
}

Received<void> RetrieveOperation::finish() {
  const bool is_cut = is_cancelled_ && done_.remaining() > 0;
  const Status status{.code = is_cut ? status_code::cancel : done_.final_status(),
                      .comment = reason_};
  CommandSet response = response_to(message_, status);
  done_.put_counts(response,
                   is_cut ? SubOperations::Remaining::said : SubOperations::Remaining::left_out);
  const std::string failed =
      done_.encode_failed(session_.association.context(message_.context_id)->transfer_syntax);
  if (!failed.empty()) response.set_number(command::DataSetType, 0);
  log(done_.failed() == 0 ? LogLevel::info : LogLevel::warning, "retrieved",
      {{"calling", session_.association.calling_ae_title()},
       {"destination", message_.command.text(command::MoveDestination)},
       {"completed", done_.completed()},
       {"warning", done_.warnings()},
       {"failed", done_.failed()},
       {"remaining", done_.remaining()},
       {"reason", reason_}});
  return session_.association.write(message_.context_id, response, failed);
}

CommandSet store_request(const Message& retrieve, const StoreRequest& store) {
  CommandSet request;
  request.set_uid(command::AffectedSOPClassUID, store.kind.sop_class_uid);
  request.set_uid(command::AffectedSOPInstanceUID, store.instance.sop_instance_uid);
  request.set_number(command::Field, static_cast<std::uint16_t>(CommandField::c_store_rq));
  request.set_number(command::MessageID, store.message_id);
  request.set_number(command::Priority, retrieve.command.number(command::Priority).value_or(0));
  request.set_number(command::DataSetType, 0);
  return request;
}

}  // namespace lightbox::dimse
