// Checks that take whole training steps, on noise.
#include "../../apps/imgcls/device_state.h"
#include "../../apps/imgcls/synthetic_source.h"
#include "gpu_check.h"

#include <imgcls/models/families.h>
#include <imgcls/train/device_event.h>
#include <imgcls/train/replica.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/isfinite.h>
#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace imgcls::gpu_check {
namespace {

constexpr std::size_t kClasses = 10;

/// A model on the device, its optimizer, and a batch of noise.
class Training {
 public:
  Training(models::Model model, int side, std::size_t batch, train::Precision precision,
           dist::World& world)
      : options_(options(side, batch, precision)),
        source_(std::make_shared<cli::SyntheticSource>(batch * 100, side, kClasses)),
        batch_(cli::synthetic_batch(*source_, batch)),
        replica_(std::move(model), source_, options_, world) {}

  /// The loss.
  double step() { return replica_.step(batch_, done_++).item<double>(); }
  train::Replica& replica() { return replica_; }

 private:
  static train::RunOptions options(int side, std::size_t batch, train::Precision precision) {
    train::RunOptions options;
    options.epochs = 1;
    options.batch = batch;
    options.precision = precision;
    options.augment.size = side;
    options.augment.crop = data::CropKind::none;
    options.schedule.name = "constant";
    options.optimizer.lr = 1e-3;
    options.data.threads = 1;
    options.data.prefetch = 1;
    return options;
  }

  train::RunOptions options_;
  std::shared_ptr<cli::SyntheticSource> source_;
  data::Batch batch_;
  train::Replica replica_;
  std::int64_t done_ = 0;
};

std::vector<at::Tensor> copies(const models::Model& model) {
  std::vector<at::Tensor> all;
  for (const models::NamedTensor& named : model.parameters()) {
    all.push_back(named.tensor.detach().clone());
  }
  return all;
}

/// Empty where all is well.
std::string problem_of_step(const models::ModelEntry& entry, train::Precision precision,
                            dist::World& world) {
  try {
    const models::Model model = entry.make({.classes = static_cast<int>(kClasses)});
    Training training(model, entry.info.input_size, 4, precision, world);
    const std::vector<at::Tensor> before = copies(training.replica().model());
    // Where fp16's first scale is too large, its first steps are skipped.
    const int steps = precision == train::Precision::fp16 ? 4 : 1;
    double loss = 0;
    for (int i = 0; i < steps; ++i) loss = training.step();
    if (!(loss > 0 && loss < 100)) return fmt::format("loss {}", loss);
    // Some may stay: those behind a last layer that begins at zero.
    bool changed = false;
    std::size_t at = 0;
    for (const models::NamedTensor& named : training.replica().model().parameters()) {
      if (!at::isfinite(named.tensor).all().item<bool>()) return named.name + " is not finite";
      changed = changed || !before[at].equal(named.tensor);
      ++at;
    }
    if (!changed) return "the parameters stay as they are";
    return "";
  } catch (const std::exception& error) {
    return std::string(error.what()).substr(0, 300);
  }
}

double resident_mib() {
  std::ifstream file("/proc/self/statm");
  double all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

}  // namespace

std::string families(dist::World& world) {
  const std::vector<std::vector<models::ModelEntry>> all{models::alexnet_family(),
                                                         models::densenet_family(),
                                                         models::googlenet_family(),
                                                         models::inception_family(),
                                                         models::mnasnet_family(),
                                                         models::mobilenetv2_family(),
                                                         models::mobilenetv3_family(),
                                                         models::resnet_family(),
                                                         models::shufflenetv2_family(),
                                                         models::squeezenet_family(),
                                                         models::vgg_family(),
                                                         models::efficientnet_family(),
                                                         models::efficientnet_lite_family(),
                                                         models::regnet_family(),
                                                         models::convnext_family(),
                                                         models::vision_transformer_family(),
                                                         models::swin_transformer_family(),
                                                         models::maxvit_family(),
                                                         models::airbench_family(),
                                                         models::resnet9_family()};
  std::string wrong;
  int good = 0;
  for (const auto& family : all) {
    const models::ModelEntry& entry = family.front();  // the smallest
    for (const auto precision : {train::Precision::fp32, train::Precision::fp16}) {
      if (precision == train::Precision::fp16 && world.device() == "cpu") continue;  // minutes
      const std::string problem = problem_of_step(entry, precision, world);
      if (problem.empty()) {
        ++good;
      } else {
        wrong += fmt::format("{} in {}: {}; ", entry.info.name,
                             precision == train::Precision::fp16 ? "fp16" : "fp32", problem);
      }
    }
  }
  const std::string sum =
      fmt::format("{} families, {} models and precisions took their steps", all.size(), good);
  if (!wrong.empty()) throw Wrong(wrong + sum);
  return sum;
}

std::string memory(dist::World& world) {
  const bool cpu = world.device() == "cpu";
  Training training(models::create("resnet18", {.classes = static_cast<int>(kClasses)}), 64,
                    cpu ? 8 : 128, cpu ? train::Precision::fp32 : train::Precision::fp16, world);
  for (int i = 0; i < 10; ++i) training.step();
  train::wait_for_device(world.device());
  cli::forget_peak(world.device());
  const auto before = cli::device_memory(world.device());
  const double resident_before = resident_mib();
  for (int i = 0; i < 50; ++i) training.step();
  train::wait_for_device(world.device());
  const double resident_more = resident_mib() - resident_before;
  // malloc's own habits; a leaked batch in each step would be more.
  constexpr double kResidentMib = 64;
  std::string detail = fmt::format("over 50 steps the process grew by {:.1f} MiB", resident_more);
  if (resident_more > kResidentMib) throw Wrong(detail);
  if (const auto after = cli::device_memory(world.device())) {
    detail += fmt::format(
        ", tensors on the GPU from {:.1f} to {:.1f} MiB, reserved {:.1f} to {:.1f}",
        before->allocated_mib, after->allocated_mib, before->reserved_mib, after->reserved_mib);
    if (after->allocated_mib > before->allocated_mib + 0.1 ||
        after->reserved_mib > before->reserved_mib + 0.1) {
      throw Wrong(detail);
    }
  }
  return detail;
}

}  // namespace imgcls::gpu_check
