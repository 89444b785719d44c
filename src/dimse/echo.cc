// C-ECHO (PS3.7 9.1.5): the verification service.

#include "dimse/session.h"

namespace lightbox::dimse {

Received<void> echo(Session& session, const Message& message) {
  return session.association.write(message.context_id, response_to(message, Status{}));
}

}  // namespace lightbox::dimse
