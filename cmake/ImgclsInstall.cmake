# `cmake --install build --prefix P`: the static libraries, headers, programs, configurations, and the
# CMake package that find_package(imgcls) reads. With `--component dist`: what imgcls::dist needs, alone. The
# components `programs` and `development` are the Debian packages' (ImgclsPackage.cmake).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/imgcls)

# imgcls_install_library(NAME EXPORT [COMPONENT name]): an export set for each, so that whoever wants
# imgcls::data or imgcls::report need not have LibTorch, nor who wants imgcls::dist OpenCV.
function(imgcls_install_library name export)
  if(NOT TARGET imgcls_${name})
    return()
  endif()
  install(TARGETS imgcls_${name} EXPORT ${export} ARCHIVE ${ARGN})
  install(EXPORT ${export} NAMESPACE imgcls:: DESTINATION ${_package_dir} ${ARGN})
endfunction()
imgcls_install_library(core imgclsCoreTargets COMPONENT dist)
imgcls_install_library(dist imgclsDistTargets COMPONENT dist)
imgcls_install_library(data imgclsDataTargets COMPONENT development)
imgcls_install_library(report imgclsReportTargets COMPONENT development)
imgcls_install_library(imgcls imgclsTargets COMPONENT development)
foreach(_target train_resnet50 imgcls_cli)
  if(TARGET ${_target})
    install(TARGETS ${_target} COMPONENT programs)
  endif()
endforeach()
if(TARGET imgcls_cuda)  # GPU support as a plugin
  install(TARGETS imgcls_cuda LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dist)
endif()

# imgcls_install_headers(ROOMS BELOW [COMPONENT name]): of the ROOMS what is not internal, and what that includes
# of these and the rooms BELOW.
function(imgcls_install_headers rooms below)
  install(CODE "set(_from \"${PROJECT_SOURCE_DIR}/lib/imgcls\")
set(_to \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_INCLUDEDIR}/imgcls\")
set(_rooms ${rooms})
set(_below ${below})" ${ARGN})
  install(SCRIPT ${PROJECT_SOURCE_DIR}/cmake/ImgclsInstallHeaders.cmake ${ARGN})
endfunction()
get_property(_rooms GLOBAL PROPERTY IMGCLS_ROOMS)
if(_rooms)
  imgcls_install_headers("${_rooms}" "" COMPONENT development)
  install(DIRECTORY configs/ DESTINATION ${CMAKE_INSTALL_DATADIR}/imgcls COMPONENT programs)
endif()
if(TARGET imgcls_dist)
  imgcls_install_headers(dist core COMPONENT dist)
endif()

# Where the build found LibTorch: the first place to look for the users of the package as well.
get_filename_component(_torch_dir "${LibTorch_INCLUDE_DIR}" DIRECTORY)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/imgclsConfig.cmake.in
  ${PROJECT_BINARY_DIR}/imgclsConfig.cmake INSTALL_DESTINATION ${_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/imgclsConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/imgclsConfig.cmake ${PROJECT_BINARY_DIR}/imgclsConfigVersion.cmake
  ${PROJECT_SOURCE_DIR}/cmake/FindLibTorch.cmake ${PROJECT_SOURCE_DIR}/cmake/FindOpenCVImage.cmake
  ${PROJECT_SOURCE_DIR}/cmake/FindWebP.cmake
  DESTINATION ${_package_dir} COMPONENT dist)

if(TARGET imgcls_cli)
  configure_file(cmake/package/imgcls-libtorch.in ${PROJECT_BINARY_DIR}/imgcls-libtorch @ONLY
    FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  include(ImgclsPackage)
endif()
