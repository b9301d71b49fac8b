# list(APPEND RUNTIME_SOURCES debug/file.cc …)
