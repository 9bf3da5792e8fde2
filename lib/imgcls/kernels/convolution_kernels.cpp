#include <imgcls/kernels/product_loops.h>

namespace imgcls::kernels {

const ConvolutionKernels kPortableKernels = kLoops;

}  // namespace imgcls::kernels
