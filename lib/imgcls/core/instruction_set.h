#pragma once
// Which vector instructions kernels may use. Internal to imgcls::data. Read by files that are
// compiled for a newer processor than the rest: it defines no inline function that another file
// might then run.

namespace imgcls::data {

/// What a set of kernels needs of the processor. All sets give the same bits.
enum class InstructionSet {
  portable,
  avx2,
  avx512,  ///< AVX-512 F and BW
};

/// Whether this processor has it and this library was compiled with it.
bool is_available(InstructionSet instruction_set);

/// The best one available.
InstructionSet best_instruction_set();

}  // namespace imgcls::data
