#pragma once
// Layers one after the other, named by their places: "0", "1", ... as in PyTorch's Sequential,
// whose C++ form costs more to compile and cannot skip a place.

#include <torch/nn/module.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace imgcls::models {

class ChainImpl : public torch::nn::Module {
 public:
  /// A layer with parameters, or one that behaves differently in training. It takes the next place.
  template <class M>
  void add(const torch::nn::ModuleHolder<M>& layer) {
    add(layer.ptr());
  }
  template <class M>
  void add(std::shared_ptr<M> layer) {
    register_module(std::to_string(steps_.size()), layer);
    steps_.push_back([net = layer.get()](const at::Tensor& x) { return net->forward(x); });
  }
  /// A step without parameters (an activation, pooling). It takes a place as well, as PyTorch's do.
  void add(std::function<at::Tensor(const at::Tensor&)> step) { steps_.push_back(std::move(step)); }

  at::Tensor forward(at::Tensor x) {
    for (const auto& step : steps_) x = step(x);
    return x;
  }

  std::size_t size() const { return steps_.size(); }

 private:
  std::vector<std::function<at::Tensor(const at::Tensor&)>> steps_;
};

TORCH_MODULE(Chain);

}  // namespace imgcls::models
