#include "runtime/rand.h"

namespace xebec::runtime {

void Rand::Seed(uint64_t seed) {
  // splitmix64, so that seeds 0, 1, 2, … give unrelated states.
  for (uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15ULL;
    uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    word = z ^ (z >> 31);
  }
}

}  // namespace xebec::runtime
