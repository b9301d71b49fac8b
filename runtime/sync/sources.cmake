# list(APPEND RUNTIME_SOURCES sync/file.cc …)
