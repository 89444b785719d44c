#pragma once

// Takes objects that this server has asked another for, as they come: by WADO-RS or C-GET. What
// becomes of each is its business; who transfers them only tells its peer. All members are safe
// from any thread.

#include "ingest/archive.h"
#include "ingest/incoming.h"

namespace lightbox::ingest {

class ObjectReceiver {
 public:
  virtual ~ObjectReceiver() = default;
  [[nodiscard]] virtual Incoming begin() = 0;
  virtual Admitted end(Incoming object) = 0;
  // An object that could not be taken to its end.
  virtual Admitted refuse(Problem problem) = 0;
};

}  // namespace lightbox::ingest
