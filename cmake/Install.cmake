# SPDX-License-Identifier: Apache-2.0
# Installs both libraries, the public headers, the program and a CMake package: find_package(glissade CONFIG [COMPONENTS static|shared]).
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/glissade)

install(TARGETS glissade_static EXPORT glissadeStatic)
install(TARGETS glissade_shared EXPORT glissadeShared)
install(EXPORT glissadeStatic NAMESPACE glissade:: FILE glissadeStatic.cmake DESTINATION ${package_dir})
install(EXPORT glissadeShared NAMESPACE glissade:: FILE glissadeShared.cmake DESTINATION ${package_dir})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/glissade DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.hpp)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(TARGET glissade_cli)
    install(TARGETS glissade_cli)
endif()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/glissadeConfig.cmake.in ${PROJECT_BINARY_DIR}/glissadeConfig.cmake
    INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/glissadeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/glissadeConfig.cmake ${PROJECT_BINARY_DIR}/glissadeConfigVersion.cmake DESTINATION ${package_dir})
