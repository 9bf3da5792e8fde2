// What one step of each optimizer costs on a model's parameters: the update alone, from gradients
// that lie ready.
//
//   build/bin/optimizers [NAME[+cautious] [MODEL [STEPS [THREADS]]]]
//
// Prints the median in milliseconds; without a name, that of every optimizer, of which muon and
// nadamuon take a minute a step on a CPU without instructions for bfloat16. peers/optimizers.py
// runs it by turns with PyTorch's, timm's and schedulefree's optimizers.
#include <imgcls/models/registry.h>
#include <imgcls/optim.h>

#include <ATen/Parallel.h>
#include <ATen/ops/randn_like.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using namespace imgcls;
using Clock = std::chrono::steady_clock;

double median_ms(const std::string& given, const std::string& model_name, int steps) {
  const std::size_t plus = given.find('+');
  const std::string name = given.substr(0, plus);
  const bool cautious = plus != std::string::npos;
  models::Model model = models::create(model_name);
  model.to_channels_last();
  const auto optimizer = optim::make_optimizer(
      model.parameters(), {.name = name, .weight_decay = 0.01, .cautious = cautious});
  std::vector<double> times;
  for (int step = -2; step < steps; ++step) {  // the first ones find no memory ready
    // An update may use its gradients up.
    for (const auto& [_, parameter] : model.parameters()) {
      parameter.mutable_grad() = at::randn_like(parameter.detach());
    }
    const auto start = Clock::now();
    optimizer->step(1e-3);
    if (step < 0) continue;
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  std::ranges::sort(times);
  return times[times.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const std::string model = argc > 2 ? argv[2] : "resnet50";
  const int steps = std::max(1, argc > 3 ? std::atoi(argv[3]) : 10);
  at::set_num_threads(std::max(1, argc > 4 ? std::atoi(argv[4]) : 1));
  const std::vector<std::string> names =
      argc > 1 ? std::vector<std::string>{argv[1]} : optim::optimizers().names();
  for (const std::string& name : names) {
    fmt::print("{}\t{:.3f}\n", name, median_ms(name, model, steps));
    std::fflush(stdout);
  }
  return 0;
}
