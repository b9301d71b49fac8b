#pragma once

#include <atomic>
#include <cstdint>

namespace xebec::runtime {

// A lock for the runtime's own short critical sections: four bytes, blocks the thread (spins
// briefly, then sleeps in the kernel). Works on any thread, with or without a scheduler. This one
// is for the scheduler itself, whose steps a simulation must not interleave; others take SpinLock.
//
// States: 0 free, 1 held, 2 held and perhaps somebody sleeps. I1: whoever sleeps has set 2 just
// before (the futex compares). I2: unlock exchanges to 0; if it was 2, one sleeper is woken, which
// takes the lock as 2, so that later sleepers are not forgotten. Acquire on taking pairs with
// release on unlock.
class RawSpinLock {
 public:
  constexpr RawSpinLock() = default;
  RawSpinLock(const RawSpinLock&) = delete;
  RawSpinLock& operator=(const RawSpinLock&) = delete;

  void lock() {
    if (!try_lock()) [[unlikely]]
      LockSlow();
  }
  bool try_lock() {
    uint32_t expected = 0;
    return state_.compare_exchange_strong(expected, 1, std::memory_order_acquire,
                                          std::memory_order_relaxed);
  }
  void unlock() {
    if (state_.exchange(0, std::memory_order_release) == 2) [[unlikely]]
      WakeOne();
  }
  // For checks only.
  bool IsLocked() const { return state_.load(std::memory_order_relaxed) != 0; }

 private:
  void LockSlow();
  void WakeOne();
  std::atomic<uint32_t> state_{0};
};

#ifdef XEBEC_SEEDED
namespace internal {
void SeededPoint();
void SpinLockTaken();
void SpinLockReleased();
}  // namespace internal
#endif

// A RawSpinLock whose taking and release are points where a simulation in the seeded build may
// switch fibers; what happens under it is not interleaved there.
//
// Never held across a park (Park's commit may release it), a poll or an allocation from the
// managed heap. Meets the standard's Lockable, so std::lock_guard works on it.
class SpinLock {
 public:
  constexpr SpinLock() = default;

  void lock() {
#ifdef XEBEC_SEEDED
    internal::SeededPoint();
    internal::SpinLockTaken();
#endif
    lock_.lock();
  }
  bool try_lock() {
    const bool taken = lock_.try_lock();
#ifdef XEBEC_SEEDED
    if (taken) internal::SpinLockTaken();
#endif
    return taken;
  }
  void unlock() {
    lock_.unlock();
#ifdef XEBEC_SEEDED
    internal::SpinLockReleased();
    internal::SeededPoint();
#endif
  }
  // For checks only.
  bool IsLocked() const { return lock_.IsLocked(); }

 private:
  RawSpinLock lock_;
};

// Tells the processor that this is a spin loop.
inline void CpuPause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  asm volatile("yield");
#endif
}

}  // namespace xebec::runtime
