# SPDX-License-Identifier: Apache-2.0

# glissade_test(NAME SOURCES a.cpp ... [LIBS ...] [LABELS ...] [TIMEOUT seconds]): a GoogleTest program, one CTest entry a test. It links
# glissade_internals (the whole library with its internal headers) unless LIBS says what else; TIMEOUT is each test's own, 60 by default.
# PRECOMPILED names the target whose precompiled header the sources see; NONE for none. LONG_TESTS: tests that match this filter of
# GoogleTest's are labelled long.
function(glissade_test name)
    cmake_parse_arguments(arg "" "TIMEOUT;PRECOMPILED;LONG_TESTS" "SOURCES;LIBS;LABELS" ${ARGN})
    if(NOT arg_LIBS)
        set(arg_LIBS glissade_internals)
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 60)
    endif()
    add_executable(${name} ${arg_SOURCES})
    target_link_libraries(${name} PRIVATE glissade_flags glissade_test_support ${arg_LIBS} GTest::gtest_main)
    glissade_compile_together(${name})
    if(NOT arg_PRECOMPILED)
        set(arg_PRECOMPILED precompiled_test)
    endif()
    if(NOT arg_PRECOMPILED STREQUAL NONE)
        target_precompile_headers(${name} REUSE_FROM ${arg_PRECOMPILED})
    endif()
    if(arg_LONG_TESTS)
        glissade_discover_tests(${name} "-${arg_LONG_TESTS}" ${arg_TIMEOUT} ${arg_LABELS})
        glissade_discover_tests(${name} "${arg_LONG_TESTS}" ${arg_TIMEOUT} long ${arg_LABELS})
    else()
        glissade_discover_tests(${name} "*" ${arg_TIMEOUT} ${arg_LABELS})
    endif()
endfunction()

# glissade_discover_tests(NAME FILTER TIMEOUT [LABEL ...])
function(glissade_discover_tests name filter timeout)
    # gtest_discover_tests cannot carry a list; ctest -L and -LE match by regular expression, so "long+gpu" is found by either.
    string(JOIN "+" labels ${ARGN})
    set(properties TIMEOUT ${timeout})
    if(labels)
        list(APPEND properties LABELS "${labels}")
    endif()
    # Bodies that are built twice, for the emulation and for a card, need two names: CTest would give both the properties of the last.
    set(prefix "")
    if("gpu" IN_LIST ARGN)
        set(prefix "gpu.")
    endif()
    gtest_discover_tests(${name} TEST_FILTER "${filter}" TEST_PREFIX "${prefix}" DISCOVERY_TIMEOUT 60 PROPERTIES ${properties})
endfunction()

# glissade_emulated(TARGET): code that stands in for a GPU, and what runs on it, is sanitized whatever the rest of the build is.
function(glissade_emulated target)
    if(NOT GLISSADE_SANITIZE)
        target_compile_options(${target} PRIVATE -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all -g1)
        target_link_options(${target} PRIVATE -fsanitize=address,undefined)
    endif()
endfunction()

# glissade_python_test(NAME COMMAND script.py arguments...): runs a script with GLISSADE_TEST_PYTHON; skipped, with the reason, without it.
function(glissade_python_test name)
    cmake_parse_arguments(arg "" "TIMEOUT" "COMMAND" ${ARGN})
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 60)
    endif()
    if(GLISSADE_TEST_PYTHON)
        add_test(NAME ${name} COMMAND ${GLISSADE_TEST_PYTHON} ${arg_COMMAND})
    else()
        add_test(NAME ${name} COMMAND ${CMAKE_COMMAND} -E echo "skipped: GLISSADE_TEST_PYTHON is not set; scripts/test sets it")
    endif()
    set_tests_properties(${name} PROPERTIES LABELS python TIMEOUT ${arg_TIMEOUT} SKIP_REGULAR_EXPRESSION "^skipped: ")
endfunction()
