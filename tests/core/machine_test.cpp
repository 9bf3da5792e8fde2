#include "../support/temp_folder.h"

#include <imgcls/core/file.h>
#include <imgcls/core/machine.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

using namespace imgcls;

TEST_CASE("this process's machine, memory and command line are found") {
  CHECK_FALSE(host_name().empty());
  CHECK(memory_gib() > 0.1);
  CHECK(available_mib() > 1);
  CHECK(available_mib() < 1024 * memory_gib());
  CHECK(resident_mib() > 1);
  REQUIRE_FALSE(command_line().empty());
  CHECK(command_line().front().find("test_core") != std::string::npos);
}

TEST_CASE("processor time grows while a process computes, and hardly while it rests") {
  const double begin = cpu_seconds();
  CHECK(begin > 0);
  const auto start = std::chrono::steady_clock::now();
  while (cpu_seconds() < begin + 0.01) {
  }
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(9));
  const double busy = cpu_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(cpu_seconds() - busy < 0.04);
}

TEST_CASE("the commit of a work tree is found from a folder in it") {
  const test::TempFolder folder;
  const std::string commit(40, 'a'), packed(40, 'b');
  make_folders(folder / "tree/sub");
  CHECK(git_commit(folder / "tree/sub").empty());
  make_folders(folder / "tree/.git/refs/heads");
  replace_file(folder / "tree/.git/HEAD", "ref: refs/heads/main\n");
  CHECK(git_commit(folder / "tree/sub").empty());  // no commit yet
  replace_file(folder / "tree/.git/packed-refs",
               "# pack-refs with: peeled\n" + packed + " refs/heads/main\n");
  CHECK(git_commit(folder / "tree/sub") == packed);
  replace_file(folder / "tree/.git/refs/heads/main", commit + "\n");
  CHECK(git_commit(folder / "tree/sub") == commit);
  CHECK(git_commit(folder / "tree") == commit);
  replace_file(folder / "tree/.git/HEAD", packed + "\n");  // detached
  CHECK(git_commit(folder / "tree") == packed);
}

TEST_CASE("the commit of a linked work tree is found") {
  const test::TempFolder folder;
  const std::string commit(40, 'c');
  make_folders(folder / "main/.git/worktrees/side");
  make_folders(folder / "main/.git/refs/heads");
  make_folders(folder / "side");
  replace_file(folder / "side/.git", "gitdir: ../main/.git/worktrees/side\n");
  replace_file(folder / "main/.git/worktrees/side/HEAD", "ref: refs/heads/side\n");
  replace_file(folder / "main/.git/worktrees/side/commondir", "../..\n");
  replace_file(folder / "main/.git/refs/heads/side", commit + "\n");
  CHECK(git_commit(folder / "side") == commit);
}
