#include "dicomweb/stored_object.h"

namespace lightbox::dicomweb {

boost::asio::awaitable<Result<void>> open(Api& api, StoredObject& object) {
  if (!object.is_slow()) co_return object.open();
  std::function<Result<void>()> work = [&object] { return object.open(); };
  auto pending = api.lane().run<void>(std::move(work));
  co_return co_await std::move(pending);
}

}  // namespace lightbox::dicomweb
