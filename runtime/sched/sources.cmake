list(APPEND RUNTIME_SOURCES
  sched/netpoll.cc
  sched/poll_desc.cc
  sched/symbolize.cc
  sched/timers.cc)
# libbacktrace comes with GCC.
list(APPEND RUNTIME_PRIVATE_LIBS backtrace)
