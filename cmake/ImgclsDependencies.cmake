# Everything imgcls links to. What its users must find again stands in imgclsConfig.cmake.in as well;
# fmt and spdlog, which the library compiles into itself, do not.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)  # so that a project that adds this one sees them too
find_package(Threads REQUIRED)
find_package(fmt 9 REQUIRED)
add_library(imgcls_fmt INTERFACE)  # its headers; its functions are in lib/imgcls/core/fmt_functions.cpp
target_include_directories(imgcls_fmt SYSTEM INTERFACE
  $<TARGET_PROPERTY:fmt::fmt-header-only,INTERFACE_INCLUDE_DIRECTORIES>)
find_package(spdlog REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
if(NOT IMGCLS_DIST_ONLY)
  find_package(nlohmann_json 3.10 REQUIRED)
  find_package(ZLIB REQUIRED)
  find_package(JPEG REQUIRED)
  find_package(LibArchive REQUIRED)
  find_package(PNG REQUIRED)
  if(IMGCLS_TIFF_WEBP)
    find_package(TIFF 4.5 REQUIRED)  # the first whose messages need no global handler
    find_package(WebP REQUIRED)
  endif()
  find_package(OpenCVImage REQUIRED)
  find_path(XXHASH_INCLUDE_DIR xxhash.h REQUIRED)  # libxxhash-dev
  mark_as_advanced(XXHASH_INCLUDE_DIR)
endif()
set(IMGCLS_WITH_CUDA OFF)
if(IMGCLS_DATA_ONLY)
  return()
endif()

find_package(LibTorch 2.11 REQUIRED)
if(IMGCLS_MPI)
  set(MPI_CXX_SKIP_MPICXX ON)
  find_package(MPI REQUIRED COMPONENTS CXX)
endif()

if(NOT IMGCLS_DIST_ONLY)
  # Reports. pkg-config tells which of httplib's options its library was built with.
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(IMGCLS_CAIRO REQUIRED IMPORTED_TARGET GLOBAL cairo)
  pkg_check_modules(IMGCLS_HTTPLIB REQUIRED IMPORTED_TARGET GLOBAL cpp-httplib)
  find_file(IMGCLS_CHART_JS chart.min.js
    PATHS /usr/share/javascript/chart.js DOC "Chart.js 3, which becomes part of imgcls::report")
  mark_as_advanced(IMGCLS_CHART_JS)
  if(NOT IMGCLS_CHART_JS)
    message(FATAL_ERROR "No Chart.js to draw reports with. Install Debian's package libjs-chart.js, or "
                        "set IMGCLS_CHART_JS to the path of a chart.min.js of Chart.js 3.")
  endif()
endif()

if(NOT IMGCLS_CUDA STREQUAL "OFF")
  find_package(CUDAToolkit QUIET)
  if(CUDAToolkit_FOUND AND LibTorch_CUDA_FOUND)
    set(IMGCLS_WITH_CUDA ON)
    find_package(nlohmann_json 3.10 REQUIRED)  # which headers of LibTorch's NCCL include
  elseif(IMGCLS_CUDA STREQUAL "ON")
    message(FATAL_ERROR "IMGCLS_CUDA=ON, but ${CMAKE_CURRENT_LIST_FILE} found no CUDA toolkit or "
                        "no libtorch_cuda. Install the toolkit and put nvcc on PATH, or set "
                        "IMGCLS_CUDA=OFF.")
  endif()
endif()
