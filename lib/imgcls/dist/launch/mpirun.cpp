#include <imgcls/core/error.h>
#include <imgcls/dist/launch/mpirun.h>

#include <initializer_list>

namespace imgcls::dist {
namespace {

using Words = std::vector<std::string>;

void append(Words& words, std::initializer_list<std::string> more) {
  words.insert(words.end(), more);
}

bool has_hosts(const MpirunJob& job) {
  return !job.hosts.empty() || !job.hostfile.empty();
}

int number_of_ranks(const MpirunJob& job, const Machine& machine) {
  if (job.ranks > 0 || has_hosts(job)) return job.ranks;
  if (machine.gpus == 0) {
    throw ConfigError(
        "say how many ranks to start, as in -n 2: without a GPU on this machine there is no number "
        "that suits every job");
  }
  return machine.gpus;
}

void place(Words& words, int ranks, const Machine& machine) {
  if (ranks > machine.cores) words.emplace_back("--oversubscribe");
  if (machine.all_cores && machine.cores % ranks == 0) {
    // Where the system lets nobody bind, mpirun goes on without.
    append(words, {"--map-by", "slot:PE=" + std::to_string(machine.cores / ranks), "--bind-to",
                   "core:if-supported"});
  } else {
    append(words, {"--bind-to", "none"});
  }
}

void place_on_hosts(Words& words, const MpirunJob& job) {
  if (!job.hosts.empty()) append(words, {"--host", job.hosts});
  if (!job.hostfile.empty()) append(words, {"--hostfile", job.hostfile});
  append(words, {"--bind-to", "none"});
  append(words, {"--mca", "oob_tcp_keepalive_time", "3"});
  append(words, {"--mca", "oob_tcp_keepalive_intvl", "1"});
  append(words, {"--mca", "oob_tcp_keepalive_probes", "3"});
}

}  // namespace

std::vector<std::string> mpirun_line(const MpirunJob& job, const Machine& machine) {
  const int ranks = number_of_ranks(job, machine);
  Words words{"mpirun"};
  if (machine.root) words.emplace_back("--allow-run-as-root");
  if (ranks > 0) append(words, {"-np", std::to_string(ranks)});
  if (has_hosts(job)) {
    place_on_hosts(words, job);
  } else {
    place(words, ranks, machine);
  }
  if (!machine.memory_attach) {
    append(words, {"--mca", "btl_vader_single_copy_mechanism", "none"});
  }
  words.insert(words.end(), job.program.begin(), job.program.end());
  return words;
}

std::string shell_line(std::span<const std::string> words) {
  constexpr const char* kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@%_-+=:,./";
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += '\'';
  }
  return line;
}

}  // namespace imgcls::dist
