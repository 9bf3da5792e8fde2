#include <imgcls/kernels/product_loops.h>

namespace imgcls::kernels {

const ConvolutionKernels kPortableKernels = kLoops;

bool has_fast_kernels() {
#ifdef IMGCLS_X86
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return false;
#endif
}

}  // namespace imgcls::kernels
