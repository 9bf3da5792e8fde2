// What people are told of exceptions.
#include <imgcls/core/error.h>
#include <imgcls/core/error_text.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <new>

using namespace imgcls;

TEST_CASE("an exception's text names the path and leaves stack frames out") {
  CHECK(error_text(DataError("a.jpg is broken")) == "a.jpg is broken");
  CHECK(error_text(std::bad_alloc()) == "there is not enough memory");
  const std::filesystem::path path(std::string(300, 'x'));
  try {
    static_cast<void>(std::filesystem::file_size(path));
    FAIL("a name of 300 characters is none");
  } catch (const std::exception& e) {
    CHECK(error_text(e) == "cannot use " + path.string() + ": File name too long");
  }
  const std::runtime_error torch(
      "mat1 and mat2 do not fit\nException raised from meta at a.cpp:1\nframe #0: f");
  CHECK(error_text(torch) == "mat1 and mat2 do not fit");
}
