# SPDX-License-Identifier: Apache-2.0
# Assembles the object libraries into what others link:
#   glissade_static, glissade_shared  the product, both from the same objects; glissade::glissade is the one BUILD_SHARED_LIBS asks for
#   glissade_internals                the static one with internal headers in reach: for the command line, tests and benchmarks
get_property(objects GLOBAL PROPERTY GLISSADE_OBJECTS)
set(links Threads::Threads ZLIB::ZLIB PkgConfig::XXHASH PkgConfig::HWY)
if(GLISSADE_HAS_CUDA)
    # The runtime is linked in, so that programs start on machines without a driver. cuBLASLt is opened when a network asks for it.
    list(APPEND links CUDA::cudart_static ${CMAKE_DL_LIBS})
endif()

foreach(form static shared)
    string(TOUPPER ${form} type)
    add_library(glissade_${form} ${type})
    foreach(object ${objects})
        target_sources(glissade_${form} PRIVATE $<TARGET_OBJECTS:${object}>)
    endforeach()
    target_sources(glissade_${form} PRIVATE ${GLISSADE_BLAS_OBJECT})
    add_dependencies(glissade_${form} glissade_blas)  # two libraries, one command
    add_library(glissade::${form} ALIAS glissade_${form})
    set_target_properties(glissade_${form} PROPERTIES LINKER_LANGUAGE CXX OUTPUT_NAME glissade EXPORT_NAME ${form})
    target_compile_features(glissade_${form} PUBLIC cxx_std_20)
    target_include_directories(glissade_${form} PUBLIC
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(glissade_${form} PRIVATE ${links})
endforeach()

# Hidden visibility keeps our internals in; the version script keeps in what the standard library and cudart instantiate.
set(exports ${CMAKE_CURRENT_LIST_DIR}/exports.map)
set_target_properties(glissade_shared PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} LINK_DEPENDS ${exports})
target_link_options(glissade_shared PRIVATE -Wl,--version-script=${exports})
if(NOT GLISSADE_SANITIZE)  # a sanitizer's own symbols are the program's to resolve
    target_link_options(glissade_shared PRIVATE -Wl,--no-undefined)
endif()

add_library(glissade INTERFACE)
add_library(glissade::glissade ALIAS glissade)
if(BUILD_SHARED_LIBS)
    target_link_libraries(glissade INTERFACE glissade_shared)
else()
    target_link_libraries(glissade INTERFACE glissade_static)
endif()

add_library(glissade_internals INTERFACE)
target_link_libraries(glissade_internals INTERFACE glissade_flags glissade_static)
