// Test cases that need what this machine has not: ctest shows them as skipped, never as passed.
#pragma once

#include <string>

namespace imgcls::test {

/// Notes that the test case which runs now is skipped, and prints "skipped: REASON". The reason
/// says what is missing and, where a variable would name it, which. For IMGCLS_SKIP.
///
/// A program whose cases were all skipped, and in which nothing failed, ends with 77, which ctest
/// knows (SKIP_RETURN_CODE); where anything failed, with 1.
void note_skipped(const std::string& reason);

}  // namespace imgcls::test

/// Leaves the function, and is to be the last that its test case does.
#define IMGCLS_SKIP(reason)             \
  do {                                  \
    imgcls::test::note_skipped(reason); \
    return;                             \
  } while (false)
