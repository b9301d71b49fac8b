#include "runtime/sched/netpoll.h"

namespace xebec::runtime {

void NetpollInit() {}
GList Netpoll(int64_t) { return {}; }
void NetpollBreak() {}
int NetpollWaiters() { return 0; }

}  // namespace xebec::runtime
