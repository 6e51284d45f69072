// Completion<Args...>: a move-only callable, called at most once, that tells a caller that what it asked for is done.
// Captures up to kInlineBytes are stored inside, so that a command on the hot path allocates nothing for it.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace shoal {

template <class Signature>
class UniqueFunction;

template <class R, class... Args>
class UniqueFunction<R(Args...)> {
  static constexpr std::size_t kInlineBytes = 64;

 public:
  UniqueFunction() = default;
  UniqueFunction(std::nullptr_t) {}

  template <class F>
    requires(!std::is_same_v<std::decay_t<F>, UniqueFunction> && std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
  UniqueFunction(F&& function) {
    using Stored = std::decay_t<F>;
    if constexpr (sizeof(Stored) <= kInlineBytes && alignof(Stored) <= alignof(std::max_align_t) &&
                  std::is_nothrow_move_constructible_v<Stored>) {
      ::new (storage_) Stored(std::forward<F>(function));
      operations_ = &kInline<Stored>;
    } else {
      ::new (storage_) Stored*(new Stored(std::forward<F>(function)));
      operations_ = &kHeap<Stored>;
    }
  }

  UniqueFunction(UniqueFunction&& other) noexcept { take(other); }
  UniqueFunction& operator=(UniqueFunction&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  UniqueFunction(const UniqueFunction&) = delete;
  UniqueFunction& operator=(const UniqueFunction&) = delete;
  ~UniqueFunction() { reset(); }

  explicit operator bool() const { return operations_ != nullptr; }
  R operator()(Args... args) { return operations_->call(storage_, std::forward<Args>(args)...); }

  void reset() {
    if (operations_) std::exchange(operations_, nullptr)->destroy(storage_);
  }

 private:
  struct Operations {
    R (*call)(void*, Args&&...);
    void (*move)(void* from, void* to);  // and ends `from`
    void (*destroy)(void*);
  };

  template <class F>
  static constexpr Operations kInline = {
      [](void* at, Args&&... args) -> R { return (*static_cast<F*>(at))(std::forward<Args>(args)...); },
      [](void* from, void* to) {
        ::new (to) F(std::move(*static_cast<F*>(from)));
        static_cast<F*>(from)->~F();
      },
      [](void* at) { static_cast<F*>(at)->~F(); }};

  template <class F>
  static constexpr Operations kHeap = {
      [](void* at, Args&&... args) -> R { return (**static_cast<F**>(at))(std::forward<Args>(args)...); },
      [](void* from, void* to) { ::new (to) F*(*static_cast<F**>(from)); },
      [](void* at) { delete *static_cast<F**>(at); }};

  void take(UniqueFunction& other) {
    operations_ = std::exchange(other.operations_, nullptr);
    if (operations_) operations_->move(other.storage_, storage_);
  }

  alignas(std::max_align_t) std::byte storage_[kInlineBytes];
  const Operations* operations_ = nullptr;
};

template <class... Args>
using Completion = UniqueFunction<void(Args...)>;

}  // namespace shoal
