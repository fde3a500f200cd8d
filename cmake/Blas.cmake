# SPDX-License-Identifier: Apache-2.0
# Matrix products on the CPU: a private copy of OpenBLAS, as one object file that goes into both libraries. It is linked from a static
# library built without threads, and of its names a handful is left, glissade_blas_sgemm and glissade_blas_dgemm above all: nothing that a host
# program does with a BLAS of its own, nor what we do, reaches the other (docs/decisions/0011). Its buffers come from host/cpu/blas.cpp,
# since its own list of them is not safe between threads in such a build. Programs that link Glissade need no BLAS.
find_library(GLISSADE_OPENBLAS NAMES libopenblas.a PATH_SUFFIXES openblas-serial
    DOC "A static OpenBLAS built without threads (Debian: libopenblas-serial-dev)")
if(NOT GLISSADE_OPENBLAS)
    message(FATAL_ERROR "No static OpenBLAS: install libopenblas-serial-dev (scripts/install_packages), or set GLISSADE_OPENBLAS to a "
        "libopenblas.a that was built with USE_THREAD=0")
endif()
find_program(GLISSADE_STRINGS strings REQUIRED)
find_program(GLISSADE_BFD_LINKER NAMES ld.bfd ld REQUIRED)  # clang's lld does not join a library that no object asks for

# A copy with threads of its own would start them in each of ours. The text is what openblas_get_config() gives.
set(checked_mark ${PROJECT_BINARY_DIR}/openblas.checked)
if(NOT EXISTS ${checked_mark} OR GLISSADE_OPENBLAS IS_NEWER_THAN ${checked_mark})
    execute_process(COMMAND ${GLISSADE_STRINGS} -a ${GLISSADE_OPENBLAS} COMMAND grep -m1 "SINGLE_THREADED"
        OUTPUT_VARIABLE config OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(NOT config MATCHES "OpenBLAS.*SINGLE_THREADED")
        message(FATAL_ERROR "${GLISSADE_OPENBLAS} was built with threads; Glissade needs a copy without "
            "(Debian: libopenblas-serial-dev), named by GLISSADE_OPENBLAS")
    endif()
    message(STATUS "Matrix products by ${config} (${GLISSADE_OPENBLAS})")
    file(WRITE ${checked_mark} "${config}\n")
endif()

# A processor that this OpenBLAS does not know yet gets better kernels from host/cpu/blas_kernels.cpp, which answers for its environment.
foreach(name gotoblas_corename gotoblas_dynamic_quit gotoblas_dynamic_init)
    string(REPLACE gotoblas glissade_blas own ${name})
    list(APPEND renamed --redefine-sym ${name}=${own} --keep-global-symbol=${own})
endforeach()
list(APPEND renamed --redefine-sym getenv=glissade_blas_getenv)
# The library never prints or exits: what OpenBLAS would say goes to functions of ours that say nothing (host/cpu/blas_quiet.cpp).
foreach(name puts perror fputs fwrite printf fprintf stderr exit)
    list(APPEND renamed --redefine-sym ${name}=glissade_blas_${name} --redefine-sym __${name}_chk=glissade_blas_${name}_chk)
endforeach()
set(GLISSADE_BLAS_OBJECT ${PROJECT_BINARY_DIR}/blas.o)
set(whole ${PROJECT_BINARY_DIR}/blas_whole.o)
add_custom_command(OUTPUT ${GLISSADE_BLAS_OBJECT}
    COMMAND ${GLISSADE_BFD_LINKER} -r --wrap=blas_memory_alloc --wrap=blas_memory_free -u cblas_sgemm -u cblas_dgemm -o ${whole} ${GLISSADE_OPENBLAS}
    COMMAND ${CMAKE_OBJCOPY} ${renamed} --redefine-sym cblas_sgemm=glissade_blas_sgemm --redefine-sym cblas_dgemm=glissade_blas_dgemm
        --redefine-sym __wrap_blas_memory_alloc=glissade_blas_buffer --redefine-sym __wrap_blas_memory_free=glissade_blas_return
        --keep-global-symbol=glissade_blas_sgemm --keep-global-symbol=glissade_blas_dgemm --strip-debug ${whole} ${GLISSADE_BLAS_OBJECT}
    COMMAND ${CMAKE_COMMAND} -E rm ${whole}
    DEPENDS ${GLISSADE_OPENBLAS} COMMENT "Linking the private copy of OpenBLAS" VERBATIM)
set_source_files_properties(${GLISSADE_BLAS_OBJECT} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
add_custom_target(glissade_blas DEPENDS ${GLISSADE_BLAS_OBJECT})
