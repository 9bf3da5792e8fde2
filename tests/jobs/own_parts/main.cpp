// Images, a network, an optimizer, a loss and an augmentation of one's own, in one program.
#include <imgcls/imgcls.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <cmath>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace imgcls;

/// Stripes, lying or standing.
class Stripes : public data::Source {
 public:
  explicit Stripes(std::uint64_t seed) : seed_(seed) {}

  std::size_t size() const override { return 512; }
  std::int64_t label(std::size_t index) const override { return static_cast<int>(index % 2); }
  std::string name(std::size_t index) const override { return "stripes " + std::to_string(index); }
  const std::vector<std::string>& classes() const override { return classes_; }
  std::string fingerprint() const override { return "stripes-" + std::to_string(seed_); }

  data::Sample read(std::size_t index) const override {
    Random random(seed_, 0, index, RandomStream::augment);
    const double phase = random.uniform(0, 6), width = random.uniform(0.8, 1.6);
    data::Image image{{16, 16}, std::vector<std::uint8_t>(16 * 16 * 3)};
    for (int y = 0; y < 16; ++y) {
      for (int x = 0; x < 16; ++x) {
        const double light = 128 + 80 * std::sin(phase + width * (index % 2 ? x : y));
        for (int c = 0; c < 3; ++c) {
          image.row(y)[3 * x + c] = static_cast<std::uint8_t>(light + random.uniform(-40, 40));
        }
      }
    }
    return image;
  }

 private:
  std::uint64_t seed_;
  std::vector<std::string> classes_{"lying", "standing"};
};

struct Net : torch::nn::Module {
  explicit Net(int classes)
      : conv(register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 16, 5)))),
        fc(register_module("fc", torch::nn::Linear(16, classes))) {}

  at::Tensor forward(const at::Tensor& images) { return fc(conv(images).relu().mean({2, 3})); }

  torch::nn::Conv2d conv;
  torch::nn::Linear fc;
};

/// Steps of equal length, whatever the gradient's size.
class SignDescent final : public optim::ForeachOptimizer {
 public:
  explicit SignDescent(std::vector<optim::ParameterGroup> groups)
      : ForeachOptimizer(std::move(groups), {{"average"}}) {}

 private:
  void update(Update& group) override {
    for (std::size_t i = 0; i < group.parameters.size(); ++i) {
      group.slots[0][i].lerp_(group.gradients[i], 0.1);
      group.parameters[i].sub_(group.slots[0][i].sign(), group.lr);
    }
  }
};

/// The squared distance of the probabilities from what is wanted.
at::Tensor distance(const at::Tensor& logits, const train::Targets& targets, double smoothing) {
  return logits.softmax(1).sub(targets.rows(logits.size(1), smoothing)).square().sum(1).mean();
}

/// Turns an image into its negative, every other time.
class Negative final : public data::Policy {
 public:
  std::vector<data::PixelStep> draw(data::Size, Random& random) const override {
    if (random.uniform(0, 1) < 0.5) return {};
    return {data::pixel_step("negative")};
  }
};

void add_parts() {
  models::add({.info = {.name = "net", .parameters = 1'250, .input_size = 16, .paper = "none"},
               .make = [](const models::ModelOptions& options) {
                 return models::Model(std::make_shared<Net>(options.classes), "net");
               }});
  optim::optimizers().add({.name = "sign",
                           .summary = "Steps of equal length",
                           .make = [](auto groups, const optim::OptimizerOptions&) {
                             return std::make_unique<SignDescent>(std::move(groups));
                           }});
  train::losses().add(
      {.name = "distance",
       .summary = "Of probabilities",
       .make = [](const train::LossOptions&, const at::Tensor&) { return train::Loss(distance); }});
  data::pixel_operations().add(
      {.name = "negative",
       .summary = "Light becomes dark",
       .apply = [](data::PixelCanvas& canvas, double, const data::PixelSettings&) {
         for (std::uint8_t& value : canvas.pixels()) value = static_cast<std::uint8_t>(255 - value);
       }});
  data::policies().add({.name = "negative",
                        .summary = "Every other image a negative",
                        .make = [](const std::any&) { return std::make_unique<Negative>(); }});
}

}  // namespace

int main(int argc, char** argv) try {
  add_parts();
  const auto world = dist::launch();
  train::RunOptions options;
  options.epochs = 4;
  options.batch = 32;
  options.augment = {.size = 16, .crop = data::CropKind::pad, .pad = 1, .policy = "negative"};
  options.eval.transform = {.size = 16, .resize = 0};
  options.optimizer = {.name = "sign", .lr = 0.01};
  options.loss.name = "distance";
  options.folder = argc > 1 ? argv[1] : "runs/stripes";
  train::configure_torch(options, *world);

  train::Trainer trainer(models::create("net", {.classes = 2}), std::make_shared<Stripes>(1),
                         std::make_shared<Stripes>(2), options, *world);
  const train::TrainResult result = trainer.run();
  if (world->is_first() && result.eval) {
    std::printf("%.1f %% of new stripes are right\n", result.eval->acc1());
  }
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
