// A network of one's own in the registry: it is then made by its name, like the others, and
// configurations can ask for it.
#include <imgcls/imgcls.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <cstdio>
#include <exception>
#include <memory>

namespace {

struct TinyNet : torch::nn::Module {
  explicit TinyNet(int classes)
      : conv(register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 16, 3)))),
        fc(register_module("fc", torch::nn::Linear(16, classes))) {}

  at::Tensor forward(const at::Tensor& images) { return fc(conv(images).relu().mean({2, 3})); }

  torch::nn::Conv2d conv;
  torch::nn::Linear fc;
};

}  // namespace

int main() try {
  imgcls::models::add(
      {.info = {.name = "tiny", .parameters = 17'448, .input_size = 32, .paper = "none"},
       .make = [](const imgcls::models::ModelOptions& options) {
         return imgcls::models::Model(std::make_shared<TinyNet>(options.classes), "tiny");
       }});

  const imgcls::models::Model model = imgcls::models::create("tiny", {.classes = 10});
  std::printf("%s has %lld parameters\n", model.name().c_str(),
              static_cast<long long>(model.parameter_count()));
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
