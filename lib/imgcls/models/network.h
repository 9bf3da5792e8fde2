#pragma once
// What the zoo's networks derive from: a network is a row of named stages, each of which takes what
// the one before it gives. Whoever wants features instead of logits stops at a stage.
//
// Like every header of torch's modules it costs seconds to include; no other header of imgcls does.

#include <imgcls/models/chain.h>
#include <imgcls/models/model.h>

#include <torch/nn/module.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace imgcls::models {

/// One stage: its name ("layer1"), what it does, and how its parameters' names begin ("conv1",
/// "bn1"): whole parts of them, between dots.
struct Stage {
  std::string name;  ///< unique in its network
  /// From what the stage before gives, or the images, to what it gives.
  std::function<at::Tensor(const at::Tensor&)> run;
  /// The beginnings of its parameters' names, without the dot behind them.
  std::vector<std::string> parts;
  /// In training nothing but its input is kept for the backward pass, which runs it again.
  bool is_recomputed = false;

  /// Whether a parameter or buffer of that name is one of the stage's.
  bool has(const std::string& name) const;
};

/// A module that is a row of stages: derive from it, and add them in the constructor.
class Network : public torch::nn::Module {
 public:
  /// Logits, N x classes: what the last stage gives.
  at::Tensor forward(const at::Tensor& images);

  /// In the order in which they run; `forward` runs all.
  std::span<const Stage> stages() const { return stages_; }
  std::span<Stage> stages() { return stages_; }  ///< to mark those that are to be recomputed

  /// The layer whose outputs are the logits: the first part of its parameters' names ("fc").
  const std::string& head() const { return head_; }
  /// The same of auxiliary classifiers ("aux1.fc2"); most networks have none.
  const std::vector<std::string>& auxiliary_heads() const { return auxiliary_heads_; }

  /// What auxiliary classifiers made of the last batch in training mode; most networks have none.
  virtual std::vector<Auxiliary> auxiliary() const { return {}; }

 protected:
  /// `parts`: how the names of its parameters begin; empty: with the stage's name.
  void add_stage(std::string name, std::function<at::Tensor(const at::Tensor&)> run,
                 std::vector<std::string> parts = {}) {
    if (parts.empty()) parts.push_back(name);
    stages_.push_back({std::move(name), std::move(run), std::move(parts)});
  }
  /// A stage that is one module, which is a member of the network already.
  template <class M>
  void add_stage(std::string name, const torch::nn::ModuleHolder<M>& module) {
    add_stage(std::move(name),
              [net = module.ptr().get()](const at::Tensor& x) { return net->forward(x); });
  }
  /// Registers a module that is a stage.
  template <class M>
  void register_stage(const std::string& name, const torch::nn::ModuleHolder<M>& module) {
    register_module(name, module);
    add_stage(name, module);
  }
  /// Registers a chain that is several stages, which end at the places `lasts`, ascending, and are
  /// named after them: "features.4" gives what the chain's layer "4" gives.
  void register_stages(const std::string& name, const Chain& chain,
                       const std::vector<std::size_t>& lasts);
  /// Adds a layer to the end of a chain as a stage of its own: to "features" as "features.3". Who
  /// calls it registers the chain by that name.
  template <class M>
  void add_stage_to(Chain& chain, const std::string& name, std::shared_ptr<M> layer) {
    add_stage(name + "." + std::to_string(chain->size()),
              [net = layer.get()](const at::Tensor& x) { return net->forward(x); });
    chain->add(std::move(layer));
  }
  /// The same of a module in its holder.
  template <class M>
  void add_stage_to(Chain& chain, const std::string& name,
                    const torch::nn::ModuleHolder<M>& layer) {
    add_stage_to(chain, name, layer.ptr());
  }
  /// What head and auxiliary_heads say.
  void set_head(std::string name, std::vector<std::string> auxiliary = {}) {
    head_ = std::move(name);
    auxiliary_heads_ = std::move(auxiliary);
  }

 private:
  at::Tensor run_again_later(const Stage& stage, const at::Tensor& x);

  std::vector<Stage> stages_;
  std::string head_;
  std::vector<std::string> auxiliary_heads_;
};

}  // namespace imgcls::models
