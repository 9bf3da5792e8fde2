# LibTorch as imported targets, from the folder `torch` of PyTorch's wheel or of a LibTorch archive.
#
#   LibTorch::torch        headers, libtorch_cpu, libc10
#   LibTorch::torch_cuda   the same and libtorch_cuda, libc10_cuda (where the folder has them)
#   LibTorch_CUDA_FOUND    whether it has them
#
# Looks in IMGCLS_TORCH_DIR, then in CMAKE_PREFIX_PATH. PyTorch's own TorchConfig.cmake is not used:
# it enables CUDA as a language, and so fails on a machine without nvcc.
find_path(LibTorch_INCLUDE_DIR ATen/core/Tensor.h
  HINTS ${IMGCLS_TORCH_DIR} PATH_SUFFIXES include torch/include)
get_filename_component(_torch_root "${LibTorch_INCLUDE_DIR}" DIRECTORY)
foreach(_library torch_cpu c10 torch_cuda c10_cuda)
  find_library(LibTorch_${_library}_LIBRARY ${_library} HINTS ${_torch_root} PATH_SUFFIXES lib)
endforeach()

if(LibTorch_INCLUDE_DIR AND EXISTS ${LibTorch_INCLUDE_DIR}/torch/headeronly/version.h)
  file(STRINGS ${LibTorch_INCLUDE_DIR}/torch/headeronly/version.h _version
    REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH)")
  string(REGEX REPLACE "[^0-9]+([0-9]+)[^0-9]+([0-9]+)[^0-9]+([0-9]+).*" "\\1.\\2.\\3"
    LibTorch_VERSION "${_version}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_torch_cpu_LIBRARY LibTorch_c10_LIBRARY LibTorch_INCLUDE_DIR
  VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "Set IMGCLS_TORCH_DIR or CMAKE_PREFIX_PATH to the folder `torch` of the \
PyTorch wheel (it holds include/ and lib/), or run `./dev setup`, which fetches one.")
mark_as_advanced(LibTorch_INCLUDE_DIR LibTorch_torch_cpu_LIBRARY LibTorch_c10_LIBRARY
  LibTorch_torch_cuda_LIBRARY LibTorch_c10_cuda_LIBRARY)

set(LibTorch_CUDA_FOUND OFF)
if(LibTorch_torch_cuda_LIBRARY AND LibTorch_c10_cuda_LIBRARY)
  set(LibTorch_CUDA_FOUND ON)
endif()

if(LibTorch_FOUND AND NOT TARGET LibTorch::torch)
  add_library(LibTorch::torch INTERFACE IMPORTED)
  target_include_directories(LibTorch::torch SYSTEM INTERFACE
    ${LibTorch_INCLUDE_DIR} ${LibTorch_INCLUDE_DIR}/torch/csrc/api/include)
  target_compile_features(LibTorch::torch INTERFACE cxx_std_20)
  target_link_libraries(LibTorch::torch INTERFACE
    ${LibTorch_torch_cpu_LIBRARY} ${LibTorch_c10_LIBRARY})
  # libtorch_cpu finds its CUDA run-time libraries by a path relative to itself; the linker need not.
  target_link_options(LibTorch::torch INTERFACE LINKER:--allow-shlib-undefined)
  if(LibTorch_CUDA_FOUND)
    add_library(LibTorch::torch_cuda INTERFACE IMPORTED)
    target_link_libraries(LibTorch::torch_cuda INTERFACE
      ${LibTorch_torch_cuda_LIBRARY} ${LibTorch_c10_cuda_LIBRARY} LibTorch::torch)
  endif()
endif()
