# Read by ctest (see xebec_test): lays labels on tests by name.
#   XEBEC_LABEL_BASE   labels that every test of the program has
#   XEBEC_LABEL_RULES  LABEL=GLOB[:GLOB…] …
#   XEBEC_LABEL_TESTS  the tests that were found
foreach(test IN LISTS XEBEC_LABEL_TESTS)
  set(labels ${XEBEC_LABEL_BASE})
  foreach(rule IN LISTS XEBEC_LABEL_RULES)
    string(FIND "${rule}" "=" split)
    string(SUBSTRING "${rule}" 0 ${split} label)
    math(EXPR after "${split} + 1")
    string(SUBSTRING "${rule}" ${after} -1 globs)
    string(REPLACE "." "\\." regex "${globs}")
    string(REPLACE "*" ".*" regex "${regex}")
    string(REPLACE ":" "|" regex "${regex}")
    if(test MATCHES "^(${regex})$")
      list(APPEND labels ${label})
    endif()
  endforeach()
  set_tests_properties("${test}" PROPERTIES LABELS "${labels}")
endforeach()
