#pragma once

#include <cstdint>

namespace xebec::runtime {

// Monotonic nanoseconds; virtual time in a simulation. Never blocks; any thread.
int64_t NanoTime();

// Nanoseconds since 1970 (UTC). In a simulation, virtual time that starts at
// 2026-01-01T00:00:00Z.
int64_t WallNanos();

// The virtual clock's beginning, as WallNanos tells it.
inline constexpr int64_t kSimulationEpochNanos = 1767225600LL * 1000 * 1000 * 1000;

}  // namespace xebec::runtime
