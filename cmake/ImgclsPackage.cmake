# `./dev package`: Debian packages `imgcls` (programs) and `libimgcls-dev` (library and headers), and all of it
# as an archive that may be unpacked anywhere. LibTorch is part of none of them: imgcls-libtorch links or fetches
# it to where the programs and the CMake package look for it, lib/imgcls/torch beside them.
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_NAME imgcls)
set(CPACK_PACKAGE_VENDOR "the imgcls authors")
set(CPACK_PACKAGE_CONTACT "the imgcls authors <imgcls@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Train image classifiers from C++")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)

set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_NAME imgcls)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_RECOMMENDS "openmpi-bin, python3-pip")
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/cmake/package/prerm)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libimgcls-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_RECOMMENDS "cmake, g++")
# What a program that links the static library links as well.
set(_needs libarchive-dev libcairo2-dev libcpp-httplib-dev libjpeg62-turbo-dev libopencv-imgproc-dev libpng-dev
  libssl-dev nlohmann-json3-dev pkg-config zlib1g-dev)
if(IMGCLS_TIFF_WEBP)
  list(APPEND _needs libtiff-dev libwebp-dev)
endif()
if(IMGCLS_MPI)
  list(APPEND _needs libopenmpi-dev)
endif()
list(JOIN _needs ", " _needs)
# imgcls-libtorch, which both use, is in the first.
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "imgcls (= ${PROJECT_VERSION}), ${_needs}")

# Only in packages: what `cmake --install` installs looks for LibTorch where the build found it. GPU support is
# installed with component dist, but programs need it, too.
set(_cuda_plugin "")
if(TARGET imgcls_cuda)
  set(_cuda_plugin
    "file(INSTALL \"$<TARGET_FILE:imgcls_cuda>\" DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}\")")
endif()
install(CODE "if(NOT \"\$ENV{IMGCLS_PACKAGING}\" STREQUAL \"\")
  file(INSTALL \"${PROJECT_BINARY_DIR}/imgcls-libtorch\" DESTINATION \"\${CMAKE_INSTALL_PREFIX}/bin\"
    USE_SOURCE_PERMISSIONS)
  ${_cuda_plugin}
endif()" COMPONENT programs)

set(IMGCLS_PACKAGED_TORCH ${_torch_dir})  # a path of this machine, which must not be in a package
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_BINARY_DIR}/ImgclsPackageOptions.cmake)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_BINARY_DIR}/ImgclsPackageFiles.cmake)
configure_file(cmake/package/options.cmake.in ${PROJECT_BINARY_DIR}/ImgclsPackageOptions.cmake @ONLY)
configure_file(cmake/package/files.cmake.in ${PROJECT_BINARY_DIR}/ImgclsPackageFiles.cmake @ONLY)

include(CPack)
cpack_add_component_group(programs)
cpack_add_component_group(development)
cpack_add_component(programs GROUP programs)
cpack_add_component(development GROUP development)
cpack_add_component(dist GROUP development)
