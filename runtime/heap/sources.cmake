list(APPEND RUNTIME_SOURCES heap/simple.cc)
