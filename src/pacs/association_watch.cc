#include "pacs/association_watch.h"

#include <chrono>
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/dcmlayer.h>

#include "dimse/tls.h"
#include "dimse/transport.h"

namespace lightbox::pacs {

AssociationWatch::AssociationWatch(std::size_t associations_max,
                                   std::unique_ptr<DcmTransportLayer> secure,
                                   std::function<bool()> is_stopped)
    : outgoing_(associations_max, std::move(secure)),
      is_stopped_(std::move(is_stopped)),
      thread_([this](const std::stop_token& stop) {
        constexpr auto turn = std::chrono::milliseconds(100);
        while (!stop.stop_requested()) {
          outgoing_.enforce_deadlines();
          if (is_stopped_()) outgoing_.shut_all();
          std::this_thread::sleep_for(turn);
        }
      }) {}

AssociationWatch::~AssociationWatch() = default;

Result<std::unique_ptr<AssociationWatch>> AssociationWatch::start(
    dimse::PeerAddress::Transport transport, const dimse::TlsFiles& tls,
    std::size_t associations_max, std::function<bool()> is_stopped) {
  if (!dimse::prepare_dcmtk()) {
    return problem(ProblemKind::unavailable, "There are no sockets for DIMSE");
  }
  std::unique_ptr<DcmTransportLayer> secure;
  if (transport == dimse::PeerAddress::Transport::tls) {
    TRY(secure, dimse::make_outgoing_tls_layer(tls));
  }
  return std::unique_ptr<AssociationWatch>(
      new AssociationWatch(associations_max, std::move(secure), std::move(is_stopped)));
}

}  // namespace lightbox::pacs
