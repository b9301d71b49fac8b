# A room is one top-level folder, one target xebec::<room> and one namespace.
#
#   xebec_room(NAME workqueue DEPS ratelimit runtime SOURCES queue.cc … LIBS fmt::fmt)
#   xebec_test(ROOM workqueue SOURCES queue_test.cc … [LABELS fault …] [ROWS "L9=Queue.*" …] [LIBS …])
#   xebec_program(NAME podset SOURCES main.cc … LIBS xebec::controller [INSTALL])
#
# Includes are written from the repository root; users write <xebec/workqueue/queue.h>, which the build tree
# offers through a link and the install tree as a folder.

set(XEBEC_ROOM_DEPS_runtime "")
set(XEBEC_ROOM_DEPS_object runtime)
set(XEBEC_ROOM_DEPS_ratelimit runtime)
set(XEBEC_ROOM_DEPS_workqueue ratelimit runtime)
set(XEBEC_ROOM_DEPS_client object ratelimit runtime)
set(XEBEC_ROOM_DEPS_informer client object ratelimit runtime workqueue)
set(XEBEC_ROOM_DEPS_apiserver object runtime)
set(XEBEC_ROOM_DEPS_controller client informer object ratelimit runtime workqueue)

file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/include)
file(CREATE_LINK ${PROJECT_SOURCE_DIR} ${CMAKE_BINARY_DIR}/include/xebec SYMBOLIC)
# The same spelling for generated headers.
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/generated ${CMAKE_BINARY_DIR}/include_generated)
file(CREATE_LINK ${CMAKE_BINARY_DIR}/generated ${CMAKE_BINARY_DIR}/include_generated/xebec SYMBOLIC)

function(xebec_room)
  cmake_parse_arguments(R "" "NAME" "DEPS;SOURCES;LIBS;PRIVATE_LIBS" ${ARGN})
  foreach(dep ${R_DEPS})
    if(NOT dep IN_LIST XEBEC_ROOM_DEPS_${R_NAME})
      message(FATAL_ERROR "room '${R_NAME}' may not depend on room '${dep}': see the arrows in cmake/XebecRoom.cmake")
    endif()
  endforeach()
  add_library(xebec_${R_NAME} STATIC ${R_SOURCES})
  add_library(xebec::${R_NAME} ALIAS xebec_${R_NAME})
  set_target_properties(xebec_${R_NAME} PROPERTIES EXPORT_NAME ${R_NAME})
  target_include_directories(xebec_${R_NAME} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
    $<BUILD_INTERFACE:${CMAKE_BINARY_DIR}/include>
    $<BUILD_INTERFACE:${CMAKE_BINARY_DIR}/generated>
    $<BUILD_INTERFACE:${CMAKE_BINARY_DIR}/include_generated>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/xebec>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  list(TRANSFORM R_DEPS PREPEND xebec::)
  target_link_libraries(xebec_${R_NAME} PUBLIC xebec_options ${R_DEPS} ${R_LIBS} PRIVATE ${R_PRIVATE_LIBS})
  set_property(GLOBAL APPEND PROPERTY XEBEC_ROOMS ${R_NAME})
  install(TARGETS xebec_${R_NAME} EXPORT xebecTargets)
  install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/xebec/${R_NAME}
    FILES_MATCHING PATTERN "*.h")
endfunction()

function(xebec_all_rooms)
  get_property(rooms GLOBAL PROPERTY XEBEC_ROOMS)
  list(TRANSFORM rooms PREPEND xebec::)
  add_library(xebec INTERFACE)
  add_library(xebec::xebec ALIAS xebec)
  target_link_libraries(xebec INTERFACE ${rooms})
endfunction()

