#include <imgcls/kernels/product_loops.h>

namespace imgcls::kernels {

const ConvolutionKernels kAvx2Kernels = kLoops;

}  // namespace imgcls::kernels
