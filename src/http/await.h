#pragma once

// From callbacks to coroutines.

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>

namespace lightbox::http {

// Calls `start` with a function that must be called exactly once, from any thread, with the result;
// the coroutine goes on with it on its own executor. `cancel` is called on that, perhaps too late
// to matter, when the coroutine is cancelled; the result must come all the same.
//
// Not a coroutine itself, and its callers name what they await: g++ 12 destroys temporaries with
// captures twice when they stand in a co_await expression.
template <typename T>
boost::asio::awaitable<T> await_callback(std::function<void(std::function<void(T)>)> start,
                                         std::function<void()> cancel = nullptr) {
  auto initiate = [start = std::move(start), cancel = std::move(cancel)](auto handler) mutable {
    auto executor = boost::asio::get_associated_executor(handler);
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    if (cancel && slot.is_connected()) {
      slot.assign([cancel](boost::asio::cancellation_type) { cancel(); });
    }
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    start(std::function<void(T)>([shared, executor](T value) {
      boost::asio::post(executor, [shared, value = std::move(value)]() mutable {
        auto complete = std::move(*shared);
        complete(std::move(value));
      });
    }));
  };
  auto token = boost::asio::use_awaitable;
  return boost::asio::async_initiate<decltype(token), void(T)>(std::move(initiate), token);
}

}  // namespace lightbox::http
