// C-MOVE (PS3.7 9.1.4, PS3.4 C.4.2): instances are sent to a configured peer, the Move Destination,
// on associations that are opened to it. One that breaks costs the instance that was under way; the
// next is sent on a new one.

#include <algorithm>
#include <fmt/format.h>

#include "dimse/retrieve.h"
#include "dimse/store_scu.h"

namespace lightbox::dimse {
namespace {

// A destination that has lost so many associations one after the other, without having taken
// anything, is given up.
constexpr int broken_max = 3;

class Moving {
 public:
  Moving(Session& session, const Message& message, const Retrieval& retrieval,
         const PeerAddress& destination)
      : session_(session),
        message_(message),
        retrieval_(retrieval),
        destination_(destination),
        operation_(session, message, retrieval) {}

  Received<void> run() {
    for (const AssociationPlan& plan : plan_associations(retrieval_.kinds)) {
      has_failed_to_open_ = false;
      const auto send = [&](const Retrieval::Instance& instance) {
        return send_one(instance, plan);
      };
      if (auto done = operation_.run(plan.kinds, send); !done) {
        if (association_) association_->abort(AbortReason::not_specified);
        return done;
      }
      if (association_) association_->request_release();
      association_.reset();
    }
    return operation_.finish();
  }

 private:
  Received<SubOperationOutcome> send_one(const Retrieval::Instance& instance,
                                         const AssociationPlan& plan) {
    if (!association_ && !open(plan)) return SubOperationOutcome::failed;
    const InstanceKind& kind = retrieval_.kinds[instance.kind];
    const auto way = way_of(kind, contexts_);
    if (!way) {
      return fail(fmt::format("{} does not take {} in {}", destination_.ae_title,
                              kind.sop_class_uid, kind.transfer_syntax_uid));
    }
    auto object = OutgoingObject::open(session_.services.archive, instance.key, way->form,
                                       [this] { return meanwhile().has_value(); });
    if (ended_) return std::unexpected(*ended_);
    if (!object) return fail(object.error().issues.front().diagnostics);
    return send_object(kind, instance, *way, *object);
  }

  Received<SubOperationOutcome> send_object(const InstanceKind& kind,
                                            const Retrieval::Instance& instance, const Way& way,
                                            OutgoingObject& object) {
    CommandSet request = store_request(
        message_, {.kind = kind, .instance = instance, .message_id = next_message_id_++});
    request.set_text(command::MoveOriginatorApplicationEntityTitle,
                     session_.association.calling_ae_title());
    request.set_number(command::MoveOriginatorMessageID,
                       message_.command.number(command::MessageID).value_or(0));
    const StoreScu store{.association = *association_,
                         .limits = session_.services.options.limits,
                         .meanwhile = [this] { return meanwhile(); },
                         .take_other = [](const Message&) -> Received<void> {
                           return std::unexpected(End::violated);
                         }};
    const auto status = store.send(way.context_id, request, object);
    if (ended_) return std::unexpected(*ended_);
    if (!status) return lose(status.error(), object);
    broken_ = 0;
    const auto outcome = outcome_of(*status);
    if (outcome == SubOperationOutcome::failed) {
      operation_.note_failure(
          fmt::format("{} answered with status {:04X}", destination_.ae_title, *status));
    }
    return outcome;
  }

  bool open(const AssociationPlan& plan) {
    if (has_failed_to_open_ || broken_ >= broken_max) return false;
    auto opened = Association::request({.peer = destination_,
                                        .calling_ae_title = session_.services.options.ae_title,
                                        .contexts = plan.contexts,
                                        .limits = session_.services.options.limits},
                                       session_.services.outgoing);
    if (!opened) {
      has_failed_to_open_ = true;
      operation_.note_failure(opened.error().issues.front().diagnostics);
      return false;
    }
    association_ = std::move(*opened);
    contexts_.clear();
    for (const std::uint8_t id : association_->context_ids()) {
      const Context& context = *association_->context(id);
      contexts_.push_back({.id = id,
                           .abstract_syntax = context.abstract_syntax,
                           .transfer_syntax = context.transfer_syntax});
    }
    return true;
  }

  SubOperationOutcome lose(End end, const OutgoingObject& object) {
    if (object.is_damaged()) {
      association_.reset();
      return fail("A file could not be read to its end");
    }
    if (end == End::timed_out || end == End::violated) {
      association_->abort(AbortReason::not_specified);
    }
    association_.reset();
    ++broken_;
    return fail(
        fmt::format("The association with {} has ended: {}", destination_.ae_title, name_of(end)));
  }

  SubOperationOutcome fail(std::string reason) {
    operation_.note_failure(std::move(reason));
    return SubOperationOutcome::failed;
  }

  // The one who asked must not think that nothing happens, and may have gone.
  Received<void> meanwhile() {
    auto told = operation_.tell_now_and_then();
    if (told && !operation_.is_cancelled()) told = operation_.look_for_cancel();
    if (!told) ended_ = told.error();
    return told;
  }

  Session& session_;
  const Message& message_;
  const Retrieval& retrieval_;
  const PeerAddress& destination_;
  RetrieveOperation operation_;
  std::unique_ptr<Association> association_;
  std::vector<SendingContext> contexts_;
  std::uint16_t next_message_id_ = 1;
  bool has_failed_to_open_ = false;  // with this plan
  int broken_ = 0;
  std::optional<End> ended_;  // the association of the one who asked
};

}  // namespace

Received<void> move(Session& session, const Message& message) {
  const auto retrieval = read_retrieval(session, message,
                                        {.patient_root = uid::patient_root_move,
                                         .study_root = uid::study_root_move,
                                         .operation = "C-MOVE"});
  if (!retrieval) return std::unexpected(retrieval.error());
  const auto refuse = [&](const Status& status) {
    return session.association.write(message.context_id, response_to(message, status));
  };
  if (!*retrieval) return refuse(retrieval->error());
  const auto& peers = session.services.options.peers;
  const std::string_view title = trimmed(message.command.text(command::MoveDestination));
  const auto destination = std::ranges::find(peers, title, &PeerAddress::ae_title);
  if (destination == peers.end()) {
    return refuse({.code = status_code::move_destination_unknown,
                   .comment = fmt::format("No peer with the AE title '{}' is configured", title),
                   .offending = {command::MoveDestination}});
  }
  return Moving(session, message, **retrieval, *destination).run();
}

}  // namespace lightbox::dimse
