#include "runtime/sched/internal/stack.h"

#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <mutex>

#include "runtime/panic.h"
#include "runtime/sched/internal/proc.h"

#ifdef XEBEC_ASAN
#include <sanitizer/asan_interface.h>
#endif

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

namespace xebec::runtime::internal {
namespace {

// Arenas grow step by step, so that `ulimit -v` and small machines are not asked for more than is
// used: 64 MiB first, later as much as there is already, up to 1 GiB at once.
constexpr size_t kFirstArena = 64u << 20;
constexpr size_t kMaxArena = 1u << 30;
constexpr size_t kMaxArenas = 4096;
// Each mprotect guard costs two VMAs; the kernel allows 65,530 in a process by default.
constexpr int kMprotectBudget = 20000;

struct Arena {
  std::atomic<uintptr_t> base{0};
  std::atomic<size_t> size{0};
};

// The shared pool. Arenas are only added; readers in signal handlers see base after size.
struct Pool {
  RawSpinLock lock;
  uintptr_t free_list = 0;  // guarded by lock; links lie in the stacks' top words
  uintptr_t next = 0;       // guarded by lock; fresh slots of the last arena
  uintptr_t end = 0;        // guarded by lock
  size_t reserved = 0;      // guarded by lock
  std::atomic<size_t> arena_count{0};
  Arena arenas[kMaxArenas];
};
Pool pool;

enum class GuardKind : int { kUnknown, kMadvise, kMprotect, kNone };
std::atomic<GuardKind> guard_kind{GuardKind::kUnknown};
std::atomic<int> mprotect_guards{0};

// The colour comes from the slot's number: 32 colours of 64 bytes.
Stack StackOfSlot(uintptr_t slot) {
  const uintptr_t colour = ((slot / kStackSize) & 31) * 64;
  return {slot + kStackGuard, slot + kStackSize - colour};
}
uintptr_t SlotOfStack(const Stack& stack) { return stack.lo - kStackGuard; }

uintptr_t& LinkOf(uintptr_t slot) {
  return *reinterpret_cast<uintptr_t*>(slot + kStackSize - sizeof(uintptr_t));
}

void InstallGuard(uintptr_t slot) {
  void* address = reinterpret_cast<void*>(slot);
  GuardKind kind = guard_kind.load(std::memory_order_relaxed);
  if (kind == GuardKind::kUnknown || kind == GuardKind::kMadvise) {
    if (madvise(address, kStackGuard, MADV_GUARD_INSTALL) == 0) {
      guard_kind.store(GuardKind::kMadvise, std::memory_order_relaxed);
      return;
    }
    guard_kind.store(GuardKind::kMprotect, std::memory_order_relaxed);
    kind = GuardKind::kMprotect;
  }
  if (kind == GuardKind::kMprotect) {
    if (mprotect_guards.fetch_add(1, std::memory_order_relaxed) < kMprotectBudget &&
        mprotect(address, kStackGuard, PROT_NONE) == 0) {
      return;
    }
    guard_kind.store(GuardKind::kNone, std::memory_order_relaxed);
  }
}

void AddArenaLocked() {
  size_t size = pool.reserved == 0 ? kFirstArena : pool.reserved;
  if (size > kMaxArena) size = kMaxArena;
  const size_t index = pool.arena_count.load(std::memory_order_relaxed);
  void* base = MAP_FAILED;
  if (index < kMaxArenas) {
    for (; size >= 16 * kStackSize; size /= 2) {
      base = mmap(nullptr, size + kStackSize, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (base != MAP_FAILED) break;
    }
  }
  if (base == MAP_FAILED) return;
  // Slots are aligned to their size; a huge page would commit 2 MiB at the first touch.
  const uintptr_t start = reinterpret_cast<uintptr_t>(base);
  const uintptr_t aligned = (start + kStackSize - 1) / kStackSize * kStackSize;
  if (aligned != start) munmap(base, aligned - start);
  const uintptr_t tail = start + size + kStackSize - (aligned + size);
  if (tail != 0) munmap(reinterpret_cast<void*>(aligned + size), tail);
  madvise(reinterpret_cast<void*>(aligned), size, MADV_NOHUGEPAGE);
  pool.arenas[index].size.store(size, std::memory_order_relaxed);
  pool.arenas[index].base.store(aligned, std::memory_order_release);
  pool.arena_count.store(index + 1, std::memory_order_release);
  pool.next = aligned;
  pool.end = aligned + size;
  pool.reserved += size;
}

}  // namespace

Stack AcquireStack(P* p) {
  if (p != nullptr && p->stack_count > 0) return StackOfSlot(p->stacks[--p->stack_count]);
  uintptr_t slot = 0;
  bool fresh = false;
  {
    std::lock_guard lock(pool.lock);
    if (pool.free_list != 0) {
      slot = pool.free_list;
      pool.free_list = LinkOf(slot);
      // Half a pool at once, so that the lock is seldom taken.
      while (p != nullptr && p->stack_count < P::kStackPool / 2 && pool.free_list != 0) {
        p->stacks[p->stack_count++] = pool.free_list;
        pool.free_list = LinkOf(pool.free_list);
      }
    } else {
      if (pool.next == pool.end) AddArenaLocked();
      if (pool.next != pool.end) {
        slot = pool.next;
        pool.next += kStackSize;
        fresh = true;
      }
    }
  }
  if (slot == 0) Fatal("no address space left for another fiber's stack");
  if (fresh) InstallGuard(slot);
  return StackOfSlot(slot);
}

void ReleaseStack(P* p, Stack stack) {
#ifdef XEBEC_ASAN
  // Frames that never returned (the entry's) left their red zones.
  __asan_unpoison_memory_region(reinterpret_cast<void*>(stack.lo), stack.hi - stack.lo);
#endif
  const uintptr_t slot = SlotOfStack(stack);
  if (p != nullptr && p->stack_count < P::kStackPool) {
    p->stacks[p->stack_count++] = slot;
    return;
  }
  std::lock_guard lock(pool.lock);
  LinkOf(slot) = pool.free_list;
  pool.free_list = slot;
  while (p != nullptr && p->stack_count > P::kStackPool / 2) {
    const uintptr_t spilled = p->stacks[--p->stack_count];
    LinkOf(spilled) = pool.free_list;
    pool.free_list = spilled;
  }
}

void PurgeStacks(P* p) {
  std::lock_guard lock(pool.lock);
  while (p->stack_count > 0) {
    const uintptr_t slot = p->stacks[--p->stack_count];
    LinkOf(slot) = pool.free_list;
    pool.free_list = slot;
  }
}

uintptr_t StackLoOfGuard(uintptr_t address) {
  const size_t count = pool.arena_count.load(std::memory_order_acquire);
  for (size_t i = 0; i < count; ++i) {
    const uintptr_t base = pool.arenas[i].base.load(std::memory_order_acquire);
    if (address >= base && address < base + pool.arenas[i].size.load(std::memory_order_relaxed)) {
      const uintptr_t slot = base + (address - base) / kStackSize * kStackSize;
      return address < slot + kStackGuard ? slot + kStackGuard : 0;
    }
  }
  return 0;
}

const char* StackGuardKind() {
  switch (guard_kind.load(std::memory_order_relaxed)) {
    case GuardKind::kMprotect:
      return "mprotect";
    case GuardKind::kNone:
      return "none left";
    default:
      return "MADV_GUARD_INSTALL";
  }
}

}  // namespace xebec::runtime::internal
