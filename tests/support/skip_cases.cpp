// What ends how, for the test in CMakeLists.txt.
#include "skip.h"

#include <catch2/catch.hpp>

TEST_CASE("passes") {
  CHECK(true);
}

TEST_CASE("is skipped") {
  IMGCLS_SKIP("this machine lacks something");
}

TEST_CASE("fails and is skipped") {
  CHECK(false);
  IMGCLS_SKIP("this machine lacks something");
}

TEST_CASE("fails 77 times") {
  for (int i = 0; i < 77; ++i) CHECK(false);
}
