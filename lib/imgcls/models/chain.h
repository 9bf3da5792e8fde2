#pragma once
// Layers one after the other, named by their places: "0", "1", ... as in PyTorch's Sequential,
// whose C++ form costs more to compile and cannot skip a place. Or with names of their own, as in
// its Sequential of an OrderedDict.

#include <torch/nn/module.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace imgcls::models {

using Step = std::function<at::Tensor(const at::Tensor&)>;  ///< one layer, applied

/// The layers, applied in order.
class ChainImpl : public torch::nn::Module {
 public:
  /// A layer with parameters, or one that behaves differently in training. It takes the next place.
  template <class M>
  void add(const torch::nn::ModuleHolder<M>& layer) {
    add(layer.ptr());
  }
  /// The same of the module itself.
  template <class M>
  void add(std::shared_ptr<M> layer) {
    add(std::to_string(steps_.size()), std::move(layer));
  }
  /// The same, with a name instead of the place's number.
  template <class M>
  void add(std::string name, const torch::nn::ModuleHolder<M>& layer) {
    add(std::move(name), layer.ptr());
  }
  /// The same of the module itself.
  template <class M>
  void add(std::string name, std::shared_ptr<M> layer) {
    register_module(std::move(name), layer);
    steps_.push_back([net = layer.get()](const at::Tensor& x) { return net->forward(x); });
  }
  /// A step without parameters (an activation, pooling). It takes a place as well, as PyTorch's do.
  void add(Step step) { steps_.push_back(std::move(step)); }

  /// What all steps make of `x`.
  at::Tensor forward(at::Tensor x) const { return run(std::move(x), 0, size()); }
  /// The steps from place `first` to before `end` alone.
  at::Tensor run(at::Tensor x, std::size_t first, std::size_t end) const {
    for (std::size_t i = first; i < end; ++i) x = steps_[i](x);
    return x;
  }

  std::size_t size() const { return steps_.size(); }  ///< places that are taken

 private:
  std::vector<Step> steps_;
};

TORCH_MODULE(Chain);

}  // namespace imgcls::models
