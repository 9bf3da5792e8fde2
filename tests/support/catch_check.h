#pragma once
// Included before all else in a test: LibTorch's logging has a macro CHECK that ends the program, and
// where it came after Catch2's it took its place. It is defined here once, and makes room.

#if __has_include(<c10/util/Logging.h>)
#include <c10/util/Logging.h>
#undef CHECK
#endif
