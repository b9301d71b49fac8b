#include "runtime/sched/poll_desc.h"

#include <mutex>
#include <new>

#include "runtime/check.h"
#include "runtime/panic.h"
#include "runtime/sched/netpoll.h"
#include "runtime/sched/park.h"
#include "runtime/sched/time.h"

namespace xebec::runtime {
namespace {

SpinLock g_free_lock;
PollDesc* g_free = nullptr;  // guarded by g_free_lock

}  // namespace

PollDesc* PollDesc::Allocate() {
  {
    std::lock_guard lock(g_free_lock);
    if (g_free != nullptr) {
      PollDesc* desc = g_free;
      g_free = desc->next_free_;
      return desc;
    }
  }
  // Never given back (I6): bounded by the most descriptors that were ever open at once.
  constexpr size_t kBatch = 16;
  auto* block = static_cast<PollDesc*>(
      ::operator new(kBatch * sizeof(PollDesc), std::align_val_t(alignof(PollDesc))));
  for (size_t i = 0; i < kBatch; ++i) ::new (&block[i]) PollDesc();
  std::lock_guard lock(g_free_lock);
  for (size_t i = 1; i < kBatch; ++i) {
    block[i].next_free_ = g_free;
    g_free = &block[i];
  }
  return &block[0];
}

void PollDesc::Release() {
  {
    std::lock_guard lock(lock_);
    seq_.fetch_add(1, std::memory_order_seq_cst);  // I4: events of this registration are stale now
  }
  std::lock_guard lock(g_free_lock);
  next_free_ = g_free;
  g_free = this;
}

PollDesc::PollDesc() {
  directions_[kRead].desc = directions_[kWrite].desc = this;
  directions_[kRead].fire = [](TimerNode* self, int64_t) {
    static_cast<Direction*>(self)->desc->Expire(kRead);
  };
  directions_[kWrite].fire = [](TimerNode* self, int64_t) {
    static_cast<Direction*>(self)->desc->Expire(kWrite);
  };
}

PollDesc* PollDesc::OpenWithoutFd() {
  PollDesc* desc = Allocate();
  std::lock_guard lock(desc->lock_);
  for (Direction& direction : desc->directions_) {
    direction.word.store(kNil, std::memory_order_seq_cst);
    direction.counted = false;
  }
  desc->SetInfoLocked(0, kClosing | kExpired[kRead] | kExpired[kWrite]);
  desc->fd_ = -1;
  return desc;
}

PollDesc* PollDesc::Open(int fd, int* error) {
  PollDesc* desc = OpenWithoutFd();
  desc->directions_[kRead].counted = desc->directions_[kWrite].counted = true;
  desc->fd_ = fd;
  *error = internal::NetpollAdd(fd, desc->EpollData());
  if (*error == 0) return desc;
  desc->Release();
  return nullptr;
}

void PollDesc::Close() {
  DCHECK((info_.load(std::memory_order_seq_cst) & kClosing) != 0, "PollDesc closed before Evict");
  if (fd_ >= 0) internal::NetpollRemove(fd_);
  Release();
}

uint64_t PollDesc::EpollData() const {
  // The address has 48 bits, of which the low 6 are 0.
  return reinterpret_cast<uint64_t>(this) << 16 | (seq_.load(std::memory_order_seq_cst) & kTagMask);
}

PollDesc* PollDesc::FromEpollData(uint64_t data, uint64_t* tag) {
  *tag = data & kTagMask;
  return reinterpret_cast<PollDesc*>((data & ~kTagMask) >> 16);
}

void PollDesc::SetInfoLocked(uint32_t set, uint32_t clear) {
  const uint32_t old = info_.load(std::memory_order_relaxed);    // only changed under lock_
  info_.store((old & ~clear) | set, std::memory_order_seq_cst);  // I3
}

PollDesc::Status PollDesc::Check(Mode mode) const {
  const uint32_t info = info_.load(std::memory_order_seq_cst);  // I3
  if ((info & kClosing) != 0) return Status::kClosing;
  if ((info & kExpired[mode]) != 0) return Status::kTimeout;
  return Status::kOk;
}

PollDesc::Status PollDesc::Reset(Mode mode) {
  const Status status = Check(mode);
  if (status != Status::kOk) return status;
  directions_[mode].word.store(kNil, std::memory_order_seq_cst);  // I2: before the caller's try
  return Status::kOk;
}

bool PollDesc::CommitPark(G* g, void* arg) {
  auto* direction = static_cast<Direction*>(arg);
  uintptr_t expected = kWaiting;
  // Counted first: once the word holds G, another thread may wake the fiber and count it off.
  const bool counted = direction->counted;
  if (counted) internal::NetpollAdjustWaiters(1);
  if (direction->word.compare_exchange_strong(expected, reinterpret_cast<uintptr_t>(g),
                                              std::memory_order_seq_cst,
                                              std::memory_order_seq_cst)) {
    return true;
  }
  if (counted) internal::NetpollAdjustWaiters(-1);
  return false;  // I2: an edge, a deadline or Evict was faster
}

PollDesc::Status PollDesc::Wait(Mode mode) {
  Atomic<uintptr_t>& word = directions_[mode].word;
  for (;;) {
    Status status = Check(mode);
    if (status != Status::kOk) return status;
    uintptr_t old = kReady;
    if (word.compare_exchange_strong(old, kNil, std::memory_order_seq_cst,
                                     std::memory_order_seq_cst)) {
      return Status::kOk;  // an edge came since Reset
    }
    if (old != kNil) ThrowPanic("two fibers wait for one direction of a connection");
    if (!word.compare_exchange_strong(old, kWaiting, std::memory_order_seq_cst,
                                      std::memory_order_seq_cst)) {
      continue;  // an edge came just now
    }
    // I3: kWaiting is stored, so look again before parking.
    if (Check(mode) == Status::kOk) {
      Park(&CommitPark, &directions_[mode], WaitReason::kIoWait);
    }
    // The word is kNil after a deadline or Evict, kReady after an edge, kWaiting if we did not
    // park.
    if (word.exchange(kNil, std::memory_order_seq_cst) == kReady) return Status::kOk;
    // A deadline that woke us may have been moved meanwhile: then wait on.
  }
}

G* PollDesc::Unblock(Mode mode, bool io) {
  Atomic<uintptr_t>& word = directions_[mode].word;
  uintptr_t old = word.load(std::memory_order_seq_cst);
  for (;;) {
    if (old == kReady) return nullptr;
    // Without an edge there is nothing to remember: Check tells the next waiter.
    if (old == kNil && !io) return nullptr;
    if (word.compare_exchange_weak(old, io ? kReady : kNil, std::memory_order_seq_cst,
                                   std::memory_order_seq_cst)) {
      break;
    }
  }
  if (old == kNil || old == kWaiting) return nullptr;
  if (directions_[mode].counted) internal::NetpollAdjustWaiters(-1);
  return reinterpret_cast<G*>(old);  // I1: ours to make ready
}

void PollDesc::OnEvent(Mode mode, uint64_t tag, GList* ready) {
  if ((seq_.load(std::memory_order_seq_cst) & kTagMask) != tag) return;  // I4
  if (G* g = Unblock(mode, /*io=*/true)) ready->PushBack(g);
}

void PollDesc::Notify(Mode mode) {
  if (G* g = Unblock(mode, /*io=*/true)) Ready(g);
}

void PollDesc::StopTimerLocked(Mode mode) {
  Direction& direction = directions_[mode];
  if (direction.deadline != 0) StopTimer(&direction);
  direction.deadline = 0;
}

void PollDesc::Evict() {
  G* woken[2];
  {
    std::lock_guard timer_lock(timer_lock_);
    StopTimerLocked(kRead);
    StopTimerLocked(kWrite);
    std::lock_guard lock(lock_);
    SetInfoLocked(kClosing, 0);  // I3: before Unblock reads the words
    woken[kRead] = Unblock(kRead, /*io=*/false);
    woken[kWrite] = Unblock(kWrite, /*io=*/false);
  }
  for (G* g : woken) {
    if (g != nullptr) Ready(g);
  }
}

void PollDesc::SetDeadline(Mode mode, int64_t when) {
  std::lock_guard timer_lock(timer_lock_);
  Direction& direction = directions_[mode];
  if (when > 0 && direction.deadline == when) return;
  StopTimerLocked(mode);  // I5
  if (when != 0 && when <= NanoTime()) {
    Expire(mode);
    return;
  }
  {
    std::lock_guard lock(lock_);
    if ((info_.load(std::memory_order_relaxed) & kClosing) != 0) return;
    SetInfoLocked(0, kExpired[mode]);
  }
  if (when == 0) return;
  direction.deadline = when;
  StartTimer(&direction, when);
}

void PollDesc::Expire(Mode mode) {
  G* woken = nullptr;
  {
    std::lock_guard lock(lock_);
    SetInfoLocked(kExpired[mode], 0);  // I3: before Unblock reads the word
    woken = Unblock(mode, /*io=*/false);
  }
  if (woken != nullptr) Ready(woken);
}

}  // namespace xebec::runtime
