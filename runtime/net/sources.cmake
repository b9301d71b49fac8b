# list(APPEND RUNTIME_SOURCES net/file.cc …)
