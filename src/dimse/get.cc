// C-GET (PS3.7 9.1.3, PS3.4 C.4.3): instances are sent on the association that asks for them, over
// the presentation contexts of which the peer is the SCP by role selection.

#include <fmt/format.h>

#include "dimse/retrieve.h"
#include "dimse/store_scu.h"

namespace lightbox::dimse {
namespace {

class Getting {
 public:
  Getting(Session& session, const Message& message, const Retrieval& retrieval)
      : session_(session),
        message_(message),
        retrieval_(retrieval),
        operation_(session, message, retrieval),
        store_{.association = session.association,
               .limits = session.services.options.limits,
               .meanwhile = [] { return Received<void>(); },
               .take_other = [this](const Message& other) { return take_other(other); }} {
    for (const std::uint8_t id : session.association.context_ids()) {
      const Context& context = *session.association.context(id);
      if (context.role == RequestorRole::scu) continue;
      contexts_.push_back({.id = id,
                           .abstract_syntax = context.abstract_syntax,
                           .transfer_syntax = context.transfer_syntax});
    }
  }

  Received<void> run() {
    std::vector<std::size_t> all;
    for (std::size_t kind = 0; kind < retrieval_.kinds.size(); ++kind) all.push_back(kind);
    const auto send = [this](const Retrieval::Instance& instance) { return send_one(instance); };
    if (auto done = operation_.run(all, send); !done) return done;
    return operation_.finish();
  }

 private:
  Received<SubOperationOutcome> send_one(const Retrieval::Instance& instance) {
    const InstanceKind& kind = retrieval_.kinds[instance.kind];
    const auto way = way_of(kind, contexts_);
    if (!way) {
      return fail(fmt::format("No context with the SCP role takes {} in {}", kind.sop_class_uid,
                              kind.transfer_syntax_uid));
    }
    auto object = OutgoingObject::open(session_.services.archive, instance.key, way->form,
                                       [this] { return !session_.services.is_stopping; });
    if (!object) return fail(object.error().issues.front().diagnostics);
    const std::uint16_t message_id = session_.next_message_id++;
    const auto status = store_.send(
        way->context_id,
        store_request(message_, {.kind = kind, .instance = instance, .message_id = message_id}),
        *object);
    if (!status) return std::unexpected(status.error());
    const auto outcome = outcome_of(*status);
    if (outcome == SubOperationOutcome::failed) {
      operation_.note_failure(fmt::format("C-STORE was answered with status {:04X}", *status));
    }
    return outcome;
  }

  SubOperationOutcome fail(std::string reason) {
    operation_.note_failure(std::move(reason));
    return SubOperationOutcome::failed;
  }

  // Instead of the response to a sub-operation.
  Received<void> take_other(const Message& other) {
    if (other.command.number(command::Field) !=
        static_cast<std::uint16_t>(CommandField::c_cancel_rq)) {
      return std::unexpected(End::violated);
    }
    if (other.command.number(command::MessageIDBeingRespondedTo) ==
        message_.command.number(command::MessageID)) {
      operation_.cancel();
    }
    return {};
  }

  Session& session_;
  const Message& message_;
  const Retrieval& retrieval_;
  RetrieveOperation operation_;
  StoreScu store_;
  std::vector<SendingContext> contexts_;
};

}  // namespace

Received<void> get(Session& session, const Message& message) {
  const auto retrieval = read_retrieval(session, message,
                                        {.patient_root = uid::patient_root_get,
                                         .study_root = uid::study_root_get,
                                         .operation = "C-GET"});
  if (!retrieval) return std::unexpected(retrieval.error());
  if (!*retrieval) {
    return session.association.write(message.context_id, response_to(message, retrieval->error()));
  }
  return Getting(session, message, **retrieval).run();
}

}  // namespace lightbox::dimse
