#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace xebec::runtime::internal {

// Sleeps while `*word == expected`, at most `timeout_ns` (< 0: without limit). May return early.
inline void FutexWait(std::atomic<uint32_t>* word, uint32_t expected, int64_t timeout_ns = -1) {
  timespec ts{};
  if (timeout_ns >= 0) {
    ts.tv_sec = timeout_ns / 1000000000;
    ts.tv_nsec = timeout_ns % 1000000000;
  }
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(word), FUTEX_WAIT_PRIVATE, expected,
          timeout_ns >= 0 ? &ts : nullptr, nullptr, 0);
}

inline void FutexWake(std::atomic<uint32_t>* word, int count) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(word), FUTEX_WAKE_PRIVATE, count, nullptr, nullptr,
          0);
}

// A one-shot event between threads: one sleeper, one waker, cleared by the sleeper.
class Note {
 public:
  // Release: what the waker wrote before is seen by the sleeper after Sleep (acquire).
  void Wake() {
    word_.store(1, std::memory_order_release);
    FutexWake(&word_, 1);
  }
  void Sleep() {
    while (word_.load(std::memory_order_acquire) == 0) FutexWait(&word_, 0);
  }
  // True if it was woken within `timeout_ns`.
  bool SleepFor(int64_t timeout_ns) {
    if (word_.load(std::memory_order_acquire) == 0) FutexWait(&word_, 0, timeout_ns);
    return word_.load(std::memory_order_acquire) != 0;
  }
  void Clear() { word_.store(0, std::memory_order_relaxed); }

 private:
  std::atomic<uint32_t> word_{0};
};

}  // namespace xebec::runtime::internal
