#include "dicomweb/transcode_instance.h"

#include <chrono>

#include "ingest/transcode_instance.h"

namespace lightbox::dicomweb {
namespace {

// Others have their turn in the lane after this.
constexpr std::chrono::milliseconds turn(50);

}  // namespace

boost::asio::awaitable<Result<InstanceSegments>> transcode_instance(Api& api, StoredObject& object,
                                                                    std::string transfer_syntax) {
  ingest::InstanceTranscoder transcoder(api.archive(), object, std::move(transfer_syntax));
  while (true) {
    std::function<Result<bool>()> work = [&transcoder] {
      return transcoder.go_on(std::chrono::steady_clock::now() + turn);
    };
    auto pending = api.pixel_lane().run<bool>(std::move(work));
    const auto is_complete = co_await std::move(pending);
    if (!is_complete) co_return is_complete.error();
    if (*is_complete) co_return transcoder.take();
  }
}

}  // namespace lightbox::dicomweb
