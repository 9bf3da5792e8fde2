// How long gradients take from rank to rank: an allreduce of one bucket, by mpirun or torchrun.
//
//   mpirun -np 2 build/bin/allreduce [MIB [REPEATS]]
#include <imgcls/dist/world.h>

#include <ATen/ops/ones.h>
#include <fmt/format.h>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <string>
#include <vector>

namespace {

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace

int main(int argc, char** argv) {
  using Clock = std::chrono::steady_clock;
  const double mib = argc > 1 ? std::stod(argv[1]) : 25;
  const int repeats = argc > 2 ? std::stoi(argv[2]) : 20;
  const auto world = imgcls::dist::launch();
  if (world->process_group() == nullptr) {
    fmt::print("one rank has nobody to send to: start this by mpirun -np 2, or torchrun\n");
    return 2;
  }
  std::vector<at::Tensor> bucket{at::ones({static_cast<std::int64_t>(mib * (1 << 18))})};
  world->process_group()->allreduce(bucket)->wait();  // memory is first touched
  std::vector<double> seconds;
  const double cpu_before = cpu_seconds();
  for (int i = 0; i < repeats; ++i) {
    const auto start = Clock::now();
    world->process_group()->allreduce(bucket)->wait();
    seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  }
  const double cpu = cpu_seconds() - cpu_before;
  std::sort(seconds.begin(), seconds.end());
  if (world->is_first()) {
    fmt::print(
        "{} ranks by {}: {:.3g} MiB in {:.3f} ms (median of {}; a tenth within {:.3f} ms; CPU time "
        "{:.3f} ms a rank)\n",
        world->size(), world->backend(), mib, 1e3 * seconds[seconds.size() / 2], repeats,
        1e3 * seconds[seconds.size() / 10], 1e3 * cpu / repeats);
  }
  return 0;
}
