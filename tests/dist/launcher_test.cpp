// Which launcher started a process, from its environment.
#include <imgcls/core/error.h>
#include <imgcls/dist/launch/launcher.h>
#include <catch2/catch.hpp>

#include <cstdlib>
#include <map>
#include <string>

namespace imgcls::dist {
namespace {

using Catch::Matchers::Contains;

// Sets variables for a test, in an environment without any that launchers set.
class Environment {
 public:
  explicit Environment(const std::map<std::string, std::string>& variables)
      : variables_(variables) {
    for (const auto& [name, value] : variables_) ::setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    for (const auto& [name, value] : variables_) ::unsetenv(name.c_str());
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  std::map<std::string, std::string> variables_;
};

TEST_CASE("a process started by hand has no launcher") {
  CHECK(launched().by == Launcher::none);
  CHECK(launched().size == 1);
  const Environment batch_shell({{"SLURM_JOB_ID", "7"}, {"SLURM_PROCID", "0"}});
  CHECK(launched().by == Launcher::none);
}

TEST_CASE("mpirun's variables come first") {
  const Environment environment({{"OMPI_COMM_WORLD_RANK", "2"},
                                 {"OMPI_COMM_WORLD_SIZE", "4"},
                                 {"RANK", "0"},
                                 {"WORLD_SIZE", "1"}});
  CHECK(launched().by == Launcher::mpi);
  CHECK(launched().name == "mpirun");
  CHECK(launched().rank == 2);
  CHECK(launched().size == 4);
}

TEST_CASE("torchrun's variables give rank, size and address") {
  const Environment environment({{"RANK", "3"},
                                 {"WORLD_SIZE", "8"},
                                 {"MASTER_ADDR", "node1"},
                                 {"MASTER_PORT", "29500"},
                                 {"TORCHELASTIC_RESTART_COUNT", "2"},
                                 {"TORCHELASTIC_USE_AGENT_STORE", "True"},
                                 {"SLURM_PROCID", "0"}});
  const Launched found = launched();
  CHECK(found.by == Launcher::tcp);
  CHECK(found.rank == 3);
  CHECK(found.size == 8);
  CHECK(found.host == "node1");
  CHECK(found.host_variable == "MASTER_ADDR");
  CHECK(found.port == 29500);
  CHECK(found.attempt == "2");
  CHECK(found.store_is_there);
}

TEST_CASE("torchrun's variables are refused when they make no sense") {
  const std::map<std::string, std::string> good{
      {"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "node1"}, {"MASTER_PORT", "29500"}};
  const std::map<std::string, std::string> bad{
      {"RANK", "2"}, {"WORLD_SIZE", "none"}, {"MASTER_ADDR", ""}, {"MASTER_PORT", "70000"}};
  for (const auto& [name, value] : bad) {
    std::map<std::string, std::string> variables = good;
    variables[name] = value;
    const Environment environment(variables);
    CHECK_THROWS_AS(launched(), DistError);
    CHECK_THROWS_WITH(launched(), Contains(name));
  }
}

TEST_CASE("srun's variables do without MPI") {
  std::map<std::string, std::string> variables{
      {"SLURM_JOB_ID", "1000"},      {"SLURM_STEP_ID", "1"},
      {"SLURM_PROCID", "5"},         {"SLURM_STEP_NUM_TASKS", "6"},
      {"SLURM_STEP_NUM_NODES", "3"}, {"SLURM_STEP_NODELIST", "gpu[07-08,11],other"}};
  {
    const Environment environment(variables);
    const Launched found = launched();
    CHECK(found.by == Launcher::tcp);
    CHECK(found.name == "srun");
    CHECK(found.rank == 5);
    CHECK(found.size == 6);
    CHECK(found.host == "gpu07");
    CHECK(found.host_variable == "SLURM_STEP_NODELIST");
    CHECK(found.port == 19001);
  }
  variables["SLURM_STEP_NODELIST"] = "alpha,beta";
  variables["MASTER_PORT"] = "1234";
  {
    const Environment environment(variables);
    CHECK(launched().host == "alpha");
    CHECK(launched().port == 1234);
  }
  variables["SLURM_STEP_NUM_NODES"] = "1";
  {
    const Environment environment(variables);
    CHECK(launched().host == "127.0.0.1");
  }
  variables["SLURM_STEP_NUM_TASKS"] = "1";
  const Environment one_task(variables);
  CHECK(launched().by == Launcher::none);
}

}  // namespace
}  // namespace imgcls::dist
