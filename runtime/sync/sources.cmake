list(APPEND RUNTIME_SOURCES
  clock.cc
  context.cc
  sched/timer.cc
  sync/chan.cc
  sync/cond.cc
  sync/err_group.cc
  sync/mutex.cc
  sync/rwmutex.cc
  sync/select.cc
  sync/semaphore.cc
  sync/wait_group.cc)
