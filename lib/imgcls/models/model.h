#pragma once
// A network as training sees it: images in, logits out, named parameters and buffers.

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace torch::nn {
class Module;
template <class Contained>
class ModuleHolder;
}  // namespace torch::nn

namespace imgcls::models {

/// A tensor and its dotted name in the model, as PyTorch's state_dict has it
/// ("layer1.0.conv1.weight").
struct NamedTensor {
  std::string name;   ///< with dots between modules and parameter
  at::Tensor tensor;  ///< shares the model's memory
};

/// Tensors with their names, for whoever takes tensors alone as well: torch::optim's optimizers,
/// torch::nn::utils::clip_grad_norm_.
struct NamedTensors : std::vector<NamedTensor> {
  using std::vector<NamedTensor>::vector;
  /// The tensors alone, in their order.
  operator std::vector<at::Tensor>() const {
    std::vector<at::Tensor> tensors;
    tensors.reserve(size());
    for (const NamedTensor& named : *this) tensors.push_back(named.tensor);
    return tensors;
  }
};

/// Logits of an auxiliary classifier, which training adds to the loss with this weight.
struct Auxiliary {
  at::Tensor logits;  ///< float N x classes
  double weight;      ///< factor of its loss
};

class Network;
struct ModelOptions;

/// Owns a network: any torch::nn::Module with `at::Tensor forward(at::Tensor)`. Copies share it.
class Model {
 public:
  /// Wraps a module of one's own:  Model(std::make_shared<MyNet>(), "my_net").
  template <class M>
  explicit Model(std::shared_ptr<M> module, std::string_view name = "model")
      : Model(
            std::static_pointer_cast<torch::nn::Module>(module),
            [net = module.get()](const at::Tensor& images) { return net->forward(images); }, name) {
  }

  /// The same of what TORCH_MODULE made: `Trainer(MyNet(10), ...)`.
  template <class M>
  Model(const torch::nn::ModuleHolder<M>& module, std::string_view name = "model")
      : Model(module.ptr(), name) {}

  /// The same of a module whose `forward` has another form.
  Model(std::shared_ptr<torch::nn::Module> module,
        std::function<at::Tensor(const at::Tensor&)> forward, std::string_view name);

  /// Logits, float N x classes, of images: float N x 3 x H x W.
  at::Tensor forward(const at::Tensor& images) const { return forward_(images); }

  /// Names of the stages that follow each other, of which the last gives the logits; empty for a
  /// module that has none (one of the zoo's derives from Network, network.h).
  std::vector<std::string> stages() const;
  /// What the stage of that name gives, such as N x C x H x W. Stages after it are not run. Throws
  /// ConfigError for an unknown stage, with the nearest known one.
  at::Tensor features(const at::Tensor& images, std::string_view stage) const;
  /// The layer that gives the logits, as its parameters' names begin ("fc"); empty where unknown.
  const std::string& head() const;
  /// The same of all layers that have an output for each class: the head, and what auxiliary
  /// classifiers end in ("aux1.fc2"). Empty where unknown.
  std::vector<std::string> heads() const;
  /// Auxiliary classifiers' logits of the last batch in training (GoogLeNet, Inception v3): to be
  /// asked for after `forward`. Most models have none.
  std::vector<Auxiliary> auxiliary() const;

  /// Parameters in the order of registration, as `named_parameters()` in Python lists them.
  NamedTensors parameters() const;
  /// Buffers likewise: running mean, running variance, number of batches tracked.
  std::vector<NamedTensor> buffers() const;
  /// Number of trainable values.
  std::int64_t parameter_count() const;
  /// Number of values in all parameters, frozen ones among them.
  std::int64_t value_count() const;

  /// Some parameters keep their values from here on: they get no gradient, and the optimizer leaves
  /// them alone. Which: "backbone" stands for all but `heads()`, where these are known; a stage's
  /// name for the stage's; anything else is a regular expression (ECMAScript) that is found in
  /// their names. Returns their number. Throws ConfigError for a broken expression. Call it before
  /// training starts.
  std::size_t freeze(const std::string& what);
  /// What `freeze` was called with and `unfreeze` has not ended.
  const std::vector<std::string>& frozen_parts() const { return frozen_parts_; }
  /// Trains again what `freeze` froze; not what the network itself keeps as it is. Who averages
  /// gradients has to be told (DataParallel::renew).
  void unfreeze();
  /// The words that `freeze` knows: "backbone" and the stages that have parameters; of a module
  /// without stages, how its parameters' names begin.
  std::vector<std::string> parts() const;

  /// From now on nothing but these stages' inputs are kept in training for the backward pass, which
  /// runs them again: less memory, up to a third more time, the same bits (Chen et al.,
  /// arXiv:1604.06174). "all": each stage. Throws ConfigError for an unknown stage, with the
  /// nearest known one; for a module without stages; and where there are auxiliary classifiers.
  void recompute(const std::vector<std::string>& stages) const;

  /// Training mode (batch statistics, dropout) or evaluation mode.
  void train(bool on = true);
  bool is_training() const;  ///< batch norm and dropout behave so
  /// Moves parameters and buffers to a device ("cpu", "cuda:0").
  void to(const std::string& device);
  /// Lays 4-dimensional parameters out channels last (NHWC), which is faster with image batches
  /// that lie so as well. Values and names do not change.
  void to_channels_last();

  /// Some weights of some networks are computed from training images before the first step, instead
  /// of drawn (airbench's whitening). `fit` gets normalized images, float N x 3 x H x W.
  void set_image_fit(std::function<void(const at::Tensor&)> fit) { image_fit_ = std::move(fit); }
  /// Whether it has such weights; then fit_to_images comes before the first step.
  bool wants_image_fit() const { return image_fit_ != nullptr; }
  /// Computes them; for models that want it.
  void fit_to_images(const at::Tensor& images) const { image_fit_(images); }

  /// The options that `create` (registry.h) made it with; null for a model made otherwise.
  const ModelOptions* made_with() const { return made_with_.get(); }
  /// What `create` tells a model that it made.
  void set_made_with(std::shared_ptr<const ModelOptions> options) {
    made_with_ = std::move(options);
  }

  /// As the registry calls it, or as it was wrapped.
  const std::string& name() const { return name_; }
  /// What it owns, for what this class does not offer.
  torch::nn::Module& module() const { return *module_; }

 private:
  using Choice = std::function<bool(const std::string& parameter)>;
  /// The parameters that `freeze` means by `what`.
  Choice choose(const std::string& what) const;

  std::shared_ptr<torch::nn::Module> module_;
  const Network* network_;  // the module, where it is one; null: it is not
  std::function<at::Tensor(const at::Tensor&)> forward_;
  std::function<void(const at::Tensor&)> image_fit_;
  std::shared_ptr<const ModelOptions> made_with_;
  std::string name_;
  std::vector<std::string> frozen_parts_;
  std::vector<NamedTensor> frozen_;
};

}  // namespace imgcls::models
