#include "../support/temp_folder.h"

#include <imgcls/core/cores.h>

#include <sched.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <thread>

using imgcls::cpu_quota;
using imgcls::test::TempFolder;

namespace {

/// /proc and /sys of a machine, made up: this process's control groups, and their files.
class MadeUpSystem {
 public:
  explicit MadeUpSystem(const std::string& groups) { write("proc/self/cgroup", groups); }

  MadeUpSystem& write(const std::string& file, const std::string& text) {
    std::filesystem::create_directories((folder_ / file).parent_path());
    folder_.write(file, text);
    return *this;
  }
  std::optional<imgcls::CpuQuota> quota() const { return cpu_quota(folder_.path()); }
  double cores() const { return quota() ? quota()->cores : 0; }

 private:
  TempFolder folder_;
};

}  // namespace

TEST_CASE("usable cores are those that this thread is bound to, within its quota") {
  const int all = imgcls::bound_cores();
  CHECK(all >= 1);
  CHECK(imgcls::usable_cores() <= all);
  const std::string set = imgcls::usable_core_set();
  CHECK(std::count(set.begin(), set.end(), ' ') == all);
  // In a thread of its own, whose binding ends with it.
  int bound = 0;
  std::string bound_to;
  std::thread([&] {
    cpu_set_t cores, one;
    sched_getaffinity(0, sizeof cores, &cores);
    int first = 0;
    while (!CPU_ISSET(first, &cores)) ++first;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    sched_setaffinity(0, sizeof one, &one);
    bound = std::max(imgcls::usable_cores(), imgcls::bound_cores());
    bound_to = imgcls::usable_core_set();
  }).join();
  CHECK(bound == 1);
  CHECK((bound_to != set || all == 1));
  CHECK(set.starts_with(bound_to));
}

TEST_CASE("a container sees its quota at the root of its control groups, version 2") {
  CHECK(MadeUpSystem("0::/\n").write("sys/fs/cgroup/cpu.max", "150000 100000\n").cores() == 1.5);
  CHECK_FALSE(MadeUpSystem("0::/\n").write("sys/fs/cgroup/cpu.max", "max 100000\n").quota());
  CHECK_FALSE(MadeUpSystem("0::/\n").quota());  // the machine's root has no such file
  CHECK_FALSE(MadeUpSystem("").quota());
  CHECK_FALSE(cpu_quota("/nowhere"));
}

TEST_CASE("the tightest quota of a group and those around it counts, version 2") {
  MadeUpSystem job("0::/slurm/job_7/step_0\n");
  job.write("sys/fs/cgroup/slurm/job_7/step_0/cpu.max", "max 100000\n")
      .write("sys/fs/cgroup/slurm/job_7/cpu.max", "400000 100000\n")
      .write("sys/fs/cgroup/slurm/cpu.max", "3200000 100000\n");
  CHECK(job.cores() == 4);
  const std::string shared = job.quota()->group;
  job.write("proc/self/cgroup", "0::/slurm/job_7/step_1\n");
  CHECK(job.quota()->group == shared);  // another step of the job shares it
  job.write("sys/fs/cgroup/slurm/job_7/step_1/cpu.max", "200000 100000\n");
  CHECK(job.cores() == 2);
  CHECK(job.quota()->group != shared);
}

TEST_CASE("quotas of version 1 are read, under either name of the controller's folder") {
  const std::string groups =
      "5:memory:/docker/ab\n4:cpuacct,cpu:/docker/ab\n2:cpuset:/\n0::/docker/ab\n";
  MadeUpSystem outside(groups);
  outside.write("sys/fs/cgroup/cpuacct,cpu/docker/ab/cpu.cfs_quota_us", "250000\n")
      .write("sys/fs/cgroup/cpuacct,cpu/docker/ab/cpu.cfs_period_us", "50000\n");
  CHECK(outside.cores() == 5);
  // In the container its own group is mounted as the root, but is called by its name outside.
  MadeUpSystem inside(groups);
  inside.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "300000\n")
      .write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  CHECK(inside.cores() == 3);
  inside.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  CHECK_FALSE(inside.quota());
}

TEST_CASE("a quota is rounded up to whole cores") {
  CHECK(imgcls::whole_cores({.cores = 0.1, .group = ""}) == 1);
  CHECK(imgcls::whole_cores({.cores = 4, .group = ""}) == 4);
  CHECK(imgcls::whole_cores({.cores = 4.5, .group = ""}) == 5);
  CHECK(imgcls::whole_cores({.cores = 1e300, .group = ""}) > 1000);
}
