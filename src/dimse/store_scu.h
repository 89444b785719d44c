#pragma once

// C-STORE as SCU (PS3.7 9.1.1): a sub-operation of C-MOVE or C-GET.

#include <cstdint>
#include <functional>

#include "dimse/association.h"
#include "dimse/outgoing_object.h"

namespace lightbox::dimse {

struct StoreScu {
  Association& association;
  const Limits& limits;
  // Called between the pieces of an object and, about twice a second, while its response is waited
  // for. An End ends the sending.
  std::function<Received<void>()> meanwhile;
  // Takes what comes instead of the response.
  std::function<Received<void>(const Message&)> take_other;

  // Sends one object; the status of its response. An End: the association is over, also because the
  // object could not be read to its end, or the response did not come in time.
  Received<std::uint16_t> send(std::uint8_t context_id, const CommandSet& request,
                               OutgoingObject& object) const;

 private:
  Received<std::uint16_t> await_response(std::uint16_t message_id) const;
};

}  // namespace lightbox::dimse
