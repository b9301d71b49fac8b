#pragma once

#include <cstdint>

namespace xebec::runtime {

/// The timers of one P.
struct Timers {
  /// Runs what is due at `now`; returns the next deadline, or 0 if there is none. On the
  /// scheduler's stack, by any P.
  int64_t Check(int64_t now);
  /// The next deadline, or 0. Lock-free.
  int64_t Next() const;
};

}  // namespace xebec::runtime
