#pragma once

#include <atomic>

namespace xebec::runtime {

#ifdef XEBEC_SEEDED
namespace internal {
// In a simulation, on a fiber that holds no SpinLock: now and then lets another fiber run first.
void SeededPoint();
}  // namespace internal
#endif

// The runtime's atomic: std::atomic, except that in the seeded build each operation is a point
// where a simulation may switch fibers. Without that, one thread could never show a lost wake-up.
//
// Every operation takes its memory order explicitly. Not for the scheduler's own state, which
// must not switch under itself: that uses std::atomic.
template <class T>
class Atomic {
 public:
  constexpr Atomic() noexcept = default;
  constexpr explicit Atomic(T value) noexcept : value_(value) {}
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  T load(std::memory_order order) const {
    Point();
    return value_.load(order);
  }
  void store(T value, std::memory_order order) {
    Point();
    value_.store(value, order);
  }
  T exchange(T value, std::memory_order order) {
    Point();
    return value_.exchange(value, order);
  }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order success,
                               std::memory_order failure) {
    Point();
    return value_.compare_exchange_strong(expected, desired, success, failure);
  }
  bool compare_exchange_weak(T& expected, T desired, std::memory_order success,
                             std::memory_order failure) {
    Point();
    return value_.compare_exchange_weak(expected, desired, success, failure);
  }
  T fetch_add(T value, std::memory_order order) {
    Point();
    return value_.fetch_add(value, order);
  }
  T fetch_sub(T value, std::memory_order order) {
    Point();
    return value_.fetch_sub(value, order);
  }
  T fetch_and(T value, std::memory_order order) {
    Point();
    return value_.fetch_and(value, order);
  }
  T fetch_or(T value, std::memory_order order) {
    Point();
    return value_.fetch_or(value, order);
  }

 private:
  static void Point() {
#ifdef XEBEC_SEEDED
    internal::SeededPoint();
#endif
  }
  std::atomic<T> value_{};
};

}  // namespace xebec::runtime
