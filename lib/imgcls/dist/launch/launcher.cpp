#include <fmt/format.h>
#include <imgcls/core/error.h>
#include <imgcls/dist/launch/job_mpi.h>
#include <imgcls/dist/launch/launcher.h>

#include <charconv>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string_view>

namespace imgcls::dist {
namespace {

constexpr int kMost = std::numeric_limits<int>::max();

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
}

int number(const char* name, int least, int most) {
  const std::string text = variable(name).value_or("");
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    throw DistError(
        fmt::format("the environment variable {} is \"{}\": it must be a number from {} "
                    "to {}",
                    name, text, least, most));
  }
  return value;
}

Launched ranks_from(Launcher by, const char* name, const char* rank, const char* size) {
  const int ranks = number(size, 1, kMost);
  return {.by = by,
          .name = name,
          .rank = number(rank, 0, ranks - 1),
          .size = ranks,
          .host = {},
          .attempt = {}};
}

// PMIx gives a process its rank, but not always the number of ranks: MPI will know it.
Launched by_mpi(const char* name, const char* rank) {
  return {.by = Launcher::mpi,
          .name = name,
          .rank = number(rank, 0, kMost - 1),
          .host = {},
          .attempt = {}};
}

Launched by_torchrun() {
  for (const char* name : {"MASTER_ADDR", "MASTER_PORT"}) {
    if (variable(name)) continue;
    throw DistError(fmt::format(
        "the environment variables RANK and WORLD_SIZE are set but {} is not: set RANK, "
        "WORLD_SIZE, MASTER_ADDR and MASTER_PORT for one rank of several, or none of "
        "them",
        name));
  }
  Launched launched = ranks_from(Launcher::tcp, "torchrun's variables", "RANK", "WORLD_SIZE");
  launched.host = *variable("MASTER_ADDR");
  launched.host_variable = "MASTER_ADDR";
  launched.port = static_cast<std::uint16_t>(number("MASTER_PORT", 1, 65535));
  launched.store_is_there = variable("TORCHELASTIC_USE_AGENT_STORE") == "True";
  launched.attempt = variable("TORCHELASTIC_RESTART_COUNT").value_or("0");
  return launched;
}

// "node[03-05,09],other" -> "node03"
std::string first_host(const std::string& list) {
  const std::size_t end = list.find_first_of("[,");
  std::string host = list.substr(0, end);
  if (end == std::string::npos || list[end] != '[') return host;
  const std::size_t end_of_number = list.find_first_of("-,]", end + 1);
  return host + list.substr(end + 1, end_of_number - end - 1);
}

// Above the ports of services, below those that Linux hands out by itself.
std::uint16_t port_of_step() {
  constexpr std::uint32_t kFirst = 12000, kCount = 20000;
  const auto job = static_cast<std::uint32_t>(number("SLURM_JOB_ID", 0, kMost));
  const auto step = static_cast<std::uint32_t>(number("SLURM_STEP_ID", 0, kMost));
  return static_cast<std::uint16_t>(kFirst + (job * 7 + step) % kCount);
}

Launched by_srun() {
  Launched launched = ranks_from(Launcher::tcp, "srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS");
  const bool one_node = variable("SLURM_STEP_NUM_NODES") == "1";
  if (const auto host = variable("MASTER_ADDR")) {
    launched.host = *host;
    launched.host_variable = "MASTER_ADDR";
  } else if (one_node) {
    launched.host = "127.0.0.1";
  } else {
    launched.host = first_host(variable("SLURM_STEP_NODELIST").value_or(""));
    launched.host_variable = "SLURM_STEP_NODELIST";
  }
  launched.port = variable("MASTER_PORT")
                      ? static_cast<std::uint16_t>(number("MASTER_PORT", 1, 65535))
                      : port_of_step();
  launched.attempt = variable("SLURM_RESTART_COUNT").value_or("0");
  return launched;
}

bool is_step_of_several() {
  return variable("SLURM_STEP_ID") && variable("SLURM_PROCID") &&
         variable("SLURM_STEP_NUM_TASKS").value_or("1") != "1";
}

}  // namespace

Launched launched() {
  if (variable("OMPI_COMM_WORLD_RANK")) {
    return ranks_from(Launcher::mpi, "mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE");
  }
  if (variable("RANK") && variable("WORLD_SIZE")) return by_torchrun();
  if (has_mpi() && variable("PMIX_RANK")) return by_mpi("PMIx", "PMIX_RANK");
  if (mpi_knows_pmi2() && variable("PMI_RANK")) return by_mpi("PMI", "PMI_RANK");
  if (is_step_of_several()) return by_srun();
  return {};
}

}  // namespace imgcls::dist
