#pragma once
// What this process runs on, as a record of a run's surroundings.

#include <filesystem>
#include <string>
#include <vector>

namespace imgcls {

/// The machine's name.
std::string host_name();
/// The processor's name; empty where the system does not tell.
std::string cpu_name();
/// The names of NVIDIA's GPUs, as the driver lists them; empty without any.
std::vector<std::string> gpu_names();
/// Memory of the machine in GiB.
double memory_gib();
/// Memory of the machine that programs can still have without swapping, in MiB.
double available_mib();
/// Memory of this process that is resident, in MiB.
double resident_mib();
/// Processor time of this process since it began, all threads together.
double cpu_seconds();
/// This process's command line, a word each.
std::vector<std::string> command_line();
/// The commit that the git work tree around `folder` stands on, in hexadecimal; empty where there
/// is none. Reads git's files and starts no program: under MPI a process must not fork.
std::string git_commit(const std::filesystem::path& folder);

}  // namespace imgcls
