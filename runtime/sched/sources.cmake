list(APPEND RUNTIME_SOURCES
  sched/blocking.cc
  sched/dump.cc
  sched/fatal.cc
  sched/fiber.cc
  sched/glist.cc
  sched/gslab.cc
  sched/netpoll.cc
  sched/poll_desc.cc
  sched/proc.cc
  sched/run.cc
  sched/runq.cc
  sched/sim.cc
  sched/spinlock.cc
  sched/stack.cc
  sched/stackwalk.cc
  sched/switch_x86_64.S
  sched/symbolize.cc
  sched/sysmon.cc
  sched/time.cc
  sched/timers.cc
  sched/world.cc)
# libbacktrace comes with GCC.
list(APPEND RUNTIME_PRIVATE_LIBS backtrace)
