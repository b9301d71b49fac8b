#include <mutex>

#include "runtime/panic.h"
#include "runtime/sched/fiber.h"
#include "runtime/sched/internal/proc.h"
#include "runtime/sched/internal/switch.h"

namespace xebec::runtime::internal {
namespace {

void EnterBlocking(const uintptr_t* registers, uintptr_t sp) {
  G* g = CurrentG();
  if (g == nullptr || SimActive()) return;
  if (g->blocking_depth++ > 0) return;
  M* m = CurrentM();
  P* p = m->p;
  g->blocking_sp = sp;
  for (int i = 0; i < 6; ++i) g->blocking_registers[i] = registers[i];
  g->wait_reason = WaitReason::kBlocking;
  g->wait_since = CoarseNow();
  const uint32_t tick = p->blocking_tick.load(std::memory_order_relaxed) + 1;
  p->blocking_tick.store(tick, std::memory_order_relaxed);
  m->old_p = p;
  m->p = nullptr;
  p->m = nullptr;
  WriteThreadState<offsetof(ThreadState, p)>(static_cast<P*>(nullptr));
  WriteThreadState<offsetof(ThreadState, heap_cache)>(static_cast<heap::PCache*>(nullptr));
  g->status.store(GStatus::kBlocking, std::memory_order_release);
  // From here on sysmon or a stopper may take p: release, so that they see it left in order;
  // sequentially consistent, so that either a stopper sees kBlocking or we see `stopping`.
  p->status.store(PStatus::kBlocking, std::memory_order_seq_cst);
  if (sched.sysmon_waits.load(std::memory_order_seq_cst)) {
    std::lock_guard lock(sched.lock);
    WakeSysmon();
  }
  if (sched.stopping.load(std::memory_order_seq_cst)) {
    std::lock_guard lock(sched.lock);
    PStatus expected = PStatus::kBlocking;
    if (sched.stop_wait > 0 &&
        p->status.compare_exchange_strong(expected, PStatus::kStopped, std::memory_order_seq_cst)) {
      if (--sched.stop_wait == 0) sched.stop_note.Wake();
    }
  }
}

}  // namespace

extern "C" void xebec_enter_blocking_impl(const uintptr_t* registers, uintptr_t sp) {
  EnterBlocking(registers, sp);
}

void ExitBlocking() {
  G* g = CurrentG();
  if (g == nullptr || g->blocking_depth == 0) return;
  if (--g->blocking_depth > 0) return;
  M* m = CurrentM();
  P* old = m->old_p;
  m->old_p = nullptr;
  PStatus expected = PStatus::kBlocking;
  // Whoever wins this compare-and-swap has the P: us, sysmon (Idle) or a stopper (Stopped).
  if (old->status.compare_exchange_strong(expected, PStatus::kRunning, std::memory_order_seq_cst)) {
    old->blocking_tick.store(old->blocking_tick.load(std::memory_order_relaxed) + 1,
                             std::memory_order_relaxed);
    AcquireP(m, old);
    ChangeStatus(g, GStatus::kBlocking, GStatus::kRunning);
    g->blocking_sp = 0;
    return;
  }
  P* idle = nullptr;
  if (sched.idle_p_count.load(std::memory_order_relaxed) > 0) {
    std::lock_guard lock(sched.lock);
    if (!sched.stopping.load(std::memory_order_relaxed)) idle = IdleGet(/*spinning=*/false);
  }
  if (idle != nullptr) {
    AcquireP(m, idle);
    ChangeStatus(g, GStatus::kBlocking, GStatus::kRunning);
    g->blocking_sp = 0;
    return;
  }
  m->request = Request::kBlockingExit;
  SwitchToScheduler(g);
  g->blocking_sp = 0;
}

}  // namespace xebec::runtime::internal
