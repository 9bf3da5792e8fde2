# `cmake --install build --prefix P`: the static libraries, headers, programs, configurations, and the
# CMake package that find_package(imgcls) reads.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/imgcls)

# Three export sets, so that whoever wants imgcls::data or imgcls::report need not have LibTorch.
install(TARGETS imgcls_data EXPORT imgclsDataTargets)
install(EXPORT imgclsDataTargets NAMESPACE imgcls:: DESTINATION ${_package_dir})
if(NOT IMGCLS_DATA_ONLY)
  install(TARGETS imgcls_report EXPORT imgclsReportTargets)
  install(EXPORT imgclsReportTargets NAMESPACE imgcls:: DESTINATION ${_package_dir})
  install(TARGETS imgcls_imgcls EXPORT imgclsTargets)
  install(EXPORT imgclsTargets NAMESPACE imgcls:: DESTINATION ${_package_dir})
endif()
foreach(_target train_resnet50 imgcls_cli imgcls_cuda)  # programs, and GPU support as a plugin
  if(TARGET ${_target})
    install(TARGETS ${_target} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  endif()
endforeach()
get_property(_rooms GLOBAL PROPERTY IMGCLS_ROOMS)
install(CODE "set(_from \"${PROJECT_SOURCE_DIR}/lib/imgcls\")
set(_to \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_INCLUDEDIR}/imgcls\")
set(_rooms ${_rooms})")
install(SCRIPT ${CMAKE_CURRENT_LIST_DIR}/ImgclsInstallHeaders.cmake)
install(DIRECTORY configs/ DESTINATION ${CMAKE_INSTALL_DATADIR}/imgcls)

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
  DESTINATION ${_package_dir})
