// The AVX-512 kernels with SIMDe's functions in the place of the processor's instructions: what
// they compute, on a machine that does not have them. It defines the library's kResizeAvx512, so
// the linker takes this one.
#include <immintrin.h>
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

#include <cstddef>

// SIMDe 0.7.4 lacks one function, and of another the name without prefix takes four arguments.
static simde__m512i shift_right_each(simde__m512i v, int bits) {
  simde__m512i_private lanes = simde__m512i_to_private(v);
  for (std::size_t i = 0; i < sizeof(lanes.i32) / sizeof(lanes.i32[0]); ++i) lanes.i32[i] >>= bits;
  return simde__m512i_from_private(lanes);
}
#undef _mm512_srai_epi32
#define _mm512_srai_epi32(v, bits) shift_right_each(v, bits)
#undef _mm512_madd_epi16
#define _mm512_madd_epi16(a, b) simde_mm512_madd_epi16(a, b)

#include <imgcls/image/resize/kernels_avx512.cpp>
