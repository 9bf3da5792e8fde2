// The AVX-512 kernels, emulated (avx512_emulated.cpp), against the portable ones.
#include "resize_cases.h"

using namespace imgcls;
using namespace imgcls::data;

TEST_CASE("Emulated AVX-512 gives the portable code's bits") {
  Random random(9, 0, 0, RandomStream::augment);
  RowResizer portable(InstructionSet::portable), emulated(InstructionSet::avx512);
  for (int i = 0; i < 500; ++i) {
    const support::ResizeCase c = support::some_case(random);
    INFO("case " << i << ": " << support::to_text(c));
    const Image image = support::make_image(c.in.width, c.in.height);
    const auto expected = support::resized(portable, c, image, 1);
    REQUIRE(support::resized(emulated, c, image, support::between(random, 1, 17)) == expected);
  }
}
