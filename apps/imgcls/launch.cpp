// imgcls launch: a program on several ranks, by the mpirun line that suits the machine.
#include "commands.h"
#include "find_program.h"
#include "job.h"

#include <imgcls/core/error.h>
#include <imgcls/core/log.h>
#include <imgcls/dist/launch/mpirun.h>
#include <imgcls/train/program.h>

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace imgcls::cli {
namespace {

constexpr int kNotFound = 127;  // as a shell says it

struct LaunchArguments {
  dist::MpirunJob job;
  bool dry_run = false;
};

/// A file in which ranks of this machine say that they were stopped, instead of by an exit code at
/// which mpirun prints what went wrong.
class StoppedFile {
 public:
  StoppedFile() {
    const int opened = ::mkstemp(path_.data());
    if (opened < 0) return;  // then ranks say it by their exit codes
    ::close(opened);
    ::setenv(train::kStoppedVariable, path_.c_str(), /*overwrite=*/1);
    is_made_ = true;
  }
  ~StoppedFile() {
    if (is_made_) ::unlink(path_.c_str());
  }
  StoppedFile(const StoppedFile&) = delete;
  StoppedFile& operator=(const StoppedFile&) = delete;

  bool says_so() const {
    std::error_code error;
    return is_made_ && std::filesystem::file_size(path_, error) > 0 && !error;
  }

 private:
  std::string path_ = (std::filesystem::temp_directory_path() / "imgcls-stopped-XXXXXX").string();
  bool is_made_ = false;
};

/// The job's end; ranks on other hosts have not this machine's files.
JobEnd run_to_end(const LaunchArguments& arguments, const std::vector<std::string>& words) {
  if (!arguments.job.hosts.empty() || !arguments.job.hostfile.empty()) return run_job(words);
  const StoppedFile stopped;
  JobEnd end = run_job(words);
  if (end.code == train::kSuccess && stopped.says_so()) end.code = train::kStopped;
  return end;
}

/// Says what an end means that mpirun's own message leaves open.
void explain(const JobEnd& end) {
  if (end.code == train::kStopped) {
    Log().info("the ranks saved and stopped (exit code 75); the same command resumes");
  } else if (end.asked_to_stop && end.code == 128 + SIGUSR1) {
    Log().warn(
        "the ranks ended without saving: they were not ready for signals yet, or the "
        "program does not expect SIGUSR1");
  } else if (const char* name = sigabbrev_np(end.code - 128)) {
    Log().warn(fmt::format("the job was ended by SIG{}", name));
  }
}

int run_launch(const LaunchArguments& arguments) {
  const Log log;
  const std::string& program = arguments.job.program.front();
  const std::vector<std::string> words = mpirun_line(arguments.job, dist::this_machine());
  if (arguments.dry_run) {
    fmt::print("{}\n", dist::shell_line(words));
    return train::kSuccess;
  }
  if (!can_find("mpirun")) {
    log.error("mpirun is not installed: it starts the ranks (Debian's package openmpi-bin)");
    return kNotFound;
  }
  if (!can_find(program)) {
    log.error(fmt::format("there is no program {}", program));
    return kNotFound;
  }
  const JobEnd end = run_to_end(arguments, words);
  explain(end);
  return end.code;
}

}  // namespace

void add_launch(CLI::App& program, std::function<int()>& chosen) {
  auto arguments = std::make_shared<LaunchArguments>();
  CLI::App* command =
      program.add_subcommand("launch", "Start a program on several ranks, by Open MPI's mpirun");
  command
      ->add_option("-n,--ranks", arguments->job.ranks,
                   "Number of ranks; default: the slots of the hosts, without hosts one rank for "
                   "each GPU of this machine")
      ->check(CLI::Range(1, 1000000));
  CLI::Option* hosts = command->add_option("--hosts", arguments->job.hosts,
                                           "Hosts and their slots: a:2,b:2; reached by ssh");
  command
      ->add_option("--hostfile", arguments->job.hostfile,
                   "A file with a line \"HOST slots=N\" for each host")
      ->check(CLI::ExistingFile)
      ->excludes(hosts);
  command->add_flag("--dry-run", arguments->dry_run, "Print the command and start nothing");
  command->add_option("PROGRAM", arguments->job.program, "The program and its arguments, after --")
      ->required();
  command->footer(
      "Examples:\n"
      "  imgcls launch -n 2 -- build/bin/train_resnet50 configs/data/cifar10.json "
      "configs/train/cifar10.json\n"
      "  imgcls launch -- imgcls eval runs/resnet50          (one rank for each GPU)\n"
      "  imgcls launch --hosts node1:4,node2:4 -- /opt/imgcls/bin/train_resnet50 ...\n"
      "  imgcls launch -n 4 --dry-run -- train_resnet50 ...  (shows the mpirun line)\n"
      "Ctrl-C, SIGTERM, SIGUSR1 and SIGHUP (a closed terminal) reach the ranks as SIGUSR1: they "
      "save and\n"
      "end, with exit code 75. Output that nobody reads any more (| head) is dropped.\n"
      "A second Ctrl-C ends the job at once. Exit code: that of the ranks; 127: no mpirun, or no "
      "PROGRAM;\n"
      "128 + N: ended by signal N. docs/clusters.md tells more.");
  command->callback(
      [arguments, &chosen] { chosen = [arguments] { return run_launch(*arguments); }; });
}

}  // namespace imgcls::cli
