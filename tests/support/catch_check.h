#pragma once
// Included first in every test: LibTorch's logging has a macro CHECK that ends the program and took
// the place of Catch2's where it came later. It is defined here once, and makes room.

#if __has_include(<c10/util/Logging.h>)
#include <c10/util/Logging.h>
#undef CHECK
#endif
