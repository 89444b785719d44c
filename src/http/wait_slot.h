#pragma once

// One completion handler of any type, held in place: what a suspended coroutine is resumed through.
// (std::move_only_function allocates; boost::asio::any_completion_handler came after Boost 1.81.)

#include <cassert>
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace lightbox::http {

template <typename Argument>
class WaitSlot {
 public:
  WaitSlot() = default;
  ~WaitSlot() {
    if (run_ != nullptr) run_(storage_, nullptr);
  }
  WaitSlot(const WaitSlot&) = delete;
  WaitSlot& operator=(const WaitSlot&) = delete;

  [[nodiscard]] bool is_empty() const { return run_ == nullptr; }

  template <typename HandlerType>
  void emplace(HandlerType&& handler) {
    using Held = std::decay_t<HandlerType>;
    static_assert(sizeof(Held) <= sizeof(storage_) && alignof(Held) <= alignof(std::max_align_t));
    assert(is_empty());
    new (storage_) Held(std::forward<HandlerType>(handler));
    run_ = [](void* storage, Argument* argument) {
      Held* held = std::launder(static_cast<Held*>(storage));
      Held taken(std::move(*held));
      held->~Held();
      if (argument != nullptr) taken(*argument);
    };
  }

  // Calls the handler and is empty before it runs, so that the handler may fill the slot again.
  void complete(Argument argument) {
    assert(!is_empty());
    std::exchange(run_, nullptr)(storage_, &argument);
  }

 private:
  alignas(std::max_align_t) std::byte storage_[64];
  void (*run_)(void*, Argument*) = nullptr;
};

}  // namespace lightbox::http
