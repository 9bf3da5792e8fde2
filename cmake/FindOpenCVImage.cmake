# Parts of OpenCV, as imported targets.
#
#   OpenCVImage::OpenCVImage   core and imgproc
#   OpenCVImage::imgcodecs     the same and imgcodecs, where COMPONENTS asks for imgcodecs
#
# Debian keeps OpenCVConfig.cmake in libopencv-dev, which brings Qt and GTK; the three -dev packages
# used here have headers and libraries only.
find_path(OpenCVImage_INCLUDE_DIR opencv2/imgproc.hpp PATH_SUFFIXES opencv4)
set(_libraries)
foreach(_library core imgproc ${OpenCVImage_FIND_COMPONENTS})
  find_library(OpenCVImage_${_library}_LIBRARY opencv_${_library})
  list(APPEND _libraries OpenCVImage_${_library}_LIBRARY)
  mark_as_advanced(OpenCVImage_${_library}_LIBRARY)
  if(OpenCVImage_${_library}_LIBRARY)
    set(OpenCVImage_${_library}_FOUND ON)
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpenCVImage
  REQUIRED_VARS ${_libraries} OpenCVImage_INCLUDE_DIR HANDLE_COMPONENTS
  REASON_FAILURE_MESSAGE "Install libopencv-imgcodecs-dev and libopencv-imgproc-dev.")
mark_as_advanced(OpenCVImage_INCLUDE_DIR)

if(OpenCVImage_FOUND AND NOT TARGET OpenCVImage::OpenCVImage)
  add_library(OpenCVImage::OpenCVImage INTERFACE IMPORTED)
  target_include_directories(OpenCVImage::OpenCVImage SYSTEM INTERFACE ${OpenCVImage_INCLUDE_DIR})
  target_link_libraries(OpenCVImage::OpenCVImage INTERFACE
    ${OpenCVImage_imgproc_LIBRARY} ${OpenCVImage_core_LIBRARY})
endif()
if(OpenCVImage_imgcodecs_FOUND AND NOT TARGET OpenCVImage::imgcodecs)
  add_library(OpenCVImage::imgcodecs INTERFACE IMPORTED)
  target_link_libraries(OpenCVImage::imgcodecs INTERFACE
    ${OpenCVImage_imgcodecs_LIBRARY} OpenCVImage::OpenCVImage)
endif()
