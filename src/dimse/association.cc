#include "dimse/association.h"

#include <algorithm>
#include <dcmtk/dcmnet/assoc.h>
#include <dcmtk/dcmnet/dul.h>
#include <dcmtk/dcmnet/lst.h>
#include <fmt/format.h>
#include <optional>
#include <set>
#include <utility>

#include "dicom/implementation.h"

namespace lightbox::dimse {
namespace {

constexpr const char* application_context = "1.2.840.10008.3.1.1.1";
constexpr std::size_t command_bytes_max = 64 * 1024;
constexpr int dcmtk_timeout_s = 30;  // its own, besides the line's deadline

// In the order of Rejection.
constexpr std::array<T_ASC_RejectParameters, 3> rejections = {{
    {ASC_RESULT_REJECTEDPERMANENT, ASC_SOURCE_SERVICEUSER,
     ASC_REASON_SU_APPCONTEXTNAMENOTSUPPORTED},
    {ASC_RESULT_REJECTEDPERMANENT, ASC_SOURCE_SERVICEUSER,
     ASC_REASON_SU_CALLINGAETITLENOTRECOGNIZED},
    {ASC_RESULT_REJECTEDPERMANENT, ASC_SOURCE_SERVICEUSER,
     ASC_REASON_SU_CALLEDAETITLENOTRECOGNIZED},
}};

long receive_bytes_max(const Limits& limits) {
  const auto wanted = std::min<std::size_t>(limits.dimse_pdu_bytes_max, ASC_MAXIMUMPDUSIZE);
  return static_cast<long>(std::max<std::size_t>(wanted, ASC_MINIMUMPDUSIZE) & ~std::size_t{1});
}

template <std::size_t Size>
void copy_text(char (&to)[Size], std::string_view text) {
  to[text.copy(to, Size - 1)] = '\0';
}

// What is no AE title's character (PS3.5 6.2) must not come into logs, files and the index.
std::string readable(std::string_view ae_title) {
  std::string text(trimmed(ae_title));
  std::ranges::replace_if(text, [](char c) { return c < ' ' || c > '~' || c == '\\'; }, '?');
  return text;
}

// DCMTK's lists hold nodes whose first members are those of LST_NODE.
void* first_of(LST_HEAD** list) {
  LST_NODE* node = LST_Head(list);
  if (node != nullptr) LST_Position(list, node);
  return node;
}
void* next_of(LST_HEAD** list) { return LST_Next(list); }

void introduce(T_ASC_Parameters& parameters) {
  copy_text(parameters.ourImplementationClassUID, dicom::implementation_class_uid);
  copy_text(parameters.ourImplementationVersionName, dicom::implementation_version_name());
}

}  // namespace

std::string_view name_of(End end) {
  constexpr std::array<std::string_view, 5> names = {"released", "aborted", "closed", "timed_out",
                                                     "violated"};
  return names[static_cast<std::size_t>(end)];
}

struct Association::Impl {
  Impl(DcmTransportLayer* secure, Line* the_line, const Limits& the_limits)
      : layer(secure, the_line), line(the_line), limits(the_limits) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (association != nullptr) {
      ASC_destroyAssociation(&association);
    } else if (parameters != nullptr) {
      ASC_destroyAssociationParameters(&parameters);
    }
    if (network != nullptr) ASC_dropNetwork(&network);
  }

  // Until when the peer has time; without a line, DCMTK's own time-outs of the socket hold.
  void allow(std::int64_t ms) const {
    if (line != nullptr) line->set_deadline(ms);
  }
  void allow_any() const {
    if (line != nullptr) line->clear_deadline();
  }
  [[nodiscard]] End end_of(const OFCondition& condition) const {
    if (line != nullptr && line->was_overdue()) return End::timed_out;
    if (condition == DUL_PEERREQUESTEDRELEASE) return End::released;
    if (condition == DUL_PEERABORTEDASSOCIATION) return End::aborted;
    if (condition == DUL_NETWORKCLOSED || condition.code() == DULC_TCPIOERROR) return End::closed;
    if (condition == DUL_READTIMEOUT) return End::timed_out;
    return End::violated;
  }

  std::unique_ptr<Outgoing::Place> place;  // of one that was opened from here; ends after all else
  Layer layer;
  Line* line;
  Limits limits;
  T_ASC_Network* network = nullptr;
  T_ASC_Parameters* parameters = nullptr;  // of a request that has no association yet
  T_ASC_Association* association = nullptr;
  bool has_fragments = false;
  std::optional<Fragment> ahead;  // read, and not taken yet
};

