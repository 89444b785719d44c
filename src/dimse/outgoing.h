#pragma once

// The associations that this server opens itself: how many there may be, and the lines of those
// that there are, which the server's thread watches as it does those of callers. They count against
// dimse_associations_max together with the callers'.
//
// All members are safe from any thread.

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "dimse/line.h"

class DcmTransportLayer;

namespace lightbox::dimse {

class Outgoing {
 public:
  // `secure_layer` makes TLS connections; nullptr: there are none.
  Outgoing(std::size_t associations_max, std::unique_ptr<DcmTransportLayer> secure_layer);
  ~Outgoing();  // all have left
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

  [[nodiscard]] DcmTransportLayer* secure_layer() const { return secure_layer_.get(); }

  // The place of one association, until it is destroyed.
  class Place {
   public:
    explicit Place(Outgoing& outgoing) : outgoing_(outgoing) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();
    // A line for its socket, of which it gets a descriptor of its own; it lives as long as the
    // place. To be called once.
    Line* watch(int descriptor, const std::string& address);

   private:
    Outgoing& outgoing_;
    std::list<Line>::iterator line_;
    bool has_line_ = false;
  };
  // nullptr when there are too many.
  [[nodiscard]] std::unique_ptr<Place> enter();
  [[nodiscard]] std::size_t count() const { return count_; }

  // Of the server's thread: how many callers there are, and what is to be done with the lines.
  void set_callers(std::size_t count) { callers_ = count; }
  void enforce_deadlines();
  void shut_all();

 private:
  std::size_t associations_max_;
  std::unique_ptr<DcmTransportLayer> secure_layer_;
  std::atomic<std::size_t> callers_ = 0;
  std::atomic<std::size_t> count_ = 0;
  std::mutex mutex_;
  std::list<Line> lines_;
};

}  // namespace lightbox::dimse
