# Compiler options of every target, as one interface library.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

add_library(xebec_options INTERFACE)
target_compile_features(xebec_options INTERFACE cxx_std_23)
# Frame pointers are kept everywhere, and no call is made a jump: the profiler and the fiber dump walk the frames.
target_compile_options(xebec_options INTERFACE -fno-omit-frame-pointer -fno-optimize-sibling-calls
  $<BUILD_INTERFACE:$<$<COMPILE_LANGUAGE:CXX>:-Wall>> $<BUILD_INTERFACE:$<$<COMPILE_LANGUAGE:CXX>:-Wextra>>
  $<BUILD_INTERFACE:$<$<COMPILE_LANGUAGE:CXX>:-Wno-missing-field-initializers>>)
# File names in logs, checks and panics are written from the repository root, whatever folder it is in. The
# last map that matches counts; the relative one is for ccache, which shortens paths under CCACHE_BASEDIR.
file(RELATIVE_PATH xebec_source_from_build ${CMAKE_BINARY_DIR} ${PROJECT_SOURCE_DIR})
foreach(prefix ${PROJECT_SOURCE_DIR}/ ${xebec_source_from_build} ${CMAKE_BINARY_DIR}/
               ${CMAKE_BINARY_DIR}/include/xebec/ include/xebec/)
  target_compile_options(xebec_options INTERFACE $<BUILD_INTERFACE:-fmacro-prefix-map=${prefix}=>)
endforeach()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_compile_definitions(xebec_options INTERFACE XEBEC_DEBUG_CHECKS=1)
endif()
# Simulations may then switch fibers at each atomic operation of locks and channels: finds lost wake-ups.
option(XEBEC_SEEDED "Make every runtime atomic a switch point of simulations" OFF)
if(XEBEC_SEEDED)
  target_compile_definitions(xebec_options INTERFACE XEBEC_SEEDED=1)
endif()
if(XEBEC_SANITIZE STREQUAL "address")
  target_compile_options(xebec_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined)
  target_link_options(xebec_options INTERFACE -fsanitize=address,undefined)
  target_compile_definitions(xebec_options INTERFACE XEBEC_ASAN=1 XEBEC_DEBUG_CHECKS=1)
elseif(XEBEC_SANITIZE STREQUAL "thread")
  target_compile_options(xebec_options INTERFACE -fsanitize=thread)
  target_link_options(xebec_options INTERFACE -fsanitize=thread)
  target_compile_definitions(xebec_options INTERFACE XEBEC_TSAN=1)
elseif(XEBEC_SANITIZE)
  message(FATAL_ERROR "XEBEC_SANITIZE is '${XEBEC_SANITIZE}': use address, thread or leave it empty")
endif()

# Linked into every program and test: the options that the sanitizers start with.
add_library(xebec_sanitizer_defaults INTERFACE)
if(XEBEC_SANITIZE)
  add_library(xebec_sanitizer_defaults_objects OBJECT cmake/sanitizer_defaults.cc)
  target_link_libraries(xebec_sanitizer_defaults_objects PRIVATE xebec_options)
  target_sources(xebec_sanitizer_defaults INTERFACE $<TARGET_OBJECTS:xebec_sanitizer_defaults_objects>)
endif()
