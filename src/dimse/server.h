#pragma once

// The DIMSE services (PS3.4, PS3.7) over TCP and DICOM TLS (PS3.8, PS3.15): C-ECHO, C-STORE,
// C-FIND, C-MOVE, C-GET and Storage Commitment, as SCP. A thread listens; each association has a
// thread of its own, up to dimse_associations_max: past it, A-ASSOCIATE-RJ says
// local-limit-exceeded.
//
// All threads have all signals blocked. At most one server in a process: DCMTK has global settings.

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "dimse/options.h"
#include "ingest/archive.h"

namespace lightbox::dimse {

class Server {
 public:
  // Binds and listens; the log says where. `unavailable` when that fails, `invalid` when
  // certificates or keys cannot be read. The archive must outlive the server.
  static Result<std::unique_ptr<Server>> start(ServerOptions options, ingest::Archive& archive);
  ~Server();  // stop(0)
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // 0 when there is no such endpoint.
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::uint16_t tls_port() const;

  // No new associations; those that wait between two messages are aborted, others have `grace_ms`
  // to finish their message. Returns when all threads have ended.
  void stop(std::int64_t grace_ms);

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lightbox::dimse
