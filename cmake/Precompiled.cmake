# SPDX-License-Identifier: Apache-2.0
# Headers that most sources include, parsed once instead of once a source: half of the time that a build takes. GCC takes one such header
# for sources of different optimisation levels, except -O0. scripts/lint builds without, so a source that forgets an include is found.
set(standard_headers <algorithm> <array> <cmath> <cstdint> <cstring> <fstream> <functional> <limits> <map> <memory> <optional> <span>
    <sstream> <string> <string_view> <utility> <vector>)
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/precompiled.cpp CONTENT "// Only its precompiled header is used.\n")

# glissade_precompiled(NAME OPTION HEADERS...): a target whose header others take with target_precompile_headers(... REUSE_FROM NAME).
# OPTION: -fPIC for what goes into libraries, -fPIE for programs.
function(glissade_precompiled name option)
    add_library(${name} OBJECT ${PROJECT_BINARY_DIR}/precompiled.cpp)
    set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${name} PRIVATE ${option})
    target_link_libraries(${name} PRIVATE glissade_flags)
    target_precompile_headers(${name} PRIVATE ${standard_headers} ${ARGN})
endfunction()

glissade_precompiled(precompiled_standard -fPIC)
glissade_precompiled(precompiled_json -fPIC <nlohmann/json.hpp>)
