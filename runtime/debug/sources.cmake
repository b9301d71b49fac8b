list(APPEND RUNTIME_SOURCES
  debug/log.cc debug/log_appenders.cc debug/log_format.cc debug/metrics.cc)
list(APPEND RUNTIME_PRIVATE_LIBS spdlog::spdlog prometheus-cpp::core)
