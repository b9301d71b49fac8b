#pragma once

#include <atomic>
#include <cstdint>

namespace xebec::runtime {

#ifdef XEBEC_SEEDED
namespace internal {
void SeededPoint();
void SpinLockTaken();
void SpinLockReleased();
}  // namespace internal
#endif

/// A lock for the runtime's own short critical sections: four bytes, blocks the thread (spins
/// briefly, then sleeps in the kernel). Works on any thread, with or without a scheduler.
///
/// Never held across a park, a poll or an allocation from the managed heap. Meets the standard's
/// Lockable, so std::lock_guard works on it.
///
/// States: 0 free, 1 held, 2 held and perhaps somebody sleeps. I1: whoever sleeps has set 2 just
/// before (futex compares). I2: unlock by exchange to 0; if it was 2, one sleeper is woken, which
/// takes the lock as 2, so that later sleepers are not forgotten. Acquire on taking pairs with
/// release on unlock.
class SpinLock {
 public:
  constexpr SpinLock() = default;
  SpinLock(const SpinLock&) = delete;
  SpinLock& operator=(const SpinLock&) = delete;

  void lock() {
#ifdef XEBEC_SEEDED
    internal::SeededPoint();
#endif
    uint32_t expected = 0;
    if (!state_.compare_exchange_strong(expected, 1, std::memory_order_acquire,
                                        std::memory_order_relaxed)) [[unlikely]] {
      LockSlow();
    }
#ifdef XEBEC_SEEDED
    internal::SpinLockTaken();
#endif
  }
  bool try_lock() {
    uint32_t expected = 0;
    const bool taken = state_.compare_exchange_strong(expected, 1, std::memory_order_acquire,
                                                      std::memory_order_relaxed);
#ifdef XEBEC_SEEDED
    if (taken) internal::SpinLockTaken();
#endif
    return taken;
  }
  void unlock() {
#ifdef XEBEC_SEEDED
    internal::SpinLockReleased();
#endif
    if (state_.exchange(0, std::memory_order_release) == 2) [[unlikely]] WakeOne();
#ifdef XEBEC_SEEDED
    internal::SeededPoint();
#endif
  }
  /// For checks only.
  bool IsLocked() const { return state_.load(std::memory_order_relaxed) != 0; }

 private:
  void LockSlow();
  void WakeOne();
  std::atomic<uint32_t> state_{0};
};

/// Tells the processor that this is a spin loop.
inline void CpuPause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  asm volatile("yield");
#endif
}

}  // namespace xebec::runtime
