// An optimizer, a loss and a way of mixing images of one's own, each with an option: a few lines
// each, and configurations choose them by name, check their options and list them in messages.
#include <ATen/ops/full.h>
#include <imgcls/imgcls.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace {

using namespace imgcls;

/// Steps of equal length, whatever the gradient's size.
struct SignOptions {
  double momentum = 0.9;
};

const OptionFields<SignOptions>& sign_fields() {
  static const OptionFields<SignOptions> fields = OptionFields<SignOptions>().add(
      "momentum", &SignOptions::momentum, "Of the gradients.", Limits::between(0, 1));
  return fields;
}

class SignDescent final : public optim::ForeachOptimizer {
 public:
  SignDescent(std::vector<optim::ParameterGroup> groups, const optim::OptimizerOptions& options)
      : ForeachOptimizer(std::move(groups), {{"average"}}),
        momentum_(OwnFields::own_options<SignOptions>(options.own).momentum) {}

 private:
  void update(Update& group) override {
    for (std::size_t i = 0; i < group.parameters.size(); ++i) {
      group.slots[0][i].lerp_(group.gradients[i], 1 - momentum_);
      group.parameters[i].sub_(group.slots[0][i].sign(), group.lr);
    }
  }
  double momentum_;
};

/// Cross-entropy that does not care about images that the model is sure of.
train::Loss hard_images(const train::LossOptions&, const at::Tensor& class_weights) {
  return [class_weights](const auto& logits, const train::Targets& targets, double smoothing) {
    at::Tensor wanted = targets.rows(logits.size(1), smoothing);
    if (class_weights.defined()) wanted = wanted.mul(class_weights);
    const at::Tensor loss = logits.log_softmax(1).mul(wanted).sum(1).neg();
    return loss.sub(0.1).clamp_min(0).mean();
  };
}

/// The left half of one image, and the right half of its partner.
train::Mixed halves(const at::Tensor& first, const at::Tensor& second, std::span<Random>) {
  train::Mixed mixed{.first = first.clone(), .second = second.clone(), .shares = {}};
  const std::int64_t width = first.size(3), half = width / 2;
  mixed.first.narrow(3, half, width - half).copy_(second.narrow(3, half, width - half));
  mixed.second.narrow(3, half, width - half).copy_(first.narrow(3, half, width - half));
  const float share = static_cast<float>(half) / static_cast<float>(width);
  mixed.shares = at::full({1}, share, first.options().dtype(at::kFloat));
  return mixed;
}

}  // namespace

int main(int argc, char** argv) try {
  optim::optimizers().add({.name = "sign",
                           .summary = "Steps of equal length",
                           .own = sign_fields(),
                           .make = [](auto groups, const optim::OptimizerOptions& options) {
                             return std::make_unique<SignDescent>(std::move(groups), options);
                           }});
  train::losses().add({.name = "hard_images", .summary = "Hard images", .make = hard_images});
  train::mixes().add({.name = "halves", .summary = "Two halves", .make = [](const std::any&) {
                        return train::Mix(halves);
                      }});

  // From here on as train_resnet50: 060-own-ingredients CONFIG... optimizer.name=sign
  // optimizer.sign.momentum=0.8 loss.name=hard_images 'mix.kinds=["halves"]'
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return train::run_program(arguments, train::run_training);
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
