#pragma once

#include <cstdint>
#include <utility>

namespace xebec::runtime {

// A fast pseudo-random generator (xoshiro256++). Not for secrets. Not thread safe.
//
// The only source of randomness in the library, so that one seed replays a simulation.
class Rand {
 public:
  explicit Rand(uint64_t seed) { Seed(seed); }

  void Seed(uint64_t seed);
  // 64 random bits.
  uint64_t Next() {
    const uint64_t result = Rotate(state_[0] + state_[3], 23) + state_[0];
    const uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = Rotate(state_[3], 45);
    return result;
  }
  // Uniform in [0, n); 0 for n = 0.
  uint64_t Below(uint64_t n) {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(Next()) * n) >> 64);
  }
  // Uniform in [0, 1).
  double Float() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

  // So that standard algorithms (std::shuffle) take it.
  using result_type = uint64_t;
  static constexpr uint64_t min() { return 0; }
  static constexpr uint64_t max() { return ~uint64_t{0}; }
  uint64_t operator()() { return Next(); }

 private:
  static uint64_t Rotate(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  uint64_t state_[4];
};

// This thread's generator; in a simulation, the simulation's seeded one.
//
// Call it anew for each use: the reference must not be held across anything that may park, since
// the fiber may wake on another thread.
Rand& ThreadRand();

}  // namespace xebec::runtime
