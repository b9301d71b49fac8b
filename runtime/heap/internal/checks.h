// What the heap says when somebody breaks its rules.
#pragma once

#include <cstdint>

namespace xebec::runtime::heap {

// A bug of the caller that can be told: a Panic.
[[noreturn]] void ThrowOffFiber(const char* what);
[[noreturn]] void ThrowNotManaged(const void* object);
[[noreturn]] void ThrowOutOfMemory(uint64_t bytes);

// The heap is broken, or will be: one line, a stack, abort.
[[noreturn]] void Die(const char* format, ...) __attribute__((format(printf, 1, 2)));
[[noreturn]] void DieBadPointer(uintptr_t p, const char* what);

}  // namespace xebec::runtime::heap
