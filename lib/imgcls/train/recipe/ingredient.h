#pragma once
// What a recipe adds to plain training, one ingredient a file (mix.h, erase.h, distillation.h,
// clip.h, average.h, the losses). A step asks them in one fixed order:
//
//   begin_epoch      what grows over a run   mix, growing_dropout
//   before_forward   batch and targets       erase, mix, distillation
//   (the loss        logits and targets      loss.h)
//   climb            a rank's own gradients  sam: the step is taken again from other weights,
//   come_back                                which are left when its gradients are there
//   after_backward   gradients               clip
//   after_update     weights                 average
//   evaluated        weights to evaluate     average, averaged_point

#include <ATen/core/Tensor.h>
#include <imgcls/models/model.h>
#include <imgcls/optim/optimizer.h>
#include <imgcls/train/recipe/targets.h>

#include <cstdint>
#include <string>
#include <vector>

namespace imgcls::train {

/// Where a step stands. Random choices come from these alone (core/philox.h), so that neither ranks
/// nor threads nor a restart change them.
struct StepInfo {
  std::uint64_t seed = 0;            ///< RunOptions::seed
  std::int64_t step = 0;             ///< steps done before this one
  std::int64_t first = 0;            ///< place in the global batch of this rank's first image
  std::int64_t steps_per_epoch = 1;  ///< on all ranks together
};

/// Images on the device and what they are to be taken for.
struct TrainBatch {
  at::Tensor images;  ///< N x 3 x H x W, normalized
  Targets targets;    ///< of the images, in their order
};

/// One ingredient's state, which a checkpoint keeps in a file of its name.
struct IngredientState {
  std::string name;  ///< Ingredient::name, or a name of more_state
  /// Shared with the ingredient, so that loading fills them in place.
  std::vector<models::NamedTensor> tensors;
};

/// One ingredient; each does what it needs of the calls. All ranks call them alike.
class Ingredient {
 public:
  virtual ~Ingredient() = default;

  /// Epoch `epoch`, counted from 0, begins or goes on.
  virtual void begin_epoch(std::uint32_t epoch);
  /// Changes a step's images or targets, which are on the device.
  virtual void before_forward(const StepInfo& info, TrainBatch& batch);
  /// Gradients are averaged over the ranks and not scaled (fp16).
  virtual void after_backward(const StepInfo& info, optim::Optimizer& optimizer);
  /// The optimizer has changed the weights; `info` is the step's.
  virtual void after_update(const StepInfo& info);
  /// Changes weights by the gradients of this rank's images, which nobody has averaged and which
  /// fp16's scale has multiplied; the gradients are then taken anew, and `come_back` undoes the
  /// change.
  virtual void climb(const optim::Optimizer& optimizer);
  virtual void come_back();  ///< undoes `climb`, when the gradients at its weights are there
  /// Exchanges the weights that are trained with those to evaluate, and a second time back again.
  virtual void exchange_weights();

  /// Whether `after_backward` looks at gradients, and the calls of the other two do something.
  virtual bool changes_gradients() const { return false; }
  virtual bool climbs() const { return false; }  ///< whether `climb` and `come_back` do something
  virtual bool has_weights() const { return false; }  ///< whether `exchange_weights` does something

  /// All that it must have to go on after a restart; a checkpoint keeps it as NAME.safetensors.
  virtual std::vector<models::NamedTensor> state() const { return {}; }
  /// More of it, in files of other names: what may not stand among tensors that serve as weights.
  virtual std::vector<IngredientState> more_state() const { return {}; }
  virtual std::string name() const = 0;  ///< of the file in a checkpoint, without its ending
};

}  // namespace imgcls::train
