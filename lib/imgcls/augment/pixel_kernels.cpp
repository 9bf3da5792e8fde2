#include <imgcls/augment/pixel_loops.h>

namespace imgcls::data {

const PixelKernels kPixelPortable = kLoops;

const PixelKernels& pixel_kernels(InstructionSet instruction_set) {
#ifdef IMGCLS_X86
  if (instruction_set != InstructionSet::portable) return kPixelAvx2;
#endif
  static_cast<void>(instruction_set);
  return kPixelPortable;
}

}  // namespace imgcls::data
