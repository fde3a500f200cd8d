# SPDX-License-Identifier: Apache-2.0
# Compiler flags that every target of this project shares, as the interface target glissade_flags.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# What ccache asks for before it keeps what was compiled with a precompiled header: this, and -fpch-preprocess below.
find_program(GLISSADE_CCACHE ccache)
if(GLISSADE_CCACHE)
    # Depend mode: the compiler alone reads the sources, no preprocessor before it.
    set(launcher ${CMAKE_COMMAND} -E env CCACHE_DEPEND=1 CCACHE_SLOPPINESS=pch_defines,time_macros ${GLISSADE_CCACHE})
    foreach(language CXX CUDA)
        if(NOT DEFINED CMAKE_${language}_COMPILER_LAUNCHER)
            set(CMAKE_${language}_COMPILER_LAUNCHER ${launcher})
        endif()
    endforeach()
endif()

add_library(glissade_flags INTERFACE)
target_include_directories(glissade_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
# The same numbers every time: no contraction of a*b+c behind our back, no fast-math; errno and traps are not used.
set(GLISSADE_NUMERIC_FLAGS -ffp-contract=off -fno-math-errno -fno-trapping-math)
set(GLISSADE_WARNING_FLAGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
    # GCC 12 reports string concatenation falsely (its bug 105651), the more so from precompiled headers.
    -Wno-restrict -Wno-array-bounds -Wno-stringop-overread -Wno-stringop-overflow)
target_compile_options(glissade_flags INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:${GLISSADE_NUMERIC_FLAGS};${GLISSADE_WARNING_FLAGS};$<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>>")
# nvcc contracts too. The code it generates for the host is not ours, so the host compiler warns about less there.
string(JOIN "," numeric_flags_for_nvcc ${GLISSADE_NUMERIC_FLAGS})
target_compile_options(glissade_flags INTERFACE
    "$<$<COMPILE_LANGUAGE:CUDA>:-fmad=false;--expt-relaxed-constexpr;-Xcompiler=${numeric_flags_for_nvcc},-Wall,-Wextra>")
if(GLISSADE_WERROR)
    target_compile_options(glissade_flags INTERFACE
        "$<$<COMPILE_LANGUAGE:CXX>:-Werror>" "$<$<COMPILE_LANGUAGE:CUDA>:--Werror=all-warnings;-Xcompiler=-Werror>")
endif()
if(GLISSADE_SANITIZE)
    add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${GLISSADE_SANITIZE};-fno-omit-frame-pointer;-fno-sanitize-recover=all>")
    add_link_options(-fsanitize=${GLISSADE_SANITIZE})
endif()

# glissade_compile_together(TARGET): its sources are compiled in groups, which halves the time that a build takes; names in their anonymous
# namespaces must differ. Sources with options of their own stay alone. CMAKE_UNITY_BUILD, where it is given, decides (scripts/lint: OFF).
function(glissade_compile_together target)
    if(NOT DEFINED CMAKE_UNITY_BUILD)
        set_target_properties(${target} PROPERTIES UNITY_BUILD ON)
    endif()
    set_target_properties(${target} PROPERTIES UNITY_BUILD_BATCH_SIZE 8)
endfunction()

# glissade_objects(NAME [JSON] SOURCES ... LIBS ...): one folder of the library as an object library.
# Sources see the standard headers precompiled, or with JSON also nlohmann's.
function(glissade_objects name)
    cmake_parse_arguments(arg "JSON" "" "SOURCES;LIBS" ${ARGN})
    add_library(${name} OBJECT ${arg_SOURCES})
    if(arg_JSON)
        target_precompile_headers(${name} REUSE_FROM precompiled_json)
    else()
        target_precompile_headers(${name} REUSE_FROM precompiled_standard)
    endif()
    target_link_libraries(${name} PUBLIC glissade_flags ${arg_LIBS})
    glissade_compile_together(${name})
    set_property(GLOBAL APPEND PROPERTY GLISSADE_OBJECTS ${name})
endfunction()
