#pragma once

// One association's socket, with the instant until which its peer has time. The association's
// thread sets the instant; the server's watches it, and shuts the socket down when it has passed,
// which ends whatever read or write is under way, TLS or not.
//
// All members are safe from any thread.

#include <atomic>
#include <cstdint>
#include <string>

namespace lightbox::dimse {

class Line {
 public:
  // Owns the descriptor. `address` is the peer's, numeric.
  Line(int descriptor, std::string address);
  ~Line();
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] const std::string& address() const { return address_; }

  void set_deadline(std::int64_t from_now_ms);
  void clear_deadline() { deadline_ms_ = 0; }
  // Shuts it down when the instant has passed: reading first, so that an A-ABORT may still be said.
  void enforce_deadline();
  [[nodiscard]] bool was_overdue() const { return was_overdue_; }

  // Whether the peer owes nothing: it waits between two messages.
  void set_idle(bool is_idle) { is_idle_ = is_idle; }
  [[nodiscard]] bool is_idle() const { return is_idle_; }

  // Ends what is waited for; writing goes on.
  void shut_reading();
  [[nodiscard]] bool is_reading_shut() const { return is_reading_shut_; }
  void shut();
  // Says that no more will be written, and waits a little for the peer to do so too, so that what
  // was written arrives: closing a socket with unread bytes resets the connection.
  void finish();

 private:
  int descriptor_;
  std::string address_;
  std::atomic<std::int64_t> deadline_ms_ = 0;  // steady; 0: none
  std::atomic<bool> is_idle_ = false;
  std::atomic<bool> was_overdue_ = false;
  std::atomic<bool> is_reading_shut_ = false;
};

}  // namespace lightbox::dimse