# What `cmake --install` lays down besides each room's own: generated headers, and the CMake package.
function(xebec_install)
  set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/xebec)
  install(DIRECTORY ${CMAKE_BINARY_DIR}/generated/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/xebec
    FILES_MATCHING PATTERN "*.h")
  install(TARGETS xebec xebec_options EXPORT xebecTargets)
  install(EXPORT xebecTargets NAMESPACE xebec:: DESTINATION ${package_dir})
  include(CMakePackageConfigHelpers)
  write_basic_package_version_file(${CMAKE_BINARY_DIR}/xebecConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_SOURCE_DIR}/cmake/xebecConfig.cmake ${PROJECT_SOURCE_DIR}/cmake/XebecDependencies.cmake
                ${PROJECT_SOURCE_DIR}/cmake/XebecApi.cmake ${CMAKE_BINARY_DIR}/xebecConfigVersion.cmake
    DESTINATION ${package_dir})
  # What xebec_api() needs: the generator, and the schemas that a user's kinds refer to.
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/object/gen ${PROJECT_SOURCE_DIR}/object/api DESTINATION ${package_dir}
    FILES_MATCHING PATTERN "*.py" PATTERN "*.yaml")
endfunction()

# One test program for each call; each of its tests is a ctest test in a process of its own, found when
# ctest starts (a program that is not built shows as <name>_NOT_BUILT).
#
#   LABELS   labels of every test here, besides the room's name
#   ROWS     "L1=Mutex.*:RWMutex.*" labels the tests that match one of the globs row-L1
#   TAGS     "sim=Simulation.*" labels the tests that match sim
#   TIMEOUT  seconds for each test (60)
function(xebec_test)
  cmake_parse_arguments(T "" "ROOM;NAME;TIMEOUT" "SOURCES;LIBS;LABELS;ROWS;TAGS" ${ARGN})
  if(T_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "xebec_test(${T_ROOM}): unknown arguments ${T_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT T_NAME)
    set(T_NAME ${T_ROOM}_test)
  endif()
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 60)
  endif()
  add_executable(${T_NAME} ${T_SOURCES})
  if(TARGET xebec::${T_ROOM})
    target_link_libraries(${T_NAME} PRIVATE xebec::${T_ROOM})
  endif()
  target_link_libraries(${T_NAME} PRIVATE ${T_LIBS} GTest::gtest GTest::gtest_main xebec_options
                                          xebec_sanitizer_defaults)
  target_compile_definitions(${T_NAME} PRIVATE
    XEBEC_SOURCE_DIR="${PROJECT_SOURCE_DIR}" XEBEC_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")

  if(NOT TARGET xebec_tests)
    add_custom_target(xebec_tests)  # all test programs, and what they start
  endif()
  add_dependencies(xebec_tests ${T_NAME})

  set(labels ${T_ROOM} ${T_LABELS})
  set(list_name XEBEC_TESTS_OF_${T_NAME})
  gtest_discover_tests(${T_NAME}
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    TEST_LIST ${list_name}
    EXTRA_ARGS --gtest_brief=1
    PROPERTIES TIMEOUT ${T_TIMEOUT} LABELS "${labels}")

  # ctest's script sees the list of tests that was found, so labels by test name are laid on there. All labels
  # are: gtest_discover_tests keeps only the first of a list.
  set(rules "")
  foreach(row ${T_ROWS})
    list(APPEND rules "row-${row}")
  endforeach()
  list(APPEND rules ${T_TAGS})
  set(script ${CMAKE_CURRENT_BINARY_DIR}/${T_NAME}_labels.cmake)
  file(CONFIGURE OUTPUT ${script} @ONLY CONTENT [=[
set(XEBEC_LABEL_BASE "@labels@")
set(XEBEC_LABEL_RULES "@rules@")
set(XEBEC_LABEL_TESTS ${@list_name@})
include("@PROJECT_SOURCE_DIR@/cmake/XebecLabels.cmake")
]=])
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${script})
endfunction()

function(xebec_program)
  cmake_parse_arguments(P "INSTALL" "NAME" "SOURCES;LIBS" ${ARGN})
  add_executable(${P_NAME} ${P_SOURCES})
  target_link_libraries(${P_NAME} PRIVATE ${P_LIBS} xebec_options xebec_sanitizer_defaults)
  if(P_INSTALL)
    install(TARGETS ${P_NAME} RUNTIME)
  endif()
endfunction()
