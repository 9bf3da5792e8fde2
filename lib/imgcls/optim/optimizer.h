#pragma once
// Optimizers over named parameters, which are chosen by name from a table (optim/optimizers.h).
// Adam, AdamW and SGD update all tensors of a group in one fused ATen call, the one that
// `torch.optim`'s `fused=True` makes, so results are the same bits as PyTorch's; the others are
// made of operations over lists of tensors (optim/foreach_optimizer.h).

#include <ATen/core/Tensor.h>
#include <imgcls/models/model.h>
#include <imgcls/models/parameter_places.h>
#include <imgcls/optim/work_sharing.h>

#include <any>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace imgcls::optim {

/// Parameters that are treated differently: those in whose name `pattern` is found. What a rule
/// leaves unset is as the rules before it say.
struct GroupRule {
  /// ECMAScript regular expression, searched anywhere in the name: "bn", "^fc\\.", "bias$".
  std::string pattern = {};
  /// Weight decay of the group; unset: the optimizer's.
  std::optional<double> weight_decay = {};
  /// Learning rate of the group, as a factor of the schedule's; unset: 1.
  std::optional<double> lr_scale = {};
};

/// Kinds of parameters that may be spared weight decay, whatever their names.
enum class NoDecay {
  norm,       ///< weights and biases of batch norm, layer norm and the like
  bias,       ///< what is called "bias"
  embedding,  ///< class tokens, tables of positions, and what Swin V2 computes these by
  vector,     ///< fewer than 2 dimensions longer than 1
};

/// The section `optimizer`.
struct OptimizerOptions {
  /// One of optimizers() (optim/optimizers.h): "adam", "adamw", "sgd", "lamb", ...
  std::string name = "sgd";
  /// The schedule's highest learning rate, reached at the end of the warm-up.
  double lr = 0.1;
  /// sgd, sgdw: momentum, and whether it is Nesterov's.
  double momentum = 0.9;
  bool nesterov = false;  ///< whether momentum is Nesterov's
  /// adam, adamw, the AdamW of muon and nadamuon: decay of the mean and of the mean square, and
  /// what keeps the quotient finite.
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  /// adam, lars, radam, rmsprop_tf, schedule_free_sgd, sgd: L2 penalty, added to the gradient;
  /// lamb, schedule_free_adamw: added to the update; others: share of the parameter that is taken
  /// off before each update, times the learning rate.
  double weight_decay = 0;
  /// Only changes that go with their gradient are made (Liang et al., "Cautious optimizers",
  /// arXiv:2411.16085), for optimizers whose OptimizerEntry says so.
  bool cautious = false;
  /// Parameters of these kinds have no weight decay, unless a rule of `groups` gives them one.
  /// {vector, bias, embedding} is timm's choice.
  std::vector<NoDecay> no_decay = {};
  /// Factor of the learning rate from each layer to the one before it, so that the head has the
  /// schedule's and the stem the lowest (Clark et al., "ELECTRA", arXiv:2003.10555; BEiT,
  /// arXiv:2106.08254). Layers are numbered as timm's param_groups_layer_decay numbers them.
  double layer_decay = 1;
  /// All rules that match a parameter's name hold, field by field, and later ones win.
  std::vector<GroupRule> groups = {};
  /// Options that the named optimizer has alone, its own struct (LambOptions); empty: defaults.
  std::any own = {};
};

/// Parameters that share weight decay and learning-rate factor.
struct ParameterGroup {
  std::vector<models::NamedTensor> parameters;  ///< share the model's memory
  double weight_decay = 0;                      ///< of each step; scale_weight_decay changes it
  double lr_scale = 1;                          ///< what the schedule's rate is multiplied by
};

/// Sorts parameters into groups, one for each set of rules that match any, kind and layer, those
/// that no rule matches last. The order of parameters is kept within a group. `places` are the
/// parameters' (models::parameter_places), and may be missing where neither layers nor norms are
/// asked for. Throws ConfigError for a broken regular expression, and for a layer decay of a
/// network whose layers are not numbered.
std::vector<ParameterGroup> make_groups(const std::vector<models::NamedTensor>& parameters,
                                        const OptimizerOptions& options,
                                        std::span<const models::ParameterPlace> places = {});

/// Copies `saved` into the tensors of `own` of the same names, in any order. Throws CheckpointError
/// naming what is missing or of another shape; `whose` is what the message calls the state.
void fill_state(std::span<const models::NamedTensor> own,
                std::span<const models::NamedTensor> saved, std::string_view whose);

/// Updates parameters from their gradients.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  /// One step at learning rate `lr`. `grad_scale` and `found_inf` come from a GradScaler: gradients
  /// are divided by the former, and nothing changes where the latter is not 0. Parameters without a
  /// gradient stay as they are.
  virtual void step(double lr, const at::Tensor& grad_scale = {},
                    const at::Tensor& found_inf = {}) = 0;

  /// Everything the next step depends on, besides the parameters: names are "<what>.<parameter>".
  virtual std::vector<models::NamedTensor> state() const = 0;

  /// Whether other weights are to be evaluated and saved than those that are trained, since the
  /// optimizer averages by itself (optim/schedule_free.h).
  virtual bool averages() const { return false; }
  /// These weights as new tensors, by the parameters' names; none where it does not average.
  virtual std::vector<models::NamedTensor> weights_to_evaluate() const { return {}; }

  /// Takes a state saved by `state()`, in any order. Throws CheckpointError naming what is missing
  /// or of another shape.
  void load_state(std::span<const models::NamedTensor> saved);

  /// Momentum, or the first beta, of the next steps; only optimizers whose OptimizerEntry says so
  /// obey.
  virtual void set_momentum(double momentum);
  /// The weight decay of the next steps: for each group what it was first, times `factor`.
  virtual void scale_weight_decay(double factor);

  /// From now on ranks may share work out among them. Their steps are then collectives. Optimizers
  /// with nothing to share take no notice.
  virtual void share_work(std::shared_ptr<WorkSharing> sharing);

  /// Forgets all gradients.
  void zero_grad();

  /// As they were given, with the weight decays of the next step.
  const std::vector<ParameterGroup>& groups() const { return groups_; }

  /// The gradients of all parameters that have one, group by group.
  std::vector<at::Tensor> gradients() const;

 protected:
  /// Keeps the groups; parameters are those that are trained.
  explicit Optimizer(std::vector<ParameterGroup> groups);

  /// The ranks that share the work; null where there are none.
  WorkSharing* sharing() const { return sharing_.get(); }

 private:
  std::vector<ParameterGroup> groups_;
  std::vector<double> weight_decays_;  // the groups' first
  std::shared_ptr<WorkSharing> sharing_;
};

/// The optimizer that `options` describe, over `parameters` in groups (make_groups). Throws
/// ConfigError.
std::unique_ptr<Optimizer> make_optimizer(const std::vector<models::NamedTensor>& parameters,
                                          const OptimizerOptions& options,
                                          std::span<const models::ParameterPlace> places = {});

}  // namespace imgcls::optim
