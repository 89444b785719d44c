#pragma once

// GET requests to one DICOMweb source, many at a time: libcurl's multi interface in a thread of its
// own, which keeps connections open. An answer is read no faster than it is taken, so that each is
// held in some hundred kilobytes however long it is.
//
//   begin() --> waiting --> under way --> ended
//                            |     ^        ^
//           it is not taken  |     | taken  | the Transfer is destroyed: the connection, too, ends
//                            v     |        |
//                            paused --------+
//
// No more than image_connections_max are under way, and no more than image_requests_per_second
// begin; the others wait in their order.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <thread>

#include "base/result.h"
#include "pacs/http_head.h"
#include "pacs/source.h"

namespace lightbox::pacs {

struct TransferState;
struct TransferMailbox;

// One request. Belongs to one coroutine; may outlive Transfers, and is then ended.
class Transfer {
 public:
  Transfer(std::shared_ptr<TransferMailbox> mailbox, std::shared_ptr<TransferState> state);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Until there are bytes to take, or it has ended. The coroutine may be cancelled, which ends it;
  // its executor must be there until then.
  boost::asio::awaitable<void> wait();

  // After the first wait. Status 0: there was no answer.
  [[nodiscard]] const HttpHead& head() const;
  // Of an answer that is no success, once it has ended: what it says, at most refusal_bytes_max.
  [[nodiscard]] std::string refusal() const;

  enum class Left : std::uint8_t { more, nothing };
  // Puts the bytes of a successful answer that are here in the place of what is in `into`. Fails
  // with `unavailable` when the answer has broken off, or there was none.
  Result<Left> take(std::string& into);

 private:
  std::shared_ptr<TransferMailbox> mailbox_;
  std::shared_ptr<TransferState> state_;
};

// Safe from any thread.
class Transfers {
 public:
  explicit Transfers(const SourceOptions& source);  // of DICOMweb
  ~Transfers();                                     // ends all
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;

  static constexpr std::size_t waiting_max = 1000;
  // `throttled` when there are so many that wait.
  Result<std::unique_ptr<Transfer>> begin(std::string url, std::span<const std::string> fields);

 private:
  SourceOptions source_;
  std::shared_ptr<TransferMailbox> mailbox_;
  std::thread thread_;
};

}  // namespace lightbox::pacs
