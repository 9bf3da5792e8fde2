#include <imgcls/core/instruction_set.h>

#include <initializer_list>

namespace imgcls::data {

bool is_available(InstructionSet instruction_set) {
#ifdef IMGCLS_X86
  switch (instruction_set) {
    case InstructionSet::avx2:
      return __builtin_cpu_supports("avx2");
    case InstructionSet::avx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
    case InstructionSet::portable:
      break;
  }
#endif
  return instruction_set == InstructionSet::portable;
}

InstructionSet best_instruction_set() {
  for (const auto set : {InstructionSet::avx512, InstructionSet::avx2}) {
    if (is_available(set)) return set;
  }
  return InstructionSet::portable;
}

}  // namespace imgcls::data
