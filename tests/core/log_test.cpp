// Log: what goes to the terminal, what into the file.

#include "../support/temp_folder.h"

#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/log.h>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <string>

using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
using imgcls::Log;

namespace {

/// What `action` writes to standard error.
template <class Action>
std::string standard_error_of(const imgcls::test::TempFolder& folder, Action&& action) {
  const std::string path = folder.write("stderr", "");
  std::fflush(stderr);
  const int saved = ::dup(STDERR_FILENO);
  const int file = ::open(path.c_str(), O_WRONLY);
  ::dup2(file, STDERR_FILENO);
  ::close(file);
  action();
  std::fflush(stderr);
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
  return imgcls::read_text(path);
}

}  // namespace

TEST_CASE("a log speaks on the terminal and in its file") {
  const imgcls::test::TempFolder folder;
  const auto file = folder.path() / "log.txt";
  const std::string terminal = standard_error_of(folder, [&] {
    Log log;
    log.info("before");
    log.add_file(file);
    log.info("fact {} %");
    log.file_only("detail");
    log.warn("odd");
    log.error("end");
  });
  for (const char* word : {"before", "fact {} %", "odd", "end"})
    CHECK_THAT(terminal, Contains(word));
  CHECK_THAT(terminal, !Contains("detail"));
  const std::string text = imgcls::read_text(file);
  CHECK_THAT(text, !Contains("before"));
  for (const char* line : {"I fact {} %\n", "I detail\n", "W odd\n", "E end\n"}) {
    CHECK_THAT(text, Contains(line));
  }
}

TEST_CASE("a quiet log says only warnings and errors, with its prefix") {
  const imgcls::test::TempFolder folder;
  const auto file = folder.path() / "log.txt";
  const std::string terminal = standard_error_of(folder, [&] {
    Log log = Log::quiet("rank 3: ");
    log.add_file(file);
    log.info("fact");
    log.warn("odd");
    log.error("end");
  });
  CHECK_THAT(terminal, !Contains("fact"));
  CHECK_THAT(terminal, Contains("rank 3: odd") && Contains("rank 3: end"));
  CHECK_THAT(imgcls::read_text(file), Contains("W rank 3: odd\n") && Contains("E rank 3: end\n"));
}

TEST_CASE("a log file is appended to") {
  const imgcls::test::TempFolder folder;
  const std::string file = folder.write("log.txt", "earlier\n");
  Log log = Log::quiet("");
  log.add_file(file);
  log.file_only("later");
  CHECK_THAT(imgcls::read_text(file), StartsWith("earlier\n") && EndsWith("later\n"));
}

TEST_CASE("a log file that cannot be opened is named") {
  const imgcls::test::TempFolder folder;
  Log log = Log::quiet("");
  CHECK_THROWS_AS(log.add_file(folder.path()), imgcls::IoError);
}
