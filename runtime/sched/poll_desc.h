#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/sched/atomic.h"
#include "runtime/sched/glist.h"
#include "runtime/sched/spinlock.h"
#include "runtime/sched/timers.h"

namespace xebec::runtime {

// One pollable thing and the fibers that wait for it: at most one for reading and one for writing.
// An fd that the network poller watches, or (without an fd) one end of an in-memory pipe. For
// runtime/net only.
//
// Use: `Reset(mode)`; try the operation; while it would block, `Wait(mode)` and try again.
//
// Each direction has one word: kNil, kReady (an edge came and nobody has used it), kWait (a fiber
// is about to park), or the G that is parked. Who changes what:
//
//   kNil   → kWait    the waiting fiber, before it looks at `info_`         (BeginWait)
//   kWait  → G        its commit, on the scheduler's stack, after its state is saved
//   kReady → kNil     the waiting fiber: it consumes the edge               (BeginWait, Reset)
//   any    → kReady   an edge: Netpoll or the pipe's other end              (Unblock, io)
//   kWait|G → kNil    a deadline or Evict                                   (Unblock, not io)
//   G, kWait → …      the fiber itself after the park                       (EndWait: exchange to
//   kNil)
//
// I1  Whoever changes a G away from the word makes that fiber ready, exactly once; nobody else may.
// I2  No edge is lost: it leaves kReady unless it wakes a fiber. Reset comes before the try, so an
//     edge that comes after the try is seen by the Wait that follows it (the commit's CAS from
//     kWait fails, or BeginWait finds kReady).
// I3  No deadline or eviction is lost: the fiber stores kWait, then reads `info_`; Evict and the
//     deadline store `info_`, then read the word. One of the two sees the other; both pairs are
//     seq_cst, since acquire and release do not order a store before a later load.
// I4  `seq_` grows when the descriptor is freed, and an epoll event carries the value of its
//     registration: an event of an earlier user of the fd or of this descriptor is dropped. One
//     that slips through (the check and the use are two steps) is a spurious kReady, which only
//     costs a try that would block.
// I5  A timer belongs to its direction's present deadline: it is stopped, and a run of its function
//     under way waited for, before another deadline is set and before Close.
// I6  Descriptors are never freed to the system, so a stale event still points at one.
// Source: Go 1.26, runtime/netpoll.go.
class alignas(64) PollDesc {
 public:
  enum Mode { kRead = 0, kWrite = 1 };
  enum class Status { kOk, kClosing, kTimeout };

  // A descriptor for an fd, registered edge-triggered for both directions; null with `*error` set
  // to the errno if the kernel refuses.
  static PollDesc* Open(int fd, int* error);
  // One without an fd, told by Notify.
  static PollDesc* OpenWithoutFd();
  // Takes it back. Evict must have been called, and no fiber may use it any more.
  void Close();

  // Drops an edge that came before; the next try comes after this.
  Status Reset(Mode mode);
  // Parks the fiber until an edge, the deadline or Evict. Only one fiber for each mode.
  Status Wait(Mode mode);
  // Wakes both waiters; Reset and Wait say kClosing from here on. Any context; once.
  void Evict();
  // `when` as NanoTime tells it; 0 for none; in the past: acts at once. Any context.
  void SetDeadline(Mode mode, int64_t when);
  // An edge of a descriptor without an fd. Any context.
  void Notify(Mode mode);

  // For Netpoll: an edge; a fiber that waited goes to `ready`.
  void OnEvent(Mode mode, uint64_t tag, GList* ready);
  // What epoll carries: 42 bits of the address and 22 of `seq_`.
  uint64_t EpollData() const;
  static PollDesc* FromEpollData(uint64_t data, uint64_t* tag);

 private:
  PollDesc();

  static constexpr uintptr_t kNil = 0;
  static constexpr uintptr_t kReady = 1;
  static constexpr uintptr_t kWaiting = 2;
  static constexpr uint64_t kTagMask = (1 << 22) - 1;
  // info_
  static constexpr uint32_t kClosing = 1;
  static constexpr uint32_t kExpired[2] = {2, 4};

  // Its TimerNode is its deadline's, started and stopped under timer_lock_.
  struct Direction : TimerNode {
    PollDesc* desc = nullptr;  // constant
    Atomic<uintptr_t> word{kNil};
    bool counted = false;  // constant between Open and Close: waiters are Netpoll's to wake
    int64_t deadline = 0;  // guarded by timer_lock_; 0: the timer is not started
  };

  static PollDesc* Allocate();
  void Release();
  static bool CommitPark(G* g, void* arg);
  Status Check(Mode mode) const;
  G* Unblock(Mode mode, bool io);
  void Expire(Mode mode);
  void StopTimerLocked(Mode mode);
  void SetInfoLocked(uint32_t set, uint32_t clear);

  // Written under lock_, read without: see I3.
  Atomic<uint32_t> info_{0};
  Atomic<uint64_t> seq_{1};
  Direction directions_[2];
  SpinLock lock_;        // taken by the timers' functions, so never held while a timer is stopped
  SpinLock timer_lock_;  // before lock_
  int fd_ = -1;          // constant between Open and Close; -1 if there is none
  PollDesc* next_free_ = nullptr;  // guarded by the free list's lock
};

}  // namespace xebec::runtime
