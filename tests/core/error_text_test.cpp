// What people are told of exceptions.
#include <imgcls/core/error.h>
#include <imgcls/core/error_text.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <new>
#include <system_error>

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
  CHECK(error_text(std::runtime_error("can't allocate memory\nframe #0: c10::f\nframe #1: g")) ==
        "can't allocate memory");
  CHECK_THAT(error_text(std::runtime_error("[enforce fail at alloc_cpu.cpp:127] err == 0. "
                                           "DefaultCPUAllocator: can't allocate memory: you tried "
                                           "to allocate 309228208200 bytes. Error code 12")),
             Catch::Matchers::StartsWith("there is not enough memory: 309228208200 bytes"));
  const std::system_error thread(std::make_error_code(std::errc::resource_unavailable_try_again));
  CHECK_THAT(error_text(thread), Catch::Matchers::Contains("no more threads"));
}
