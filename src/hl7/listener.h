#pragma once

// Takes HL7 version 2 messages by MLLP, and answers each in its order: AA, with AE what cannot be
// read, and AR what is longer than hl7_message_bytes_max. What has no MSH has no sender to answer:
// then the connection is closed. HL7 has no authentication: only the addresses that the options
// have may connect.
//
// One thread of its own. It has no state but its connections: what a message is about is the
// callback's.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "hl7/message.h"

namespace lightbox::hl7 {

struct ListenerOptions {
  std::string address = "127.0.0.1";  // numeric
  std::uint16_t port = 0;             // 0: any free one
  std::vector<std::string> accepted;  // addresses and networks (base/network.h)
  Limits limits;
};

class Listener {
 public:
  // On the listener's thread, which it must not block: before the message is answered.
  using Took = std::function<void(const Message&)>;

  // Binds and listens; the log says where. `unavailable` when that fails.
  static Result<std::unique_ptr<Listener>> start(ListenerOptions options, Took took);
  // Closes all connections, answered or not: senders send again what was not. Waits for no peer.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] std::uint16_t port() const;

 private:
  struct Impl;
  explicit Listener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lightbox::hl7
