#pragma once

// What dimse::Server does for the associations that a server opens, for a process without one:
// DCMTK is prepared, and a thread ends associations whose peer is overdue, and all when it is
// stopped. At most one in a process; a dimse::Server beside it has associations of its own.

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/result.h"
#include "dimse/options.h"
#include "dimse/outgoing.h"

namespace lightbox::pacs {

class AssociationWatch {
 public:
  // `tls` is looked at when `transport` is tls: `invalid` names the file that cannot be used.
  static Result<std::unique_ptr<AssociationWatch>> start(dimse::PeerAddress::Transport transport,
                                                         const dimse::TlsFiles& tls,
                                                         std::size_t associations_max,
                                                         std::function<bool()> is_stopped);
  ~AssociationWatch();  // all associations have ended
  AssociationWatch(const AssociationWatch&) = delete;
  AssociationWatch& operator=(const AssociationWatch&) = delete;

  [[nodiscard]] dimse::Outgoing& outgoing() { return outgoing_; }

 private:
  AssociationWatch(std::size_t associations_max, std::unique_ptr<DcmTransportLayer> secure,
                   std::function<bool()> is_stopped);

  dimse::Outgoing outgoing_;
  std::function<bool()> is_stopped_;
  std::jthread thread_;
};

}  // namespace lightbox::pacs
