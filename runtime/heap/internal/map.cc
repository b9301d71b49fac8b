#include <fmt/format.h>

#include <string>

#include "runtime/heap/internal/map_entry.h"
#include "runtime/heap/root.h"
#include "runtime/panic.h"
#include "runtime/sched/dump.h"
#include "runtime/sched/fiber.h"

namespace xebec::gc::internal {

void BeginMapWrite(std::atomic<uint64_t>& writer) {
  RequireFiber("a write to a gc::Map");
  uint64_t other = 0;
  if (!writer.compare_exchange_strong(other, runtime::CurrentFiberId(), std::memory_order_acquire,
                                      std::memory_order_relaxed)) {
    PanicMapRace("write", other);
  }
}

void PanicMapRace(const char* operation, uint64_t writer) {
  std::string message =
      fmt::format("concurrent map {} and map write: fiber {} writes it", operation, writer);
  // The one that panics has its own stack in the Panic.
  for (const runtime::FiberInfo& fiber : runtime::ListFibers()) {
    if (fiber.id != writer) continue;
    message += fmt::format(" ({}, {})", fiber.name, fiber.state);
    if (!fiber.stack.empty()) message += " at\n" + runtime::Symbolize(fiber.stack);
  }
  runtime::ThrowPanic(std::move(message));
}

}  // namespace xebec::gc::internal
