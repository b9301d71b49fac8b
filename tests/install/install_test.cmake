# Installs the build into a folder of its own and builds the consumer project against it, outside the tree.
#   cmake -DBUILD=… -DCONSUMER=… -DWORK=… -DCOMPILER=… -P install_test.cmake
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGV}: ${status}\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
# Copied, so that nothing beside it in the tree can help.
file(COPY ${CONSUMER}/ DESTINATION ${WORK}/source)
run(${CMAKE_COMMAND} -S ${WORK}/source -B ${WORK}/build -G Ninja -DCMAKE_PREFIX_PATH=${WORK}/prefix
    -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_BUILD_TYPE=Release)
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${WORK}/build/consumer)

# What is installed must not know where it was built.
execute_process(COMMAND grep -rlF ${SOURCE} ${WORK}/prefix --include=*.h --include=*.cmake
                OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE)
if(found)
  message(FATAL_ERROR "paths of the source tree in what is installed: ${found}")
endif()
