#include <imgcls/core/machine.h>

#include <sys/sysinfo.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string_view>

namespace imgcls {
namespace {

namespace fs = std::filesystem;

/// The first line of a file; empty where it cannot be read.
std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// What follows `key` and a colon in the first line of the file that begins with it.
std::string field(const fs::path& path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t value = line.find_first_not_of(" \t", line.find(':') + 1);
    return value == std::string::npos ? std::string() : line.substr(value);
  }
  return {};
}

/// Where git keeps what belongs to the work tree around `folder`; empty where there is none. In a
/// linked work tree .git is a file that says it.
fs::path git_folder(const fs::path& folder) {
  std::error_code error;
  for (fs::path at = fs::absolute(folder, error);; at = at.parent_path()) {
    fs::path git = at / ".git";
    if (fs::is_directory(git, error)) return git;
    constexpr std::string_view kLink = "gitdir: ";
    if (const std::string line = first_line(git); line.starts_with(kLink)) {
      return at / line.substr(kLink.size());
    }
    if (at == at.parent_path()) return {};
  }
}

/// The commit of a reference that has no file of its own.
std::string packed_commit(const fs::path& git, std::string_view reference) {
  std::ifstream file(git / "packed-refs");
  for (std::string line; std::getline(file, line);) {
    if (const std::size_t space = line.find(' ');
        space != std::string::npos && std::string_view(line).substr(space + 1) == reference) {
      return line.substr(0, space);
    }
  }
  return {};
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string cpu_name() {
  return field("/proc/cpuinfo", "model name");
}

std::vector<std::string> gpu_names() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& gpu : fs::directory_iterator("/proc/driver/nvidia/gpus", error)) {
    names.push_back(field(gpu.path() / "information", "Model"));
  }
  return names;
}

double memory_gib() {
  struct sysinfo info {};
  if (::sysinfo(&info) != 0) return 0;
  return static_cast<double>(info.totalram) * info.mem_unit / (1 << 30);
}

double available_mib() {
  return std::strtod(field("/proc/meminfo", "MemAvailable").c_str(), nullptr) / 1024;
}

double resident_mib() {
  std::ifstream file("/proc/self/statm");
  double all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

double cpu_seconds() {
  timespec time{};
  if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

std::vector<std::string> command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

std::string git_commit(const fs::path& folder) {
  const fs::path git = git_folder(folder);
  if (git.empty()) return {};
  std::string head = first_line(git / "HEAD");
  constexpr std::string_view kReference = "ref: ";
  if (!head.starts_with(kReference)) return head;
  const std::string reference = head.substr(kReference.size());
  const std::string common = first_line(git / "commondir");  // of a linked work tree
  const fs::path shared = common.empty() ? git : git / common;
  const std::string commit = first_line(shared / reference);
  return commit.empty() ? packed_commit(shared, reference) : commit;
}

}  // namespace imgcls
