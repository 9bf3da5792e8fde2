# OpenCV's core and imgproc, as the imported target OpenCVImage::OpenCVImage.
#
# Debian keeps OpenCVConfig.cmake in libopencv-dev, which brings Qt and GTK; the two -dev packages used
# here have headers and libraries only. imgcodecs is not among them: it loads GDAL and 150 libraries.
find_path(OpenCVImage_INCLUDE_DIR opencv2/imgproc.hpp PATH_SUFFIXES opencv4)
find_library(OpenCVImage_core_LIBRARY opencv_core)
find_library(OpenCVImage_imgproc_LIBRARY opencv_imgproc)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpenCVImage
  REQUIRED_VARS OpenCVImage_imgproc_LIBRARY OpenCVImage_core_LIBRARY OpenCVImage_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "Install libopencv-imgproc-dev.")
mark_as_advanced(OpenCVImage_INCLUDE_DIR OpenCVImage_core_LIBRARY OpenCVImage_imgproc_LIBRARY)

if(OpenCVImage_FOUND AND NOT TARGET OpenCVImage::OpenCVImage)
  add_library(OpenCVImage::OpenCVImage INTERFACE IMPORTED)
  target_include_directories(OpenCVImage::OpenCVImage SYSTEM INTERFACE ${OpenCVImage_INCLUDE_DIR})
  target_link_libraries(OpenCVImage::OpenCVImage INTERFACE
    ${OpenCVImage_imgproc_LIBRARY} ${OpenCVImage_core_LIBRARY})
endif()
