#pragma once

// GET requests to one DICOMweb source, many at a time: libcurl's multi interface on the thread of
// whoever asks (transfer_loop.h), so that an answer changes threads nowhere on its way. Connections
// are kept open, by each thread its own. An answer is read no faster than it is taken, so that each
// is held in some hundred kilobytes however long it is.
//
//   begin() --> waiting --> under way --> ended
//                            |     ^        ^
//           it is not taken  |     | taken  | the Transfer is destroyed: the connection, too, ends
//                            v     |        |
//                            paused --------+
//
// No more than image_connections_max are under way, and no more than image_requests_per_second
// begin, whichever thread's they are; the others wait in their order.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "pacs/http_head.h"
#include "pacs/source.h"

namespace lightbox::pacs {

struct TransferState;
struct TransferGate;
class TransferLoop;

// One request. Belongs to one coroutine, and to the thread that runs its executor; may outlive
// Transfers, and is then ended.
class Transfer {
 public:
  Transfer(std::shared_ptr<TransferLoop> loop, std::shared_ptr<TransferState> state);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Until there are bytes to take, or it has ended. The coroutine may be cancelled, which ends it.
  boost::asio::awaitable<void> wait();

  // After the first wait. Status 0: there was no answer.
  [[nodiscard]] const HttpHead& head() const;
  // Of an answer that is no success, once it has ended: what it says, at most refusal_bytes_max.
  [[nodiscard]] const std::string& refusal() const;

  enum class Left : std::uint8_t { more, nothing };
  // Puts the bytes of a successful answer that are here in the place of what is in `into`. Fails
  // with `unavailable` when the answer has broken off, or there was none.
  Result<Left> take(std::string& into);

 private:
  std::shared_ptr<TransferLoop> loop_;
  std::shared_ptr<TransferState> state_;
};

// Safe from any thread.
class Transfers {
 public:
  explicit Transfers(const SourceOptions& source);  // of DICOMweb
  ~Transfers();                                     // has all ended, by their threads
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;

  static constexpr std::size_t waiting_max = 1000;
  // `executor`: of an io_context that one thread runs, the one that calls. `throttled` when there
  // are so many that wait.
  Result<std::unique_ptr<Transfer>> begin(const boost::asio::any_io_executor& executor,
                                          std::string url, std::span<const std::string> fields);

 private:
  std::shared_ptr<TransferGate> gate_;
};

}  // namespace lightbox::pacs
