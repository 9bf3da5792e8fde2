// The mpirun line for machines of all kinds.
#include <imgcls/core/error.h>
#include <imgcls/dist/launch/mpirun.h>

#include "../support/run_program.h"

#include <catch2/catch.hpp>

using namespace imgcls;
using Catch::Matchers::Contains;
using dist::Machine;
using dist::MpirunJob;

namespace {

std::string line(const MpirunJob& job, const Machine& machine) {
  return dist::shell_line(dist::mpirun_line(job, machine));
}

}  // namespace

TEST_CASE("ranks share the cores of a machine evenly, each bound to its own") {
  CHECK(line({.ranks = 4, .program = {"train", "a.json"}}, {.cores = 32}) ==
        "mpirun -np 4 --map-by slot:PE=8 --bind-to core:if-supported train a.json");
  CHECK(line({.ranks = 1, .program = {"train"}}, {.cores = 3}) ==
        "mpirun -np 1 --map-by slot:PE=3 --bind-to core:if-supported train");
}

TEST_CASE("ranks are not bound where cores cannot be shared evenly or are not all this job's") {
  CHECK(line({.ranks = 3, .program = {"train"}}, {.cores = 8}) ==
        "mpirun -np 3 --bind-to none train");
  CHECK(line({.ranks = 2, .program = {"train"}}, {.cores = 8, .all_cores = false}) ==
        "mpirun -np 2 --bind-to none train");
}

TEST_CASE("more ranks than cores are allowed, but only then") {
  CHECK(line({.ranks = 3, .program = {"train"}}, {.cores = 2}) ==
        "mpirun -np 3 --oversubscribe --bind-to none train");
  CHECK_THAT(line({.ranks = 2, .program = {"train"}}, {.cores = 2}), !Contains("oversubscribe"));
}

TEST_CASE("root, and a container that forbids cross-memory attach") {
  CHECK(line({.ranks = 3, .program = {"train"}},
             {.cores = 4, .root = true, .memory_attach = false}) ==
        "mpirun --allow-run-as-root -np 3 --bind-to none "
        "--mca btl_vader_single_copy_mechanism none train");
}

TEST_CASE(
    "without a number there is a rank for each GPU, and without GPUs the number is asked for") {
  CHECK_THAT(line({.program = {"train"}}, {.cores = 16, .gpus = 4}), Contains("-np 4 "));
  CHECK_THAT(line({.ranks = 1, .program = {"train"}}, {.cores = 16, .gpus = 4}),
             Contains("-np 1 "));
  CHECK_THROWS_WITH(line({.program = {"train"}}, {.cores = 16}), Contains("-n 2"));
}

TEST_CASE("several hosts: their slots count, and a lost connection is noticed") {
  const std::string keepalive =
      "--bind-to none --mca oob_tcp_keepalive_time 3 --mca oob_tcp_keepalive_intvl 1 "
      "--mca oob_tcp_keepalive_probes 3 train";
  CHECK(line({.hosts = "a:2,b:2", .program = {"train"}}, {.gpus = 1}) ==
        "mpirun --host a:2,b:2 " + keepalive);
  CHECK(line({.ranks = 9, .hostfile = "my hosts", .program = {"train"}}, {.cores = 2}) ==
        "mpirun -np 9 --hostfile 'my hosts' " + keepalive);
}

TEST_CASE("a shell reads the words of a line as they were") {
  const std::vector<std::string> words{"printf", R"([%s]\n)",        "",           "two words",
                                       "it's",   "run.dir=runs/a-b", "$HOME `id`", "a\"b\\c",
                                       "*",      "new\nline"};
  CHECK(test::run_program(dist::shell_line(words)).output ==
        "[]\n[two words]\n[it's]\n[run.dir=runs/a-b]\n[$HOME `id`]\n[a\"b\\c]\n[*]\n[new\nline]\n");
  CHECK(dist::shell_line(std::vector<std::string>{"train", "a=b"}) == "train a=b");
}

TEST_CASE("this machine has cores, and GPUs can be hidden") {
  const Machine machine = dist::this_machine();
  CHECK(machine.cores >= 1);
  setenv("CUDA_VISIBLE_DEVICES", "", 1);
  CHECK(dist::this_machine().gpus == 0);
  unsetenv("CUDA_VISIBLE_DEVICES");
}
