#include "runtime/heap/control.h"
#include "runtime/heap/internal/checks.h"
#include "runtime/heap/member.h"
#include "runtime/sched/fiber.h"

namespace xebec::gc::internal {

constinit std::atomic<bool> g_barrier_on{false};

void RecordWrite(const void*, const void*) {
  runtime::heap::Die("the write barrier is on, but marking stops the world");
}

void EnterUnmanaged() { runtime::internal::xebec_enter_blocking(); }
void LeaveUnmanaged() { runtime::internal::ExitBlocking(); }

}  // namespace xebec::gc::internal
