# Typed views of API kinds from a schema (docs/objects.md).
#
#   xebec_api(NAME podset SCHEMA podset.yaml)
#   target_link_libraries(my_controller PRIVATE podset_api)
#
# Makes the header <api/podset.h> with the kinds' views and builders, and the manifest
# ${CMAKE_CURRENT_BINARY_DIR}/xebec_api/podset.crd.yaml with their CustomResourceDefinitions (also
# the target property XEBEC_CRD, and the constant PodSet::kCrd in the header). Works in this tree and
# from an installed package. Needs python3.

# In the source tree the generator is in object/gen; an installed package has it beside this file.
foreach(dir ${CMAKE_CURRENT_LIST_DIR}/gen ${CMAKE_CURRENT_LIST_DIR}/../object/gen)
  if(EXISTS ${dir}/xebec_api_gen.py)
    get_filename_component(XEBEC_API_GEN_DIR ${dir} ABSOLUTE)
    break()
  endif()
endforeach()
get_filename_component(XEBEC_API_SCHEMA_DIR ${XEBEC_API_GEN_DIR}/../api ABSOLUTE)
set(XEBEC_API_GEN_DIR ${XEBEC_API_GEN_DIR} CACHE INTERNAL "")
set(XEBEC_API_SCHEMA_DIR ${XEBEC_API_SCHEMA_DIR} CACHE INTERNAL "")
file(GLOB XEBEC_API_GEN_FILES CONFIGURE_DEPENDS
  ${XEBEC_API_GEN_DIR}/*.py ${XEBEC_API_SCHEMA_DIR}/*.yaml)
set(XEBEC_API_GEN_FILES ${XEBEC_API_GEN_FILES} CACHE INTERNAL "")
# The system's python first: a shim of a version manager may not be set up at build time.
find_program(XEBEC_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(XEBEC_PYTHON NAMES python3 REQUIRED)

function(xebec_api)
  cmake_parse_arguments(A "" "NAME;SCHEMA" "" ${ARGN})
  if(NOT A_NAME OR NOT A_SCHEMA OR A_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "xebec_api(NAME name SCHEMA file.yaml) was called with '${ARGN}'")
  endif()
  get_filename_component(schema ${A_SCHEMA} ABSOLUTE)
  if(NOT EXISTS ${schema})
    message(FATAL_ERROR "xebec_api(NAME ${A_NAME}): no schema ${schema}")
  endif()
  set(out ${CMAKE_CURRENT_BINARY_DIR}/xebec_api)
  set(header ${out}/api/${A_NAME}.h)
  set(crd ${out}/${A_NAME}.crd.yaml)
  add_custom_command(
    OUTPUT ${header} ${crd}
    COMMAND ${XEBEC_PYTHON} -B ${XEBEC_API_GEN_DIR}/xebec_api_gen.py header
            --schema ${schema} --out ${header} --crd-out ${crd}
    DEPENDS ${schema} ${XEBEC_API_GEN_FILES}
    COMMENT "Generating api/${A_NAME}.h from ${A_SCHEMA}"
    VERBATIM)
  add_custom_target(${A_NAME}_api_files DEPENDS ${header} ${crd})
  add_library(${A_NAME}_api INTERFACE)
  add_dependencies(${A_NAME}_api ${A_NAME}_api_files)
  target_include_directories(${A_NAME}_api INTERFACE ${out})
  target_link_libraries(${A_NAME}_api INTERFACE xebec::object)
  set_target_properties(${A_NAME}_api PROPERTIES XEBEC_CRD ${crd})
endfunction()
