// Files that grow while the disk is full now and then.
#include "../support/temp_folder.h"

#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/log/append_file.h>

#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <csignal>

using namespace imgcls;
using Catch::Matchers::Contains;

TEST_CASE("what a full disk does not take is kept whole for the next write") {
  const test::TempFolder folder;
  const std::filesystem::path path = folder / "rows";
  report::AppendFile file(path);
  file.append("first\n");

  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  const rlimit small{9, old.rlim_max};  // room for a part of the next row
  ::setrlimit(RLIMIT_FSIZE, &small);
  std::string message;
  try {
    file.append("second\n");
  } catch (const IoError& e) {
    message = e.what();
  }
  const std::string meanwhile = read_text(path);
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, old_handler);

  CHECK_THAT(message, Contains(path.string()));
  CHECK(meanwhile == "first\n");
  file.append("third\n");
  CHECK(read_text(path) == "first\nsecond\nthird\n");
}
