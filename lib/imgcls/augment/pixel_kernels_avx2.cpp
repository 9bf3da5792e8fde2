#include <imgcls/augment/pixel_loops.h>

namespace imgcls::data {

const PixelKernels kPixelAvx2 = kLoops;

}  // namespace imgcls::data
