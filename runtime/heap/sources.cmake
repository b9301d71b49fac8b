list(APPEND RUNTIME_SOURCES heap/hooks.cc)
