list(APPEND RUNTIME_SOURCES
  heap/internal/allocate.cc heap/internal/barrier.cc heap/internal/central.cc
  heap/internal/checks.cc heap/internal/collector.cc heap/internal/map.cc heap/internal/mark.cc
  heap/internal/page_heap.cc heap/internal/pcache.cc heap/internal/roots.cc
  heap/internal/settings.cc heap/internal/specials.cc heap/internal/stack_scan.cc
  heap/internal/sweep.cc)
# It reads words of stacks that nobody promised to be readable to sanitizers.
set_source_files_properties(heap/internal/stack_scan.cc PROPERTIES
  COMPILE_OPTIONS "-fno-sanitize=all" SKIP_PRECOMPILE_HEADERS ON)
