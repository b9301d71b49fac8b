# find_package(xebec) gives xebec::xebec, and xebec::runtime, xebec::object … for the rooms one by one.
include(${CMAKE_CURRENT_LIST_DIR}/XebecDependencies.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/xebecTargets.cmake)
