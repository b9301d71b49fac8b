#include "runtime/sched/timers.h"

namespace xebec::runtime {

int64_t Timers::Check(int64_t) { return 0; }
int64_t Timers::Next() const { return 0; }

}  // namespace xebec::runtime
