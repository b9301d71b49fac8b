# find_package(xebec) gives xebec::xebec, xebec::runtime, xebec::object … for the rooms one by one, and xebec_api(),
# which makes typed views of your own kinds.
include(${CMAKE_CURRENT_LIST_DIR}/XebecDependencies.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/xebecTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/XebecApi.cmake)
