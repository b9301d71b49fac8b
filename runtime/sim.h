#pragma once

#include <cstdint>
#include <functional>

namespace xebec {
class Context;
}

// Simulation: one thread, the next fiber picked by a seed, virtual time, seeded randomness.
namespace xebec::runtime::sim {

// What a run was like. Two runs of one body with one seed have equal outcomes.
struct Outcome {
  // Over every scheduling choice and clock jump.
  uint64_t trace_hash = 0;
  // How many choices that was.
  uint64_t steps = 0;
  // Virtual nanoseconds from beginning to end.
  int64_t elapsed = 0;
};

// Runs `body` in a simulation and waits for its end, which must leave no fiber behind unless they
// wait for nothing (they are reported as leaked by XEBEC_SIM_TEST). An exception that leaves
// `body` is thrown again here. Not from a fiber.
//
// In it, NanoTime is virtual and jumps to the next timer when all fibers wait; ThreadRand is
// seeded; Blocking runs its function at once; there is no sysmon. When all wait and no timer is
// set, the process ends with "all fibers are asleep".
Outcome Run(uint64_t seed, std::function<void()> body);
// The same, with a context that is cancelled when `body` returns.
Outcome Run(uint64_t seed, std::function<void(Context)> body);

// True inside of a simulation.
bool Active();
// Its seed; 0 outside.
uint64_t Seed();
// Mixes an observation into the trace hash (a request sent, an object stored). No-op outside.
void Trace(uint64_t value);

}  // namespace xebec::runtime::sim