Association::Association(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Association::~Association() = default;

Received<std::unique_ptr<Association>> Association::receive(Line& line, DcmTransportLayer* secure,
                                                            const Limits& limits) {
  auto impl = std::make_unique<Impl>(secure, &line, limits);
  if (ASC_initializeNetwork(NET_ACCEPTOR, 0, dcmtk_timeout_s, &impl->network).bad()) {
    return std::unexpected(End::closed);
  }
  ASC_setTransportLayer(impl->network, &impl->layer, 0);
  impl->allow(limits.dimse_artim_timeout_ms);
  const OFCondition received =
      ASC_receiveAssociation(impl->network, &impl->association, receive_bytes_max(limits), nullptr,
                             nullptr, secure == nullptr ? OFFalse : OFTrue);
  if (received.bad()) return std::unexpected(impl->end_of(received));
  const auto& parameters = impl->association->params->DULparams;
  std::unique_ptr<Association> association(new Association(std::move(impl)));
  association->calling_ae_title_ = readable(parameters.callingAPTitle);
  association->called_ae_title_ = readable(parameters.calledAPTitle);
  return association;
}

namespace {

T_ASC_SC_ROLE role_of(RequestorRole role) {
  switch (role) {
    case RequestorRole::scu:
      return ASC_SC_ROLE_DEFAULT;
    case RequestorRole::scp:
      return ASC_SC_ROLE_SCP;
    case RequestorRole::both:
      break;
  }
  return ASC_SC_ROLE_SCUSCP;
}

RequestorRole role_of(DUL_SC_ROLE role) {
  if (role == DUL_SC_ROLE_SCP) return RequestorRole::scp;
  return role == DUL_SC_ROLE_SCUSCP ? RequestorRole::both : RequestorRole::scu;
}

void propose(const AssociationRequest& request, T_ASC_Parameters* parameters) {
  for (const ProposedContext& context : request.contexts) {
    std::vector<const char*> syntaxes;
    for (const std::string& syntax : context.transfer_syntaxes) syntaxes.push_back(syntax.c_str());
    ASC_addPresentationContext(parameters, context.id, context.abstract_syntax.c_str(),
                               syntaxes.data(), static_cast<int>(syntaxes.size()),
                               role_of(context.role));
  }
}

}  // namespace

Result<std::unique_ptr<Association>> Association::request(const AssociationRequest& request,
                                                          Outgoing& outgoing) {
  const PeerAddress& peer = request.peer;
  const auto refused = [&](std::string_view reason) {
    return problem(ProblemKind::unavailable,
                   fmt::format("No association with {} at {}:{}: {}", peer.ae_title, peer.host,
                               peer.port, reason));
  };
  const bool is_secure = peer.transport == PeerAddress::Transport::tls;
  if (is_secure && outgoing.secure_layer() == nullptr) return refused("there is no TLS");
  auto impl = std::make_unique<Impl>(is_secure ? outgoing.secure_layer() : nullptr, nullptr,
                                     request.limits);
  impl->place = outgoing.enter();
  if (impl->place == nullptr) {
    return problem(ProblemKind::throttled, "There are dimse_associations_max associations");
  }
  impl->layer.set_line_maker([&started = *impl, &request](int descriptor) {
    started.line = started.place->watch(descriptor, request.peer.host);
    started.allow(request.limits.dimse_artim_timeout_ms);
    return started.line;
  });
  if (ASC_initializeNetwork(NET_REQUESTOR, 0, dcmtk_timeout_s, &impl->network).bad() ||
      ASC_createAssociationParameters(&impl->parameters, receive_bytes_max(request.limits)).bad()) {
    return refused("no memory");
  }
  ASC_setTransportLayer(impl->network, &impl->layer, 0);
  introduce(*impl->parameters);
  ASC_setAPTitles(impl->parameters, request.calling_ae_title.c_str(), peer.ae_title.c_str(),
                  nullptr);
  const std::string address = fmt::format("{}:{}", peer.host, peer.port);
  ASC_setPresentationAddresses(impl->parameters, request.calling_ae_title.c_str(), address.c_str());
  if (is_secure) ASC_setTransportLayerType(impl->parameters, OFTrue);
  propose(request, impl->parameters);
  const OFCondition requested =
      ASC_requestAssociation(impl->network, impl->parameters, &impl->association);
  if (requested.bad()) return refused(requested.text());
  impl->allow_any();
  std::unique_ptr<Association> association(new Association(std::move(impl)));
  association->calling_ae_title_ = request.calling_ae_title;
  association->called_ae_title_ = peer.ae_title;
  for (const ProposedContext& proposed : request.contexts) {
    T_ASC_PresentationContext context;
    const OFCondition found = ASC_findAcceptedPresentationContext(
        association->impl_->association->params, proposed.id, &context);
    // An answer with another transfer syntax than one of those that were proposed is none.
    if (found.bad() || std::ranges::find(proposed.transfer_syntaxes,
                                         std::string_view(context.acceptedTransferSyntax)) ==
                           proposed.transfer_syntaxes.end()) {
      continue;
    }
    association->contexts_[proposed.id] =
        std::make_unique<Context>(Context{.abstract_syntax = proposed.abstract_syntax,
                                          .transfer_syntax = context.acceptedTransferSyntax,
                                          .role = proposed.role});
  }
  if (association->context_ids().empty()) {
    association->request_release();
    return refused("all presentation contexts are refused");
  }
  return association;
}

bool Association::has_dicom_application_context() const {
  return std::string_view(impl_->association->params->DULparams.applicationContextName) ==
         application_context;
}

std::vector<ProposedContext> Association::proposed() const {
  // Not by ASC_getPresentationContext, which has room for 50 transfer syntaxes.
  std::vector<ProposedContext> all;
  LST_HEAD** contexts = &impl_->association->params->DULparams.requestedPresentationContext;
  if (*contexts == nullptr) return all;
  auto* context = static_cast<DUL_PRESENTATIONCONTEXT*>(first_of(contexts));
  for (; context != nullptr; context = static_cast<DUL_PRESENTATIONCONTEXT*>(next_of(contexts))) {
    ProposedContext proposed{.id = context->presentationContextID,
                             .abstract_syntax = context->abstractSyntax,
                             .transfer_syntaxes = {},
                             .role = role_of(context->proposedSCRole)};
    LST_HEAD** syntaxes = &context->proposedTransferSyntax;
    auto* syntax = static_cast<DUL_TRANSFERSYNTAX*>(first_of(syntaxes));
    for (; syntax != nullptr; syntax = static_cast<DUL_TRANSFERSYNTAX*>(next_of(syntaxes))) {
      proposed.transfer_syntaxes.emplace_back(syntax->transferSyntax);
    }
    all.push_back(std::move(proposed));
  }
  return all;
}

std::vector<ExtendedNegotiation> Association::proposed_extended() const {
  std::vector<ExtendedNegotiation> all;
  SOPClassExtendedNegotiationSubItemList* list = nullptr;
  ASC_getRequestedExtNegList(impl_->association->params, &list);
  if (list == nullptr) return all;
  for (const SOPClassExtendedNegotiationSubItem* item : *list) {
    all.push_back({.sop_class_uid = item->sopClassUID.c_str(),
                   .information = {reinterpret_cast<const char*>(item->serviceClassAppInfo),
                                   item->serviceClassAppInfoLength}});
  }
  return all;
}

namespace {

// DCMTK takes the list and what is in it over.
void set_extended(T_ASC_Parameters* parameters, const std::vector<ExtendedNegotiation>& extended) {
  if (extended.empty()) return;
  auto list = std::make_unique<SOPClassExtendedNegotiationSubItemList>();
  for (const ExtendedNegotiation& one : extended) {
    auto item = std::make_unique<SOPClassExtendedNegotiationSubItem>();
    const auto size = static_cast<unsigned short>(one.information.size());
    item->sopClassUID = one.sop_class_uid.c_str();
    item->sopClassUIDLength = static_cast<unsigned short>(one.sop_class_uid.size());
    item->serviceClassAppInfo = new unsigned char[size];  // NOLINT: DCMTK deletes it
    std::ranges::copy(one.information, item->serviceClassAppInfo);
    item->serviceClassAppInfoLength = size;
    item->itemLength = static_cast<unsigned short>(2 + item->sopClassUIDLength + size);
    list->push_back(item.release());
  }
  ASC_setAcceptedExtNegList(parameters, list.release());
}

}  // namespace

Received<void> Association::accept(const std::vector<Decision>& decisions,
                                   const std::vector<ExtendedNegotiation>& extended) {
  T_ASC_Parameters* parameters = impl_->association->params;
  const auto contexts = proposed();
  std::set<std::string_view> answered;  // PS3.7 D.3.3.4: a role is said once of each SOP class
  for (std::size_t i = 0; i < contexts.size(); ++i) {
    const auto id = contexts[i].id;
    switch (decisions[i].answer) {
      case Answer::accepted:
        ASC_acceptPresentationContext(parameters, id, decisions[i].transfer_syntax.c_str(),
                                      answered.insert(contexts[i].abstract_syntax).second
                                          ? role_of(decisions[i].role)
                                          : ASC_SC_ROLE_DEFAULT,
                                      OFTrue);
        contexts_[id] =
            std::make_unique<Context>(Context{.abstract_syntax = contexts[i].abstract_syntax,
                                              .transfer_syntax = decisions[i].transfer_syntax,
                                              .role = decisions[i].role});
        break;
      case Answer::abstract_syntax_not_supported:
        ASC_refusePresentationContext(parameters, id, ASC_P_ABSTRACTSYNTAXNOTSUPPORTED);
        break;
      case Answer::transfer_syntaxes_not_supported:
        ASC_refusePresentationContext(parameters, id, ASC_P_TRANSFERSYNTAXESNOTSUPPORTED);
        break;
    }
  }
  introduce(*parameters);
  set_extended(parameters, extended);
  impl_->allow(impl_->limits.dimse_pdu_timeout_ms);
  const OFCondition accepted = ASC_acknowledgeAssociation(impl_->association);
  if (accepted.bad()) return std::unexpected(impl_->end_of(accepted));
  return {};
}

void Association::reject(Rejection rejection) {
  impl_->allow(impl_->limits.dimse_pdu_timeout_ms);
  ASC_rejectAssociation(impl_->association, &rejections[static_cast<std::size_t>(rejection)]);
}

const Context* Association::context(std::uint8_t id) const { return contexts_[id].get(); }

std::uint8_t Association::context_of(std::string_view abstract_syntax) const {
  for (std::size_t id = 1; id < contexts_.size(); id += 2) {
    if (contexts_[id] != nullptr && contexts_[id]->abstract_syntax == abstract_syntax) {
      return static_cast<std::uint8_t>(id);
    }
  }
  return 0;
}

std::vector<std::uint8_t> Association::context_ids() const {
  std::vector<std::uint8_t> ids;
  for (std::size_t id = 1; id < contexts_.size(); id += 2) {
    if (contexts_[id] != nullptr) ids.push_back(static_cast<std::uint8_t>(id));
  }
  return ids;
}

Received<Association::Fragment> Association::read_fragment() {
  if (impl_->ahead) return *std::exchange(impl_->ahead, std::nullopt);
  DUL_ASSOCIATIONKEY** key = &impl_->association->DULassociation;
  if (!impl_->has_fragments) {
    impl_->allow(impl_->limits.dimse_pdu_timeout_ms);
    DUL_PDVLIST none{};
    const OFCondition read = DUL_ReadPDVs(key, &none, DUL_BLOCK, 0);
    if (read != DUL_PDATAPDUARRIVED) return std::unexpected(impl_->end_of(read));
    impl_->has_fragments = true;
  }
  if (!read_ahead()) return read_fragment();
  return *std::exchange(impl_->ahead, std::nullopt);
}

// The next fragment of the PDU that was read last, if it has one.
bool Association::read_ahead() {
  DUL_PDV value{};
  if (DUL_NextPDV(&impl_->association->DULassociation, &value).bad()) {
    impl_->has_fragments = false;
    return false;
  }
  impl_->ahead = Fragment{.context_id = value.presentationContextID,
                          .is_command = value.pdvType == DUL_COMMANDPDV,
                          .is_last = value.lastPDV == OFTrue,
                          .bytes = {static_cast<const char*>(value.data), value.fragmentLength}};
  return true;
}

Received<Message> Association::read_message() {
  if (!impl_->has_fragments && impl_->line != nullptr) {
    const Connection* connection = impl_->layer.connection();
    if (connection == nullptr) return std::unexpected(End::closed);
    impl_->line->set_deadline(impl_->limits.dimse_idle_timeout_ms);
    impl_->line->set_idle(!connection->has_bytes());
    constexpr int day_s = 24 * 60 * 60;
    impl_->layer.connection()->networkDataAvailable(day_s);
    impl_->line->set_idle(false);
    // Said here, since DCMTK closes the connection at once when it finds the stream ended.
    if (impl_->line->was_overdue()) return std::unexpected(End::timed_out);
    if (impl_->line->is_reading_shut()) return std::unexpected(End::closed);
  }
  std::string bytes;
  Message message;
  for (bool is_first = true;; is_first = false) {
    const auto fragment = read_fragment();
    if (!fragment) return std::unexpected(fragment.error());
    if (is_first) message.context_id = fragment->context_id;
    // PS3.8 E.2: a command's fragments come one after the other, in one context.
    if (!fragment->is_command || fragment->context_id != message.context_id ||
        context(message.context_id) == nullptr ||
        bytes.size() + fragment->bytes.size() > command_bytes_max) {
      return std::unexpected(End::violated);
    }
    bytes += fragment->bytes;
    if (fragment->is_last) break;
  }
  impl_->allow_any();
  auto command = CommandSet::parse(bytes);
  if (!command || !command->number(command::Field)) return std::unexpected(End::violated);
  message.command = std::move(*command);
  return message;
}

Received<void> Association::read_data_set(std::uint8_t context_id,
                                          const std::function<void(std::string_view)>& take) {
  while (true) {
    const auto fragment = read_fragment();
    if (!fragment) return std::unexpected(fragment.error());
    if (fragment->is_command || fragment->context_id != context_id) {
      return std::unexpected(End::violated);
    }
    impl_->allow_any();
    take(fragment->bytes);
    if (fragment->is_last) return {};
  }
}

Received<void> Association::write_fragment(std::uint8_t context_id, bool is_command,
                                           std::string_view bytes, Piece piece) {
  // DCMTK divides them as the peer's PDUs must be, but not into fragments of even lengths (PS3.8
  // E.2) when those are odd.
  const std::size_t peer_bytes = impl_->association->params->theirMaxPDUReceiveSize;
  constexpr std::size_t header_bytes = 12;
  if (peer_bytes % 2 != 0 && peer_bytes > header_bytes + 2 &&
      bytes.size() > peer_bytes - 1 - header_bytes) {
    const std::size_t first = peer_bytes - 1 - header_bytes;
    for (; bytes.size() > first; bytes.remove_prefix(first)) {
      auto written =
          write_fragment(context_id, is_command, bytes.substr(0, first), Piece::more_follow);
      if (!written) return written;
    }
  }
  DUL_PDV value{};
  value.fragmentLength = bytes.size();
  value.presentationContextID = context_id;
  value.pdvType = is_command ? DUL_COMMANDPDV : DUL_DATASETPDV;
  value.lastPDV = piece == Piece::last ? OFTrue : OFFalse;
  value.data = const_cast<char*>(bytes.data());  // only read
  DUL_PDVLIST list{};
  list.count = 1;
  list.pdv = &value;
  impl_->allow(impl_->limits.dimse_pdu_timeout_ms);
  const OFCondition written = DUL_WritePDVs(&impl_->association->DULassociation, &list);
  impl_->allow_any();
  if (written.bad()) return std::unexpected(impl_->end_of(written));
  return {};
}

Received<void> Association::write(std::uint8_t context_id, const CommandSet& command,
                                  std::string_view data_set) {
  if (auto done = write_fragment(context_id, true, command.encode()); !done) return done;
  if (data_set.empty()) return {};
  return write_fragment(context_id, false, data_set);
}

Received<void> Association::write_data_set(std::uint8_t context_id, std::string_view bytes,
                                           Piece piece) {
  return write_fragment(context_id, false, bytes, piece);
}

bool Association::has_input(std::int64_t wait_ms) {
  if (impl_->ahead || (impl_->has_fragments && read_ahead())) return true;
  Connection* connection = impl_->layer.connection();
  return connection == nullptr || connection->has_input(wait_ms);
}

Received<bool> Association::is_cancelled(std::uint16_t message_id) {
  if (!has_input(0)) return false;
  const auto message = read_message();
  if (!message) return std::unexpected(message.error());
  const CommandSet& command = message->command;
  if (command.number(command::Field) != static_cast<std::uint16_t>(CommandField::c_cancel_rq)) {
    return std::unexpected(End::violated);
  }
  // What it cancels may have been answered by now.
  return command.number(command::MessageIDBeingRespondedTo) == message_id;
}

void Association::acknowledge_release() {
  impl_->allow(impl_->limits.dimse_pdu_timeout_ms);
  ASC_acknowledgeRelease(impl_->association);
}

void Association::request_release() {
  impl_->allow(impl_->limits.dimse_pdu_timeout_ms);
  ASC_releaseAssociation(impl_->association);
  impl_->allow_any();
}

void Association::abort(AbortReason reason) {
  constexpr std::int64_t last_words_ms = 1'000;
  impl_->allow(last_words_ms);
  if (Connection* connection = impl_->layer.connection()) connection->write_abort(reason);
}

}  // namespace lightbox::dimse
