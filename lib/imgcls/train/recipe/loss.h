#pragma once
// What is minimized, chosen by name ("loss.name"): the table of losses.
//
// With factors of classes ("loss.class_weights"), a class's part of an image's loss is multiplied
// by the class's factor, and the loss is the mean of that over the images: what
// torch.nn.CrossEntropyLoss(weight) gives for targets that are probabilities. For targets that are
// classes PyTorch divides by the sum of the batch's factors instead, so that an image's gradient
// depends on which others are in its batch, and ranks and micro-batches on more than their mean;
// here it does not. With factors whose mean over the images is 1 ("loss.balanced") the two are the
// same on average.

#include <ATen/core/Tensor.h>
#include <imgcls/core/registry.h>
#include <imgcls/train/recipe/targets.h>

#include <any>
#include <functional>
#include <string>
#include <vector>

namespace imgcls::train {

/// The section `loss`.
struct LossOptions {
  /// One of losses(): "cross_entropy", "bce", "focal", "sigmoid_focal", ...
  std::string name = "cross_entropy";
  /// Factor of each class, at least 0; empty: all are 1.
  std::vector<double> class_weights = {};
  /// Multiply it by one that is the larger the fewer training images the class has
  /// (class_weights.h).
  bool balanced = false;
  /// Options that the named loss has alone, its own struct (losses.h); empty: defaults.
  std::any own = {};
};

/// The mean over images of the loss (a scalar) of logits, float N x K. `smoothing` is
/// train.label_smoothing: that share of the target is spread over all classes.
using Loss =
    std::function<at::Tensor(const at::Tensor& logits, const Targets& targets, double smoothing)>;

/// A loss as the table has it.
struct LossEntry {
  std::string name;     ///< what `loss.name` calls it
  std::string summary;  ///< a line for help and the schema
  /// Its options that no other has: "loss.<name>".
  OwnFields own = {};
  /// `class_weights`: the options', float K, on the device of the logits; undefined where all
  /// are 1.
  std::function<Loss(const LossOptions&, const at::Tensor& class_weights)> make = {};
  /// Whether it knows multi-label data, whose targets are Targets::rows alone.
  bool multi_label = false;
};

/// All that there are; a program adds its own with `losses().add({...})`
/// (examples/060-own-ingredients.cpp).
Registry<LossEntry>& losses();

/// The loss that `options` name, for logits on `device`. Throws ConfigError for an unknown name,
/// and where `balanced` is on, which takes the training data (with_class_weights, class_weights.h).
Loss make_loss(const LossOptions& options, const at::Device& device);

const OptionFields<LossOptions>& loss_fields();  ///< keys of the section `loss`

}  // namespace imgcls::train
